"""Walks the project folder: what is there, what is left out, and what is not as it was remembered."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from os import DirEntry, stat_result

from valo_jupyter.snapshots.memory import Directory, Memory, Seen, Signature, is_trusted, untrusted
from valo_jupyter.snapshots.rules import Rules

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
    links: list[bytes] = field(default_factory=list)
    files: int = 0
    bytes: int = 0


class TooMany(Exception):
    """There are more files than the caller wanted to know of."""


class Scanner:
    """One walk. Files whose signature is the remembered one are not looked at further."""

    def __init__(self, root: bytes, memory: Memory, rules: Rules, stale: bool, racy_after: int) -> None:
        self._root = root
        self._memory = memory
        self._rules = rules
        self._stale = stale
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
        directory = self.scan.directories[path] = Directory()
        try:
            with os.scandir(os.path.join(self._root, path)) as listing:
                entries = {entry.name: entry for entry in listing}
        except FileNotFoundError:
            directory.excluded = "gone"
            return directory, stale
        except OSError as error:
            directory.excluded = f"not readable: {error.strerror}"
            return directory, stale
        directory.excluded = self._rules.of_folder(path, entries)
        if directory.excluded is not None:
            return directory, stale
        directory.ignore = self._ignore_signature(entries.get(b".gitignore"))
        if not is_trusted(directory.ignore) or (record is not None and record.ignore != directory.ignore):
            stale = True
        self._sort_out(path, directory, record, entries, stale)
        return directory, stale

    def _sort_out(
        self, path: bytes, directory: Directory, record: Directory | None, entries: dict[bytes, DirEntry], stale: bool
    ) -> None:
        seen = record.files if record is not None else {}
        left = record.left if record is not None and not stale else {}
        known_folders = frozenset(record.folders) if record is not None and not stale else frozenset()
        folders: list[bytes] = []
        fresh: list[tuple[bytes, bool]] = []
        files = directory.files
        count = size = 0
        for name, entry in entries.items():
            if entry.is_dir(follow_symlinks=False):
                if name in known_folders:
                    folders.append(name)
                elif name in left and left[name][2]:
                    directory.left[name] = left[name]
                else:
                    fresh.append((name, True))
                continue
            old = seen.get(name)
            out = left.get(name)
            if stale or (old is None and (out is None or out[2])):
                fresh.append((name, False))
                continue
            if out is not None and out[1] is None:
                directory.left[name] = out
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if old is None:
                self._take(path, directory, name, status, None)
                continue
            # written out because it runs for every file of the folder
            now = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)
            if now == old[0]:
                files[name] = old
                count += 1
                size += status.st_size
                if stat.S_ISLNK(status.st_mode):
                    self.scan.links.append(path + b"/" + name if path else name)
            elif now[4] != old[0][4] or self._rules.depends_on_content(name):
                fresh.append((name, False))
            else:
                self._take(path, directory, name, status, old)
        self.scan.files += count
        self.scan.bytes += size
        if fresh:
            self._classify(path, directory, seen, entries, fresh, folders)
        directory.folders = tuple(sorted(folders))

    def _classify(
        self,
        path: bytes,
        directory: Directory,
        seen: dict[bytes, Seen],
        entries: dict[bytes, DirEntry],
        fresh: list[tuple[bytes, bool]],
        folders: list[bytes],
    ) -> None:
        rules = self._rules.of_names(path, fresh)
        for name, is_folder in fresh:
            if name in rules:
                directory.left[name] = (rules[name], None, is_folder)
            elif is_folder:
                folders.append(name)
            else:
                try:
                    status = entries[name].stat(follow_symlinks=False)
                except OSError:
                    continue
                self._take(path, directory, name, status, seen.get(name))

    def _take(self, path: bytes, directory: Directory, name: bytes, status: stat_result, old: Seen | None) -> None:
        now = signature(status)
        mode, size = status.st_mode, status.st_size
        pending = Pending(path, name, now, old[1] if old is not None else None)
        if stat.S_ISREG(mode):
            if size > self._rules.max_bytes and pending.path != self._rules.notebook:
                directory.left[name] = (self._rules.size_rule, size, False)
                return
        elif stat.S_ISLNK(mode):
            self.scan.links.append(pending.path)
        else:
            directory.left[name] = (f"not a file: {_KINDS.get(stat.S_IFMT(mode), 'of an unknown kind')}", 0, False)
            return
        self.scan.files += 1
        self.scan.bytes += size
        if old is not None and old[0] == now:
            directory.files[name] = old
        else:
            directory.files[name] = (now, _UNREAD)
            self.scan.pending.append(pending)

    def _ignore_signature(self, entry: DirEntry | None) -> Signature | None:
        if entry is None:
            return None
        try:
            now = signature(entry.stat(follow_symlinks=False))
        except OSError:
            return None
        return now if max(now[0], now[1]) < self._racy_after else untrusted(now)
