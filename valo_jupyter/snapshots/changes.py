"""The files that one commit has and another has not, with their content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from valo_jupyter.snapshots import git

#: Content that is asked for at a time, and files.
_AT_ONCE, _MOST = 4_000_000, 1000
#: Its path, its object, and how large it is.
_File = tuple[bytes, bytes, int]
#: The tree without any file, which git knows without having it.
_EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def changed_files(
    git_dir: Path, before: str | None, commit: str, *, largest: int, first: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Paths and content of the files that `commit` has and `before` (None: nothing) has not, or has otherwise.

    Links and files of more than `largest` bytes are left out, and paths before `first` in their order. A `before` that
    is not there any more counts as None.
    """
    if before == commit:
        return
    begin = first.encode("utf-8", "surrogateescape")
    named = [one for one in _named(git_dir, before, commit) if one[0] >= begin]
    sizes = git.run(
        ["cat-file", "--batch-check=%(objectsize)"], git_dir=git_dir, data=b"".join(sha + b"\n" for _, sha in named)
    )
    wanted = [(*one, int(size)) for one, size in zip(named, sizes.split(), strict=True) if int(size) <= largest]
    for together in _batches(wanted):
        content = git.run(
            ["cat-file", "--batch"], git_dir=git_dir, data=b"".join(sha + b"\n" for _, sha, _ in together)
        )
        end = 0
        for path, _, size in together:
            start = content.index(b"\n", end) + 1
            yield path.decode("utf-8", "surrogateescape"), content[start : start + size]
            end = start + size + 1


def _batches(wanted: list[_File]) -> Iterator[list[_File]]:
    together: list[_File] = []
    room = _AT_ONCE
    for one in wanted:
        together.append(one)
        room -= one[2]
        if room <= 0 or len(together) == _MOST:
            yield together
            together, room = [], _AT_ONCE
    if together:
        yield together


def _named(git_dir: Path, before: str | None, commit: str) -> list[tuple[bytes, bytes]]:
    """Path and object of each file, in the order of paths."""
    options = ["diff-tree", "-r", "-z", "--no-renames", "--diff-filter=AMT"]
    try:
        answer = git.run([*options, git.checked_sha(before or _EMPTY), git.checked_sha(commit)], git_dir=git_dir)
    except git.GitFailed:
        if before is None:
            raise
        answer = git.run([*options, _EMPTY, git.checked_sha(commit)], git_dir=git_dir)
    words = answer.split(b"\0")
    entries = zip(words[::2], words[1::2], strict=False)
    # `:000000 100644 0000… sha A`, then the path; regular files alone
    split = ((entry.split(b" "), path) for entry, path in entries if entry)
    return [(path, fields[3]) for fields, path in split if fields[1].startswith(b"100")]
