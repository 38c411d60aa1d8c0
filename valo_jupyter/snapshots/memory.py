"""What the previous snapshot of a folder saw, so that the next one reads only what changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import NamedTuple

#: `(mtime_ns, ctime_ns, size, inode, mode)`
Signature = tuple[int, int, int, int, int]
#: a file as it was, and its blob
Seen = tuple[Signature, bytes]
#: a name left out: the rule; its size if it must be looked at again next time, since its name is not the reason;
#: whether it is a folder; whether git may track it
Out = tuple[str, "int | None", bool, bool]
#: a digest of the state of the user's repository, and what was dirty: `(path, status)`
Dirty = tuple[bytes, "tuple[tuple[bytes, str], ...]"]


def untrusted(seen: Signature) -> Signature:
    """For a file so fresh that it could change without its times showing it: equal to no file's signature."""
    return (-1, *seen[1:])


def is_trusted(seen: Signature | None) -> bool:
    return seen is None or seen[0] != -1


@dataclass
class Directory:
    """One folder of a snapshot. Once its snapshot is complete it is not changed any more, and the next may share it."""

    files: dict[bytes, Seen] = field(default_factory=dict)
    left: dict[bytes, Out] = field(default_factory=dict)
    folders: tuple[bytes, ...] = ()
    #: signature of its `.gitignore`
    ignore: Signature | None = None
    #: why nothing of it is taken
    excluded: str | None = None
    tree: bytes | None = None
    #: sum of its files' sizes
    size: int = 0
    #: names of its links that lead out of the folder
    astray: tuple[bytes, ...] = ()
    #: its own signature, taken before its names were
    own: Signature | None = None
    #: whether the index that git compares holds all its files
    indexed: bool = False


class State(NamedTuple):
    """What a snapshot depended on besides the folder itself."""

    #: a digest of all that decides what is left out, but for nested ignore files
    rules: bytes = b""
    #: the notebook that was stored cleaned
    notebook: bytes | None = None
    #: nested repositories
    repositories: tuple[bytes, ...] = ()
    #: a digest of the state of every repository's index
    indexes: bytes = b""
    #: a digest of the files that git tracks although a rule ignores them
    exceptions: bytes = b""
    dirty: Dirty | None = None
    #: the name of the index that git compares
    compared: bytes = b""
    #: whether a snapshot of this folder was completed before
    completed: bool = False


@dataclass
class Memory:
    """Every folder by its path, and the state under which they were looked at."""

    directories: dict[bytes, Directory] = field(default_factory=dict)
    state: State = field(default_factory=State)

    def forget(self, path: bytes | None) -> None:
        """Have this file judged and read again, and the folders around it judged again."""
        while path:
            path, name = os.path.split(path)
            old = self.directories.get(path)
            if old is not None:
                self.directories[path] = replace(
                    old,
                    files={one: seen for one, seen in old.files.items() if one != name},
                    left={one: out for one, out in old.left.items() if one != name},
                    folders=tuple(one for one in old.folders if one != name),
                )
