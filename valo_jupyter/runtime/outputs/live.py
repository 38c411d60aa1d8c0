"""Stores outputs while their code still runs: files that it has made read-only."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from valo_jupyter.domain.errors import StaleAttempt, ValoError
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.found import Found, held
from valo_jupyter.runtime.outputs.destination import Destination, Landed
from valo_jupyter.runtime.outputs.folder import Output, OutputsFolder
from valo_jupyter.runtime.outputs.telling import Stored, Telling
from valo_jupyter.runtime.progress import TogetherProgress
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled, StoreError

_LOOK_EVERY = 1.0


class LiveOutputs:
    """A thread that looks at the folder, from `start` to `end`."""

    def __init__(
        self,
        folders: Folders,
        folder: OutputsFolder,
        destination: Destination,
        telling: Telling,
        sink: Sink,
        *,
        cancel: Cancel,
    ) -> None:
        self._folders = folders
        self._folder = folder
        self._destination = destination
        self._telling = telling
        self._sink = sink
        self._cancel = cancel
        #: by name, which version of the file was stored
        self._stored: dict[str, tuple[tuple[int, int, int], Stored]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="valo-outputs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def of(self, file: Found) -> Stored | None:
        """What was stored of this very version of the file."""
        version, stored = self._stored.get(file.name, (None, None))
        return stored if version == file.version else None

    def forget(self, stored: Stored) -> None:
        """It is not there any more, and is taken as if it were new."""
        self._stored = {name: known for name, known in self._stored.items() if known[1] != stored}

    def _watch(self) -> None:
        pause = _LOOK_EVERY
        while not self._over.wait(pause):
            begun = time.monotonic()
            # an SDK may take a second to import: while the code runs that costs nobody anything
            self._destination.open()
            try:
                self._look()
            except StaleAttempt:
                return
            except (ValoError, OSError) as error:
                self._complain(error)
            # a folder with very many files is looked at less often
            pause = max(_LOOK_EVERY, 20 * (time.monotonic() - begun))

    def _look(self) -> None:
        fresh = [output for output in self._folder.look() if output.found.read_only and self.of(output.found) is None]
        if not fresh:
            return
        size = sum(output.found.stat.st_size for output in fresh)
        progress = TogetherProgress(self._sink, "upload", f"{len(fresh)} files", size)
        with ThreadPoolExecutor(self._destination.at_once, thread_name_prefix="valo-upload") as pool:
            started = [(output, pool.submit(self._bring, output, progress)) for output in fresh]
            for output, future in started:
                try:
                    landed = future.result()
                except Cancelled:
                    continue
                except (StoreError, OSError) as error:
                    self._complain(error)
                    continue
                stored = Stored(output.name, landed, output.properties)
                self._stored[output.found.name] = (output.found.version, stored)
                self._telling.add(stored)
        self._telling.tell()

    def _bring(self, output: Output, progress: TogetherProgress) -> Landed:
        if self._over.is_set() or self._cancel():
            raise Cancelled
        with held(output.found, self._folders.outputs) as path:
            return self._destination.bring(Path(path), output.name, progress=progress.part(), cancel=self._cancel)

    def _complain(self, error: Exception) -> None:
        # the same file is taken again, and at the end a failure is one of the execution
        reason = error.message if isinstance(error, ValoError) else str(error)
        self._folder.complain(f"A read-only output could not be stored yet: {reason}")
