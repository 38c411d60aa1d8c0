"""Files that arrive in parts: how they grow, and where those of machines elsewhere lie until they are whole."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.stores.local import SCHEME

#: what attempts leave of which nobody hears any more
_ABANDONED_SECONDS = 86400


def grow(path: Path, content: Path, start: int) -> int:
    """Add to the file what of the content, which begins at `start` of it, is behind its end; its size then.

    What is there already is skipped; what would leave a gap is not taken. The file is there afterwards, even if empty.
    """
    path.touch()
    size = path.stat().st_size
    end = start + content.stat().st_size
    if not start <= size < end:
        return size
    with content.open("rb") as source, path.open("ab") as target:
        source.seek(size - start)
        shutil.copyfileobj(source, target, 1 << 20)
    return end


class Parts:
    """Those of one attempt. A mark stays of a file that was whole, so that it is known who brought it."""

    def __init__(self, state: StateFolder, execution_id: str, number: int) -> None:
        self._all = state.store / "parts"
        self._folder = self._all / f"{execution_id}-{number}"

    def path(self, key: str) -> Path:
        """Where the file grows; its folder is made."""
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._forget_abandoned()
        return self._folder / key

    def lock(self, key: str) -> Path:
        return self.path(key).with_suffix(".lock")

    def is_whole(self, key: str) -> bool:
        return self._mark(key).exists()

    def mark_whole(self, key: str) -> None:
        self._mark(key).touch()

    def check(self, outputs: list[dict[str, Any]]) -> None:
        """Raise `Invalid` for an output that this attempt has not brought: it could be somebody else's file."""
        for output in outputs:
            key = str(output.get("sha256"))
            if output.get("uri") != SCHEME + key or not self.is_whole(key):
                raise Invalid(f"The content of output {output.get('name')} has not arrived; send it first.")

    def _mark(self, key: str) -> Path:
        return self._folder / f"{key}.whole"

    def _forget_abandoned(self) -> None:
        for folder in self._all.iterdir():
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
