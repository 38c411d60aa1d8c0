"""Where a notebook stood before, and what it is a copy of, as the Jupyter server's own file operations tell.

One line for each rename, move, copy or deletion in `VALO_HOME/moved-notebooks.jsonl`; what other tools do is not known.
"""

from __future__ import annotations

import json
import mimetypes
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valo_jupyter.domain import clock
from valo_jupyter.domain.state import state_folder
from valo_jupyter.snapshots.places import located

SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"
NOTEBOOK = ".ipynb"
#: lines that are kept, and how many there may be until the oldest are dropped
KEPT, MOST = 1000, 2000


@dataclass(frozen=True)
class Move:
    """Something went from `source` to `target`, or was copied there; without a target it was deleted."""

    at: str
    source: Path
    target: Path | None
    copy: bool


@dataclass(frozen=True)
class Place:
    """A path that a notebook had, from `since` (null: from its beginning) until `until` (null: it has it now)."""

    file: Path
    since: str | None
    until: str | None
    #: from the one that ended it on
    moves: tuple[Move, ...] = field(default=(), repr=False, compare=False)

    def now(self, path: Path) -> Path | None:
        """Where what was at `path` in that time is now; None: it was deleted."""
        return _followed(path, self.moves)


@dataclass(frozen=True)
class Origin:
    """The places of a notebook, latest first, and where what it is a copy of is now."""

    places: tuple[Place, ...]
    copy_of: Path | None = None


class Moves:
    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def listener(self, root: Callable[[], Path | None]) -> Callable[..., Any]:
        """What an event logger calls for each operation of the contents manager, whose root is `root()`."""

        async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
            folder, action = root(), data.get("action")
            if folder is None or action not in ("rename", "copy", "delete"):
                return
            path = folder / str(data["path"]).strip("/")
            if action == "delete":
                if _may_have_been_one(path):
                    self.add(path, None)
                return
            source = folder / str(data["source_path"]).strip("/")
            if NOTEBOOK in (source.suffix, path.suffix) or path.is_dir():
                self.add(source, path, copy=action == "copy")

        return listen

    def add(self, source: Path, target: Path | None, copy: bool = False) -> None:
        line = {
            "at": clock.text(clock.now()),
            "from": str(located(source)),
            "to": str(located(target)) if target else None,
            "copy": copy,
        }
        path = self._path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # one write: several Jupyter servers share the file
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if len(lines) > MOST:
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with open(handle, "w", encoding="utf-8") as stream:
                stream.writelines(lines[-KEPT:])
            os.replace(temporary, path)

    def origin(self, file: Path) -> Origin:
        """The past of the notebook that is now at `file`."""
        file = located(file)
        moves = self._moves()
        places: list[Place] = []
        until, later = None, ()
        for index, move in reversed(list(enumerate(moves))):
            if move.target is not None and _within(file, move.target):
                places.append(Place(file, move.at, until, later))
                was = move.source / file.relative_to(move.target)
                if move.copy:
                    return Origin(tuple(places), _followed(was, moves[index + 1 :]))
                file, until, later = was, move.at, moves[index:]
            elif _within(file, move.source) and not move.copy:
                # what stood here went away: this one came after it
                return Origin((*places, Place(file, move.at, until, later)))
        return Origin((*places, Place(file, None, until, later)))

    def _moves(self) -> tuple[Move, ...]:
        try:
            text = self._path().read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        found = []
        for line in text.splitlines():
            try:
                told = json.loads(line)
                target = Path(told["to"]) if told["to"] else None
                found.append(Move(told["at"], Path(told["from"]), target, told["copy"]))
            except (ValueError, TypeError, KeyError):
                continue  # half a line, of a full disk
        return tuple(found)

    def _path(self) -> Path:
        return self._file or state_folder() / "moved-notebooks.jsonl"


def _within(file: Path, place: Path) -> bool:
    return file == place or place in file.parents


def _followed(path: Path, moves: tuple[Move, ...]) -> Path | None:
    for move in moves:
        if not move.copy and _within(path, move.source):
            if move.target is None:
                return None
            path = move.target / path.relative_to(move.source)
    return path


def _may_have_been_one(path: Path) -> bool:
    """A notebook, or a folder of them; nobody can look any more."""
    return path.suffix == NOTEBOOK or mimetypes.guess_type(path.name)[0] is None
