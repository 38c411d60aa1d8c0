"""The project's bare repository: made once, read by path."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import git, loose

#: Highest in git's order of precedence: whatever a snapshot's own .gitattributes say, bytes stay bytes.
ATTRIBUTES = "* -text -filter -ident -working-tree-encoding -export-subst -export-ignore\n"

#: Snapshots are referenced by executions, not by git's refs, so git must never tidy them away.
CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tautocrlf = false
\tsymlinks = true
[gc]
\tauto = 0
\tpruneExpire = never
[maintenance]
\tauto = false
[fastimport]
\tunpackLimit = 1
[pack]
\tcompression = 1
"""


def ensure_repository(git_dir: Path) -> Path:
    """Make the bare repository unless it is there; many may call this at once.

    Written by hand instead of by `git init`, whose templates, hooks and defaults come from the user's configuration.
    """
    if _complete(git_dir):
        return git_dir
    try:
        git_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(prefix=f".{git_dir.name}.", dir=git_dir.parent))
        try:
            _lay_out(temporary)
            os.rename(temporary, git_dir)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)
            if not git_dir.is_dir():
                raise
            _lay_out(git_dir)  # somebody else was first, or left it incomplete
    except OSError as error:
        raise SnapshotFailed(
            f"The repository {git_dir} could not be made: {error.strerror}. "
            "Free space or fix its folder's permissions, or set VALO_HOME to a folder that can be written."
        ) from error
    return git_dir


def _complete(git_dir: Path) -> bool:
    try:
        return (git_dir / "info" / "attributes").read_text() == ATTRIBUTES and (git_dir / "HEAD").exists()
    except OSError:
        return False


def _lay_out(git_dir: Path) -> None:
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git_dir / folder).mkdir(parents=True, exist_ok=True)
    for name, text in (("config", CONFIG), ("info/attributes", ATTRIBUTES), ("HEAD", "ref: refs/heads/main\n")):
        path = git_dir / name
        if name == "HEAD" and path.exists():
            continue
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        temporary.write_text(text)
        os.replace(temporary, path)


def read_file(git_dir: Path, commit: str, path: str) -> bytes | None:
    """A file's bytes in a commit; None when the commit has no such file. A link is not followed."""
    name = f"{git.checked_sha(commit)}:{path}"
    if not path or "\n" in path or path.startswith(("/", "./", "../")):
        return None
    encoded = name.encode("utf-8", "surrogateescape")
    if (data := loose.read_file(git_dir, commit.encode(), encoded[41:])) is not None:
        return data
    answer = git.run(["cat-file", "--batch"], git_dir=git_dir, data=encoded + b"\n")
    header, _, rest = answer.partition(b"\n")
    if header.endswith((b" missing", b" ambiguous")):
        return None
    _, kind, size = header.split(b" ")
    return rest[: int(size)] if kind == b"blob" else None


def has_commit(git_dir: Path, commit: str) -> bool:
    """Whether the repository has that commit."""
    name = git.checked_sha(commit)
    answer = git.run(["cat-file", "--batch-check=%(objecttype)"], git_dir=git_dir, data=name.encode() + b"\n")
    return answer.strip() == b"commit"
