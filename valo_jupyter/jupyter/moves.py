"""Where a notebook stood before, and what it is a copy of, as the Jupyter server's own file operations tell.

One line for each rename, move or copy in `VALO_HOME/moved-notebooks.jsonl`; what other tools move is not known.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valo_jupyter.domain import clock
from valo_jupyter.domain.state import state_folder

SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"
#: lines that are kept, and how many there may be until the oldest are dropped
KEPT, MOST = 1000, 2000


@dataclass(frozen=True)
class Place:
    """A path that a notebook had, from `since` (null: from its beginning) until `until` (null: it has it now)."""

    file: Path
    since: str | None
    until: str | None


@dataclass(frozen=True)
class Origin:
    """The places of a notebook, latest first, and what it is a copy of."""

    places: tuple[Place, ...]
    copy_of: Path | None = None


class Moves:
    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def listener(self, root: Callable[[], Path | None]) -> Callable[..., Any]:
        """What an event logger calls for each operation of the contents manager, whose root is `root()`."""

        async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
            folder, action = root(), data.get("action")
            if folder is None or action not in ("rename", "copy"):
                return
            source, target = (folder / str(data[key]).strip("/") for key in ("source_path", "path"))
            if target.suffix == ".ipynb" or target.is_dir():
                self.add(source, target, copy=action == "copy")

        return listen

    def add(self, source: Path, target: Path, copy: bool = False) -> None:
        line = {"at": clock.text(clock.now()), "from": str(source), "to": str(target), "copy": copy}
        path = self._path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # one write: several Jupyter servers share the file
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        lines = self._lines()
        if len(lines) > MOST:
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with open(handle, "w", encoding="utf-8") as stream:
                stream.writelines(json.dumps(line) + "\n" for line in lines[-KEPT:])
            os.replace(temporary, path)

    def origin(self, file: Path) -> Origin:
        """The past of the notebook that is now at `file`."""
        places: list[Place] = []
        until = None
        for line in reversed(self._lines()):
            source, target, at = Path(line["from"]), Path(line["to"]), line["at"]
            if _within(file, target):
                places.append(Place(file, at, until))
                was = source / file.relative_to(target)
                if line["copy"]:
                    return Origin(tuple(places), was)
                file, until = was, at
            elif _within(file, source) and not line["copy"]:
                # what stood here went away: this one came after it
                return Origin((*places, Place(file, at, until)))
        return Origin((*places, Place(file, None, until)))

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self._path().read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # half a line, of a full disk
        return found

    def _path(self) -> Path:
        return self._file or state_folder() / "moved-notebooks.jsonl"


def _within(file: Path, place: Path) -> bool:
    return file == place or place in file.parents
