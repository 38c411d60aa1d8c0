"""Has the files of the outputs folder stored, several at once, and the server told of each."""

from __future__ import annotations

import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.outputs.destination import Destination
from valo_jupyter.runtime.outputs.folder import Output, OutputsFolder
from valo_jupyter.runtime.outputs.live import LiveOutputs
from valo_jupyter.runtime.outputs.telling import Register, Stored, Telling
from valo_jupyter.runtime.progress import TogetherProgress
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.errors import Cancelled, StoreError

#: files that are under way at once; each of them is open, as are those that wait to be told of
_AHEAD = 32


@dataclass(frozen=True)
class Collected:
    """
    Attributes
    ----------
    failures
        What could not be stored, each with the reason.
    kept
        How many files wait in the built-in store for their own.
    left
        A store failed, so that files are in the outputs folder only.
    """

    failures: list[str]
    kept: int = 0
    left: bool = False


class Outputs:
    """The outputs of one attempt, each stored once under its name and content; nothing is overwritten.

    Parameters
    ----------
    register
        Tells the server of stored files (`POST /run/v1/outputs`).
    cancel
        Asked now and then; True ends `collect` early, with what is stored by then.
    hurry
        True: no more uploads to a store of the network; what is left is kept near.
    mask
        Hides secrets in names, tags, aliases and metadata; the content of files stays as it is.
    """

    def __init__(
        self,
        folders: Folders,
        destination: Destination,
        sink: Sink,
        *,
        register: Register,
        cancel: Cancel,
        hurry: Cancel,
        mask: Mask,
    ) -> None:
        self._folders = folders
        self._destination = destination
        self._sink = sink
        self._cancel = cancel
        self._hurry = hurry
        self._folder = OutputsFolder(folders, sink, mask)
        self._telling = Telling(sink, register, self._folder.complain, self._again)
        self._live = LiveOutputs(
            folders, self._folder, destination, self._telling, sink, cancel=lambda: cancel() or hurry()
        )
        self._failures: list[str] = []
        self._left = False

    def watch(self) -> None:
        """From now on until `collect`, store a file as soon as the code has made it read-only."""
        self._live.start()

    def collect(self) -> Collected:
        """Store all that is there.

        Nobody may write to the folder any more: files are moved out of it.
        """
        self._live.end()
        files = self._folder.look_at_all()
        name = files[0].name if len(files) == 1 else f"{len(files)} files"
        progress = TogetherProgress(self._sink, "upload", name, sum(file.found.stat.st_size for file in files))
        # copies first: what a link leads to may itself be moved away
        not_stored = sum(
            self._store_all([file for file in files if file.found.link == link], progress) for link in (True, False)
        )
        if not_stored:
            self._failures.append(f"{not_stored} of {len(files)} outputs were not stored any more")
        self._telling.tell()
        failures = self._failures + self._telling.failures
        for failure in failures:
            self._folder.complain(failure)
        return Collected(failures, self._telling.kept, self._left)

    def _store_all(self, files: list[Output], progress: TogetherProgress) -> int:
        """How many were not stored for want of time."""
        not_stored = 0
        started: deque[tuple[Output, Future[Stored | None]]] = deque()
        with ThreadPoolExecutor(self._destination.at_once, thread_name_prefix="valo-upload") as pool:
            waiting = iter(files)
            while True:
                while len(started) < _AHEAD and (file := next(waiting, None)) is not None:
                    started.append((file, pool.submit(self._keep, file, progress)))
                if not started:
                    return not_stored
                file, future = started.popleft()
                try:
                    if (stored := future.result()) is not None:
                        self._telling.add(stored)
                except Cancelled:
                    not_stored += 1
                except (StoreError, OSError) as error:
                    self._fail(file.name, error)

    def _keep(self, file: Output, progress: TogetherProgress) -> Stored | None:
        """Store a file, unless that was done while the code ran."""
        if self._cancel():
            raise Cancelled
        if (stored := self._live.of(file.found)) is not None:
            # its sidecar may have come later than the file was made read-only
            return replace(stored, properties=file.properties) if stored.properties != file.properties else None
        content = file.found.path.open("rb")
        try:
            landed = self._destination.bring_or_keep(
                file.found.path,
                file.name,
                move=not file.found.link,
                progress=progress.part(),
                cancel=self._cancel,
                hurry=self._hurry,
            )
        except BaseException:
            content.close()
            raise
        return Stored(file.name, landed, file.properties, content)

    def _again(self, stored: Stored) -> Stored | None:
        """The built-in store had the same content already, which was purged before the server knew of this file."""
        if stored.content is None:
            return self._live.forget(stored)
        copy = self._folders.root / f".again-{stored.content.fileno()}"
        try:
            with copy.open("xb") as target:
                stored.content.seek(0)
                shutil.copyfileobj(stored.content, target, 1 << 20)
            landed = self._destination.bring_or_keep(
                copy, stored.name, move=True, cancel=self._cancel, hurry=self._hurry
            )
            return replace(stored, landed=landed)
        except (StoreError, OSError) as error:
            stored.content.close()
            self._fail(stored.name, error)
            return None
        finally:
            copy.unlink(missing_ok=True)

    def _fail(self, name: str, error: Exception) -> None:
        self._left = True
        reason = error.message if isinstance(error, ValoError) else str(error)
        self._failures.append(f"output {name} could not be stored: {reason}")
