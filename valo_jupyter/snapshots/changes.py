"""The files that one commit has and another has not, with their content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from valo_jupyter.snapshots import git

#: Content that is asked for at a time.
_AT_ONCE = 16_000_000
#: The tree without any file, which git knows without having it.
_EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def changed_files(git_dir: Path, before: str | None, commit: str, *, largest: int) -> Iterator[tuple[str, bytes]]:
    """Paths and content of the files that `commit` has and `before` (None: nothing) has not, or has otherwise.

    Links and files of more than `largest` bytes are left out. A `before` that is not there any more counts as None.
    """
    if before == commit:
        return
    named = _named(git_dir, before, commit)
    sizes = git.run(
        ["cat-file", "--batch-check=%(objectsize)"], git_dir=git_dir, data=b"".join(sha + b"\n" for _, sha in named)
    )
    wanted = [(*one, int(size)) for one, size in zip(named, sizes.split(), strict=True) if int(size) <= largest]
    while wanted:
        together, room = [], _AT_ONCE
        while wanted and room > 0:
            together.append(wanted.pop(0))
            room -= together[-1][2]
        content = git.run(
            ["cat-file", "--batch"], git_dir=git_dir, data=b"".join(sha + b"\n" for _, sha, _ in together)
        )
        for path, _, size in together:
            start = content.index(b"\n") + 1
            yield path.decode("utf-8", "surrogateescape"), content[start : start + size]
            content = content[start + size + 1 :]


def _named(git_dir: Path, before: str | None, commit: str) -> list[tuple[bytes, bytes]]:
    """Path and object of each file, in the order of paths."""
    options = ["diff-tree", "-r", "-z", "--no-renames", "--diff-filter=AM"]
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
