"""The steps of a snapshot: look, ask, read, build trees, remember."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import confirm
from valo_jupyter.snapshots.fingerprint import fingerprint
from valo_jupyter.snapshots.keeping import MemoryFile
from valo_jupyter.snapshots.memory import Directory, Memory, untrusted
from valo_jupyter.snapshots.notebook import cleaned
from valo_jupyter.snapshots.objects import EMPTY_TREE, Objects
from valo_jupyter.snapshots.reading import Gone, Reader, Stored
from valo_jupyter.snapshots.records import Choice, LeftOut, Progress
from valo_jupyter.snapshots.rules import Rules
from valo_jupyter.snapshots.scan import GONE, Pending, Scan, Scanner

#: A file changed this shortly before it was read may be changed again without its time showing it.
_RACY_NS = 2_000_000_000
_LEFT_OUT_AT_MOST = 2_000
_NOTICE_SECONDS = 0.05
#: hashing and compressing leave the interpreter to other threads
_READERS = min(4, os.cpu_count() or 1)
_FEW = 32


@dataclass
class Made:
    """What a snapshot has come to, before what git says of the folder is known."""

    commit: str
    tree: str
    files: int
    bytes: int
    changed: int
    left_out: list[LeftOut] = field(default_factory=list)
    empty_folders: int = 0
    warnings: list[str] = field(default_factory=list)


def notebook_alone(folder: Path, git_dir: Path, notebook: bytes) -> Made:
    """The notebook, cleaned, at its place in the project, and nothing else."""
    objects = Objects(git_dir)
    stored = _read_notebook(Reader(os.fsencode(folder), objects), notebook, None)
    name, mode, sha = os.path.basename(notebook), _mode(stored.signature[4]), stored.sha
    left_out = []
    path = os.path.dirname(notebook)
    while True:
        left_out += _others(folder, path, name)
        sha, mode = objects.write_tree([(mode, name, sha)]), b"40000"
        if not path:
            break
        path, name = os.path.split(path)
    return Made(objects.write_commit(sha), sha.hex(), 1, stored.signature[2], 1, left_out[:_LEFT_OUT_AT_MOST])


def _others(folder: Path, path: bytes, taken: bytes) -> list[LeftOut]:
    prefix = path + b"/" if path else b""
    with os.scandir(os.path.join(os.fsencode(folder), path)) as listing:
        found = [
            prefix + entry.name + (b"/" if entry.is_dir(follow_symlinks=False) else b"")
            for entry in listing
            if entry.name not in (taken, b".git")
        ]
    return [LeftOut(_text(one), "only the notebook was sent") for one in sorted(found)]


def whole_folder(
    folder: Path, git_dir: Path, notebook: bytes | None, choice: Choice, progress: Callable[[Progress], None] | None
) -> Made:
    """The folder, less what the rules leave out."""
    kept = MemoryFile(git_dir, folder)
    with kept.locked():
        return _Taking(folder, git_dir, notebook, choice, progress).run(kept)


class _Taking:
    """One snapshot of a folder."""

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
        self._empty = 0

    def run(self, kept: MemoryFile) -> Made:
        memory = kept.load()
        if memory.notebook != self._notebook:
            memory.forget(memory.notebook)
            memory.forget(self._notebook)
        rules = Rules(self._folder, self._git_dir, self._choice, self._notebook, memory.repositories)
        try:
            scan, state = self._look(memory, rules)
        finally:
            rules.close()
        self._refuse_unreadable(scan)
        changed = self._read(scan) + _gone(scan, memory)
        tree = self._build(scan, memory)
        commit = self._objects.write_commit(tree)
        kept.save(Memory(scan.directories, state, self._notebook, rules.nested, True), memory)
        self._warn_of_links(scan)
        return Made(
            commit, tree.hex(), scan.files, scan.bytes, changed, self._left_out(scan), self._empty, self._warnings
        )  # fmt: skip

    def _look(self, memory: Memory, rules: Rules) -> tuple[Scan, bytes]:
        state = fingerprint(self._folder, self._choice, memory.repositories)
        asking = not memory.completed or confirm.is_home(self._folder)
        scanner = Scanner(self._root, memory, rules, state != memory.rules, self._racy_after)

        def notice(scan: Scan) -> None:
            if asking and scan.files > confirm.COUNT_AT_MOST:
                question = confirm.question(scan, self._folder, self._choice, complete=False)
                if question is not None:
                    raise question
            self._notice(Progress("scan", scan.files, scan.bytes))

        scan = scanner.run(notice)
        question = confirm.question(scan, self._folder, self._choice, complete=True) if asking else None
        if question is not None:
            raise question
        if rules.nested != memory.repositories:
            state = fingerprint(self._folder, self._choice, rules.nested)
        return scan, state

    def _refuse_unreadable(self, scan: Scan) -> None:
        reason = scan.directories[b""].excluded
        if reason is not None:
            raise SnapshotFailed(f"The folder {self._folder} is {reason}. Fix its permissions and run again.")

    def _read(self, scan: Scan) -> int:
        """Store what is pending; how many files differ from the previous snapshot."""
        reader = Reader(self._root, self._objects)
        store = partial(self._store, reader)
        changed = files = size = 0
        if len(scan.pending) <= _FEW:
            outcomes = map(store, scan.pending)
            changed = sum(self._settle(scan, one, outcome) for one, outcome in zip(scan.pending, outcomes, strict=True))
            return changed
        total, total_bytes = len(scan.pending), sum(one.signature[2] for one in scan.pending)
        with ThreadPoolExecutor(_READERS, "valo-read") as pool:
            try:
                for one, outcome in zip(scan.pending, pool.map(store, scan.pending), strict=True):
                    changed += self._settle(scan, one, outcome)
                    files, size = files + 1, size + one.signature[2]
                    self._notice(Progress("store", files, size, total, total_bytes))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return changed

    def _store(self, reader: Reader, one: Pending) -> Stored | OSError | None:
        try:
            if one.path == self._notebook:
                return _read_notebook(reader, one.path, one.known)
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
                    f"{_text(one.path)} was being written to; it is in the snapshot as far as it was then."
                )
            return outcome.sha != one.known
        del directory.files[one.name]
        directory.size -= one.signature[2]
        scan.files -= 1
        scan.bytes -= one.signature[2]
        if outcome is not None:
            rule = f"not readable: {outcome.strerror}"
            directory.left[one.name] = (rule, one.signature[2], False)
            self._warnings.append(f"{_text(one.path)} was left out: {rule}.")
        return one.known is not None

    def _build(self, scan: Scan, memory: Memory) -> bytes:
        """Write the trees that are not as they were; the root's name."""
        moved: set[bytes] = set()
        for path in reversed(scan.directories):
            directory, old = scan.directories[path], memory.directories.get(path)
            if directory is not old or path in moved:
                if old is not None and path not in moved and _same(directory, old):
                    directory = old
                elif directory.excluded is None:
                    tree = self._objects.write_tree(_entries(path, directory, scan.directories))
                    directory = replace(directory, tree=tree)
                scan.directories[path] = directory
                if old is None or directory.tree != old.tree:
                    moved.add(os.path.dirname(path))
            self._empty += directory.tree == EMPTY_TREE and path != b""
        root = scan.directories[b""].tree
        assert root is not None
        return root

    def _left_out(self, scan: Scan) -> list[LeftOut]:
        """Large files first: those are the ones that somebody may miss."""
        found = []
        for path, directory in scan.directories.items():
            prefix = path + b"/" if path else b""
            if directory.excluded is not None and directory.excluded != GONE:
                found.append(LeftOut(_text(prefix), directory.excluded))
            for name, (rule, size, is_folder) in directory.left.items():
                found.append(LeftOut(_text(prefix + name + (b"/" if is_folder else b"")), rule, size))
        found.sort(key=lambda one: (-(one.size or 0), one.path))
        if len(found) > _LEFT_OUT_AT_MOST:
            self._warnings.append(
                f"{len(found):,} entries were left out; the list names {_LEFT_OUT_AT_MOST:,} of them."
            )
        return found[:_LEFT_OUT_AT_MOST]

    def _warn_of_links(self, scan: Scan) -> None:
        for folder, directory in scan.directories.items():
            for name in directory.astray:
                path = folder + b"/" + name if folder else name
                self._warnings.append(
                    f"{_text(path)} is a link that leads out of the folder: "
                    "it is sent as a link, and will lead nowhere on another machine."
                )

    def _notice(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._noticed >= _NOTICE_SECONDS:
            self._noticed = now
            self._progress(progress)


def _read_notebook(reader: Reader, path: bytes, known: bytes | None) -> Stored:
    try:
        return reader.file(path, known, lambda content: cleaned(content, _text(path)))
    except Gone:
        raise SnapshotFailed(f"The notebook {_text(path)} is no longer there. Save it and run again.") from None
    except OSError as error:
        raise SnapshotFailed(f"The notebook {_text(path)} cannot be read: {error.strerror}.") from error


def _entries(
    path: bytes, directory: Directory, directories: dict[bytes, Directory]
) -> list[tuple[bytes, bytes, bytes]]:
    prefix = path + b"/" if path else b""
    entries = [(_mode(seen[4]), name, sha) for name, (seen, sha) in directory.files.items()]
    for name in directory.folders:
        tree = directories[prefix + name].tree
        if tree is not None:
            entries.append((b"40000", name, tree))
    return entries


def _same(directory: Directory, old: Directory) -> bool:
    return replace(directory, tree=old.tree) == old


def _gone(scan: Scan, memory: Memory) -> int:
    """How many files of the previous snapshot are not there at all."""
    gone = 0
    for path, old in memory.directories.items():
        now = scan.directories.get(path)
        if now is old:
            continue
        gone += len(old.files if now is None else old.files.keys() - now.files.keys())
    return gone


def _mode(mode: int) -> bytes:
    """git knows files, executable files and links."""
    if stat.S_ISLNK(mode):
        return b"120000"
    return b"100755" if mode & stat.S_IXUSR else b"100644"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
