"""Looks for secrets in what is about to leave this machine: the notebook, given values, and files that changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from valo_jupyter.domain.errors import SecretsFound
from valo_jupyter.domain.state import write_private
from valo_jupyter.snapshots.changes import changed_files
from valo_jupyter.snapshots.history import DIRTY_AT_MOST
from valo_jupyter.submit.accepted import Accepted
from valo_jupyter.submit.detecting import Match, find, find_named

#: Larger files are data.
_LARGEST = 1_000_000
#: For all together; what was not looked at by then is sent all the same.
_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """Where a value is that looks like a secret; of the value itself the first letters at the most."""

    id: str
    kind: str
    where: Literal["cell", "parameter", "variable", "file"]
    #: of the parameter, the variable or the file
    name: str
    #: index of the notebook's cell
    cell: int | None
    line: int
    shown: str

    def __str__(self) -> str:
        place = {
            "cell": f"cell {(self.cell or 0) + 1}, line {self.line}",
            "file": f"{self.name}{'' if self.cell is None else f', cell {self.cell + 1}'}, line {self.line}",
        }.get(self.where, f"the {self.where} {self.name}")
        return f"{self.kind}{f' ({self.shown})' if self.shown else ''} in {place}"


class Guard:
    """Gathers findings; `raise_found` ends the submission if there is one that nobody accepted.

    Parameters
    ----------
    folder
        The project folder, for which is remembered what was accepted.
    accept
        All that is found, or these findings by their ids.
    """

    def __init__(self, folder: Path, accept: bool | frozenset[str]) -> None:
        self._accept = accept
        self._accepted = Accepted(folder)
        self._findings: dict[str, Finding] = {}
        self._looked_at: tuple[Path, str] | None = None
        self._until = time.monotonic() + _SECONDS
        self._uncommitted: Callable[[str], bool] = lambda _: True

    def notebook(self, content: Mapping[str, Any], name: str) -> None:
        """The sources of all its cells; outputs are not sent."""
        for index, source in _sources(content):
            self._add(find(source, until=self._until), "cell", name, index)

    def values(self, where: Literal["parameter", "variable"], values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            self._add(find_named(name, text), where, name)

    def files(self, git_dir: Path, commit: str, *, but: str, git: dict[str, Any] | None = None) -> None:
        """The text files that are in `commit` and were not in the commit that was looked at before, but one.

        Of a folder that is a repository of its own, `git`, those alone that differ from its HEAD: what is committed is
        where others can read it already. What there is no time for is looked at with the next submission.
        """
        self._uncommitted = _uncommitted(git)
        # the snapshot, which came before, took its own time
        self._until = time.monotonic() + _SECONDS
        record = git_dir.parent / "guarded"
        before, reached = _read(record)
        stopped = self._look(changed_files(git_dir, before, commit, largest=_LARGEST), but)
        if stopped is not None:
            reached = min(reached or stopped, stopped)
        elif reached is not None:
            reached = self._look(changed_files(git_dir, None, commit, largest=_LARGEST, first=reached), but)
        self._looked_at = (record, f"{commit}\n{reached or ''}")

    def history(self, git: dict[str, Any] | None) -> dict[str, Any] | None:
        """What is told of the folder's own repository, without a patch that has a secret, in a line taken out, say."""
        patch = (git or {}).get("patch")
        if not git or not patch:
            return git
        found = find(patch, "patch.py", until=self._until)
        if all(self._accepted.fingerprint(one.kind, one.value) in self._accepted for one in found):
            return git
        return {**git, "patch": "(not kept: it has what looks like a secret)\n"}

    def raise_found(self) -> None:
        """
        Raises
        ------
        SecretsFound
            Its `details` have `findings`, each of `Finding`'s fields, and `options`.
        """
        new = [one for one in self._findings.values() if one.id not in self._accepted]
        if self._accept is not True:
            given = self._accept or frozenset()
            refused = [one for one in new if one.id not in given]
            if refused:
                raise _found(refused)
        if new:
            self._accepted.add(one.id for one in new)
        if self._looked_at is not None:
            write_private(*self._looked_at)

    def _look(self, files: Iterable[tuple[str, bytes]], but: str) -> str | None:
        """The first path that there was no time for; they come in their order."""
        for path, data in files:
            if time.monotonic() > self._until:
                return path
            if path != but and self._uncommitted(path) and b"\0" not in data[:8000]:
                self._file(path, data.decode("utf-8", "replace"))
        return None

    def _file(self, path: str, text: str) -> None:
        if path.endswith(".ipynb"):
            try:
                cells = list(_sources(json.loads(text)))
            except (ValueError, TypeError, AttributeError, KeyError):
                cells = []
            for index, source in cells:
                self._add(find(source, until=self._until), "file", path, index)
        # of other notebooks the outputs are sent, too
        self._add(find(text, path, until=self._until), "file", path)

    def _add(self, matches: list[Match], where: Any, name: str, cell: int | None = None) -> None:
        for match in matches:
            fingerprint = self._accepted.fingerprint(match.kind, match.value)
            finding = Finding(fingerprint, match.kind, where, name, cell, match.line, match.shown)
            self._findings.setdefault(fingerprint, finding)


def _found(findings: list[Finding]) -> SecretsFound:
    first = "; ".join(map(str, findings[:3])) + ("; …" if len(findings) > 3 else "")
    count = "A value looks like a secret" if len(findings) == 1 else f"{len(findings)} values look like secrets"
    return SecretsFound(
        f"{count}, and nothing was sent: {first}. "
        "Take it out, give it as a secret variable, or accept it to run anyway.",
        findings=[asdict(one) for one in findings],
        options=["remove", "variable", "run"],
    )


def _sources(content: Any) -> Iterator[tuple[int, str]]:
    for index, cell in enumerate(content["cells"]):
        source = cell.get("source") or ""
        yield index, source if isinstance(source, str) else "".join(map(str, source))


def _uncommitted(git: dict[str, Any] | None) -> Callable[[str], bool]:
    """Whether a path differs from HEAD; each does where there is none, or so many do that not all are told."""
    told = [entry["path"] for entry in (git or {}).get("dirty") or ()]
    if not git or not git.get("head") or len(told) >= DIRTY_AT_MOST:
        return lambda _: True
    files, folders = set(told), tuple(path for path in told if path.endswith("/"))
    return lambda path: path in files or path.startswith(folders)


def _read(path: Path) -> tuple[str | None, str | None]:
    """The commit that was looked at, and the first of its files that was not."""
    try:
        commit, _, reached = path.read_text().partition("\n")
    except OSError:
        return None, None
    return commit.strip() or None, reached.strip("\n") or None
