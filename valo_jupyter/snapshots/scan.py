"""Walks the project folder: what is there, what is left out, and what is not as it was remembered."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from os import DirEntry, stat_result

from valo_jupyter.snapshots.memory import Directory, Memory, Seen, Signature, is_trusted, untrusted
from valo_jupyter.snapshots.rules import Rules

#: why a folder that vanished during the walk has nothing in it
GONE = "gone"
_UNREAD: bytes = b""
_KINDS = {stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def signature(status: stat_result) -> Signature:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)


@dataclass
class Pending:
    """A file to be read: new, or not as it was."""

    folder: bytes
    name: bytes
    signature: Signature
    known: bytes | None

    @property
    def path(self) -> bytes:
        return self.folder + b"/" + self.name if self.folder else self.name


@dataclass
class Scan:
    """The folder as it stands. `directories` has every folder before those in it."""

    directories: dict[bytes, Directory] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    files: int = 0
    bytes: int = 0


class Scanner:
    """One walk. Files whose signature is the remembered one are not looked at further."""

    def __init__(
        self, root: bytes, memory: Memory, rules: Rules, stale: bool, touched: set[bytes] | None, racy_after: int
    ) -> None:
        self._root = root
        self._memory = memory
        self._rules = rules
        self._stale = stale
        self._touched = touched
        self._racy_after = racy_after
        self.scan = Scan()

    def run(self, notice: Callable[[Scan], None]) -> Scan:
        """`notice` is called after each folder, and may raise to end the walk."""
        stack = [(b"", self._stale)]
        while stack:
            path, stale = stack.pop()
            directory, stale = self._visit(path, stale)
            prefix = path + b"/" if path else b""
            stack.extend((prefix + name, stale) for name in directory.folders)
            notice(self.scan)
        return self.scan

    def _visit(self, path: bytes, stale: bool) -> tuple[Directory, bool]:
        record = self._memory.directories.get(path)
        own = found = None
        try:
            own = self._trusted(signature(os.lstat(self._root + b"/" + path)))
            if record is not None and not stale and self._is_quiet(path, record, own):
                return self._keep(path, record), False
            with os.scandir(self._root + b"/" + path) as listing:
                found = list(listing)
            if record is not None and not stale and _as_it_was(record, found):
                return self._keep(path, record if record.own == own else replace(record, own=own)), False
        except OSError:
            found = None
        directory = self.scan.directories[path] = Directory(own=own)
        if found is None:
            directory.excluded = self._why_not(path)
            return directory, stale
        entries = {entry.name: entry for entry in found}
        directory.excluded = self._rules.of_folder(path, entries)
        if directory.excluded is not None:
            return directory, stale
        directory.ignore = self._ignore_signature(entries.get(b".gitignore"))
        if not is_trusted(directory.ignore) or (record is not None and record.ignore != directory.ignore):
            stale = True
        self._sort_out(path, directory, record or Directory(), entries, stale)
        return directory, stale

    def _is_quiet(self, path: bytes, record: Directory, own: Signature) -> bool:
        """Whether its names are those remembered, by its own signature, and git has found no file changed."""
        return self._touched is not None and record.indexed and record.own == own and path not in self._touched

    def _keep(self, path: bytes, record: Directory) -> Directory:
        self.scan.directories[path] = record
        self.scan.files += len(record.files)
        self.scan.bytes += record.size
        return record

    def _trusted(self, now: Signature) -> Signature:
        return now if max(now[0], now[1]) < self._racy_after else untrusted(now)

    def _sort_out(
        self, path: bytes, directory: Directory, record: Directory, entries: dict[bytes, DirEntry], stale: bool
    ) -> None:
        """Take what is as it was remembered; judge the rest."""
        folders: list[bytes] = []
        fresh: list[tuple[bytes, bool]] = []
        for name, entry in entries.items():
            is_folder = entry.is_dir(follow_symlinks=False)
            old, out = record.files.get(name), record.left.get(name)
            if stale or (is_folder and name not in record.folders and out is None):
                fresh.append((name, is_folder))
            elif is_folder and name in record.folders:
                folders.append(name)
            elif out is not None and out[2] == is_folder and out[1] is None:
                directory.left[name] = out
            elif is_folder or (old is None and out is None) or self._rules.depends_on_content(name):
                fresh.append((name, is_folder))
            else:
                self._take(path, directory, entry, old)
        if fresh:
            rules = self._rules.of_names(path, fresh)
            for name, is_folder in fresh:
                if name in rules:
                    again = 0 if self._rules.depends_on_content(name) and not is_folder else None
                    directory.left[name] = (rules[name].text, again, is_folder, rules[name].may_be_tracked)
                elif is_folder:
                    folders.append(name)
                else:
                    self._take(path, directory, entries[name], record.files.get(name))
        directory.folders = tuple(sorted(folders))

    def _take(self, path: bytes, directory: Directory, entry: DirEntry, old: Seen | None) -> None:
        name = entry.name
        try:
            now = signature(entry.stat(follow_symlinks=False))
        except OSError:
            return  # gone meanwhile
        mode, size = now[4], now[2]
        pending = Pending(path, name, now, old[1] if old is not None else None)
        if stat.S_ISREG(mode):
            if size > self._rules.max_bytes and pending.path != self._rules.notebook:
                directory.left[name] = (self._rules.size_rule, size, False, True)
                return
        elif stat.S_ISLNK(mode):
            if leads_out(self._root, pending.path):
                directory.astray = (*directory.astray, name)
        else:
            kind = _KINDS.get(stat.S_IFMT(mode), "of an unknown kind")
            directory.left[name] = (f"not a file: {kind}", 0, False, True)
            return
        self.scan.files += 1
        self.scan.bytes += size
        directory.size += size
        if old is not None and old[0] == now:
            directory.files[name] = old
        else:
            directory.files[name] = (now, _UNREAD)
            self.scan.pending.append(pending)

    def _why_not(self, path: bytes) -> str:
        try:
            os.scandir(self._root + b"/" + path).close()
        except FileNotFoundError:
            return GONE
        except OSError as error:
            return f"not readable: {error.strerror}"
        return GONE  # it came back in this moment; the next snapshot has it

    def _ignore_signature(self, entry: DirEntry | None) -> Signature | None:
        if entry is None:
            return None
        try:
            now = signature(entry.stat(follow_symlinks=False))
        except OSError:
            return None
        return self._trusted(now)


def _as_it_was(record: Directory, found: list[DirEntry]) -> bool:
    """Whether the folder holds the same names, and its files have the signatures remembered."""
    if record.ignore is not None and b".gitignore" not in record.files:
        return False  # it is ignored itself, so that nothing below tells whether it changed
    if record.excluded is not None or len(found) != len(record.files) + len(record.folders) + len(record.left):
        return False
    files, left = record.files, record.left
    for entry in found:
        seen = files.get(entry.name)
        if seen is not None:
            status = entry.stat(follow_symlinks=False)
            # `signature`, written out because this line runs for every file of the project
            now = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)
            if now != seen[0]:
                return False
            continue
        out = left.get(entry.name)
        is_folder = entry.is_dir(follow_symlinks=False)
        if out is None:
            if not is_folder or entry.name not in record.folders:
                return False
        elif out[1] is not None or out[2] != is_folder:
            return False
    return True


def leads_out(root: bytes, path: bytes) -> bool:
    """Whether the link's target, as it is written, is not in the folder."""
    try:
        target = os.readlink(root + b"/" + path)
    except OSError:
        return False
    inside = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return os.path.isabs(target) or inside.split(b"/")[0] == b".."
