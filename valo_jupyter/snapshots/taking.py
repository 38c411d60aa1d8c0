"""The steps of a snapshot: look, ask, read, build trees, remember."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import confirm, report, trees
from valo_jupyter.snapshots.batch import Batch
from valo_jupyter.snapshots.differences import paths_to_ask_about
from valo_jupyter.snapshots.fingerprint import of_rules
from valo_jupyter.snapshots.history import History
from valo_jupyter.snapshots.keeping import MemoryFile
from valo_jupyter.snapshots.memory import Memory, State, untrusted
from valo_jupyter.snapshots.notebook import cleaned
from valo_jupyter.snapshots.objects import Objects
from valo_jupyter.snapshots.reading import Gone, Reader, Stored
from valo_jupyter.snapshots.records import Choice, Progress, Snapshot
from valo_jupyter.snapshots.report import text
from valo_jupyter.snapshots.rules import Rules
from valo_jupyter.snapshots.scan import Pending, Scan, Scanner
from valo_jupyter.snapshots.statindex import StatIndex

#: A file changed this shortly before it was read may be changed again without its time showing it.
_RACY_NS = 2_000_000_000
_NOTICE_SECONDS = 0.05
#: From so many files on, one pack is faster than a file for each.
_MANY = 100


class Taking:
    """One snapshot of a whole folder. The caller holds the lock of `kept`."""

    def __init__(
        self,
        folder: Path,
        git_dir: Path,
        notebook: bytes | None,
        choice: Choice,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._folder = folder
        self._git_dir = git_dir
        self._notebook = notebook
        self._choice = choice
        self._progress = progress
        self._noticed = time.monotonic()
        self._racy_after = time.time_ns() - _RACY_NS
        self._root = os.fsencode(folder)
        self._objects = Objects(git_dir)
        self._warnings: list[str] = []

    def run(self, kept: MemoryFile) -> Snapshot:
        memory = kept.load()
        if memory.state.notebook != self._notebook:
            memory.forget(memory.state.notebook)
            memory.forget(self._notebook)
        index = StatIndex(self._git_dir, self._folder, kept.index)
        index.start(memory.state.compared)
        history = History(self._folder, memory.state.dirty)
        rules = Rules(self._folder, self._git_dir, self._choice, self._notebook, memory.state.repositories)
        try:
            scan, state = self._look(memory, rules, history, index)
            before = history.before
            history.narrow(None if before is None else paths_to_ask_about(scan, memory, before))
            changed = self._read(scan) + _gone(scan, memory)
            tree, empty = trees.build(scan, memory, self._objects)
            commit = self._objects.write_commit(tree)
            described, dirty = history.result(self._warnings)
        finally:
            rules.close()
            history.close()
            index.close()
        kept.save(index.renew(Memory(scan.directories, state._replace(dirty=dirty))), memory)
        left_out = report.left_out(scan, self._warnings)
        self._warnings += report.links_astray(scan)
        return Snapshot(
            commit, tree.hex(), scan.files, scan.bytes, changed, left_out, empty, self._warnings, described
        )  # fmt: skip

    def _look(self, memory: Memory, rules: Rules, history: History, index: StatIndex) -> tuple[Scan, State]:
        """Walk the folder, and ask the user if there is something to ask."""
        asking = not memory.state.completed or confirm.is_home(self._folder)
        if not asking:
            history.begin(self._notebook)
        state = memory.state._replace(
            rules=of_rules(self._folder, self._choice), notebook=self._notebook, completed=True
        )
        exceptions = memory.state.exceptions
        if (indexes := rules.indexes()) != memory.state.indexes:
            exceptions = rules.exceptions()
        stale = state.rules != memory.state.rules or exceptions != memory.state.exceptions

        def notice(scan: Scan) -> None:
            if asking and scan.files > confirm.COUNT_AT_MOST:
                question = confirm.question(scan, self._folder, self._choice, complete=False)
                if question is not None:
                    raise question
            self._notice(Progress("scan", scan.files, scan.bytes))

        scan = Scanner(self._root, memory, rules, stale, index.touched(), self._racy_after).run(notice)
        question = confirm.question(scan, self._folder, self._choice, complete=True) if asking else None
        if question is not None:
            raise question
        reason = scan.directories[b""].excluded
        if reason is not None:
            raise SnapshotFailed(f"The folder {self._folder} is {reason}. Fix its permissions and run again.")
        if rules.nested != memory.state.repositories:
            indexes, exceptions = b"", b""  # of repositories that were not known when it was looked at: next time
        return scan, state._replace(repositories=rules.nested, indexes=indexes, exceptions=exceptions)

    def _read(self, scan: Scan) -> int:
        """Store what is pending; how many files differ from the previous snapshot."""
        if len(scan.pending) < _MANY:
            return self._read_with(Reader(self._root, self._objects), scan)
        with Batch(self._git_dir) as batch:
            return self._read_with(Reader(self._root, self._objects, batch), scan)

    def _read_with(self, reader: Reader, scan: Scan) -> int:
        changed = files = size = 0
        total, total_bytes = len(scan.pending), sum(one.signature[2] for one in scan.pending)
        for one in scan.pending:
            changed += self._settle(scan, one, self._store(reader, one))
            files, size = files + 1, size + one.signature[2]
            self._notice(Progress("store", files, size, total, total_bytes))
        return changed

    def _store(self, reader: Reader, one: Pending) -> Stored | OSError | None:
        try:
            if one.path == self._notebook:
                return read_notebook(reader, one.path, one.known)
            if stat.S_ISLNK(one.signature[4]):
                return reader.link(one.path, one.signature)
            return reader.file(one.path, one.known)
        except Gone:
            return None
        except OSError as error:
            return error

    def _settle(self, scan: Scan, one: Pending, outcome: Stored | OSError | None) -> bool:
        directory = scan.directories[one.folder]
        if isinstance(outcome, Stored):
            racy = not outcome.steady or max(outcome.signature[:2]) >= self._racy_after
            directory.files[one.name] = (untrusted(outcome.signature) if racy else outcome.signature, outcome.sha)
            if not outcome.steady:
                self._warnings.append(
                    f"{text(one.path)} was being written to; it is in the snapshot as far as it was then."
                )
            return outcome.sha != one.known
        del directory.files[one.name]
        directory.size -= one.signature[2]
        scan.files -= 1
        scan.bytes -= one.signature[2]
        if outcome is not None:
            rule = f"not readable: {outcome.strerror}"
            directory.left[one.name] = (rule, one.signature[2], False, True)
            self._warnings.append(f"{text(one.path)} was left out: {rule}.")
        return one.known is not None

    def _notice(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._noticed >= _NOTICE_SECONDS:
            self._noticed = now
            self._progress(progress)


def read_notebook(reader: Reader, path: bytes, known: bytes | None) -> Stored:
    try:
        return reader.file(path, known, lambda content: cleaned(content, text(path)))
    except Gone:
        raise SnapshotFailed(f"The notebook {text(path)} is no longer there. Save it and run again.") from None
    except OSError as error:
        raise SnapshotFailed(f"The notebook {text(path)} cannot be read: {error.strerror}.") from error


def _gone(scan: Scan, memory: Memory) -> int:
    """How many files of the previous snapshot are not there at all."""
    gone = 0
    for path, old in memory.directories.items():
        now = scan.directories.get(path)
        if now is old:
            continue
        gone += len(old.files if now is None else old.files.keys() - now.files.keys())
    return gone
