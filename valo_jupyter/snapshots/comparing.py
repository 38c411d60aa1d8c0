"""Which files differ between two commits, of one repository or of two."""

from __future__ import annotations

from pathlib import Path

from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.objectfeed import ObjectFeed, listed


def changed_files(left: tuple[Path, str], right: tuple[Path, str]) -> list[tuple[str, str]]:
    """`(path, "changed" | "added" | "removed")` of what is not the same in the right (repository, commit), by path."""
    if left[1] == right[1]:
        return []
    before, after = _files(*left), _files(*right)
    changes = []
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            status = "added" if path not in before else "changed" if path in after else "removed"
            changes.append((path.decode("utf-8", "backslashreplace"), status))
    return changes


def _files(git_dir: Path, commit: str) -> dict[bytes, tuple[bytes, bytes]]:
    with ObjectFeed(git_dir) as objects:
        files, _, _ = listed(objects, git.checked_sha(commit))
    return {file.path: (file.mode, file.sha) for file in files}
