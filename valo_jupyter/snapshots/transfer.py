"""Carries a commit from one repository to another as a git pack."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from valo_jupyter.domain.errors import Invalid, MissingObjects, NotFound
from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.objects import CHUNK, storing

PACK_BYTES = 4_000_000_000


def pack(git_dir: Path, commit: str, have: Sequence[str] = ()) -> Iterator[bytes]:
    """The commit as a pack, in pieces; without what `have`, commits that both sides hold, consist of."""
    wanted = git.checked_sha(commit) + "\n"
    for sha in have:
        # the tree, because snapshots are not each other's parents: git would look for nothing below the commit
        wanted += f"^{git.checked_sha(sha)}^{{tree}}\n"
    with tempfile.TemporaryFile() as words:
        process = git.start(["pack-objects", "--revs", "--stdout", "--quiet"], git_dir=git_dir, stderr=words)
        with process:
            assert process.stdin
            assert process.stdout
            try:
                process.stdin.write(wanted.encode())
                process.stdin.close()
                while piece := process.stdout.read(CHUNK):
                    yield piece
            except GeneratorExit:
                process.kill()
                raise
        if process.returncode != 0:
            words.seek(0)
            raise NotFound(f"The commit {commit} cannot be sent: {git.said(words.read())}")


def receive_pack(git_dir: Path, source: IO[bytes] | Path, commit: str, max_bytes: int = PACK_BYTES) -> None:
    """Take in a pack that brings `commit`. It joins the repository only when the commit is complete.

    Raises
    ------
    MissingObjects
        The pack builds on something this repository does not have: a full one is needed.
    Invalid
        It is no pack, is larger than `max_bytes`, or holds what git refuses (such as a file named `.git`).
    """
    git.checked_sha(commit)
    with storing(git_dir):
        quarantine = Path(tempfile.mkdtemp(prefix="incoming-", dir=git_dir / "objects"))
    try:
        (quarantine / "pack").mkdir()
        variables = {
            "GIT_OBJECT_DIRECTORY": str(quarantine),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects"),
        }
        _index(git_dir, source, variables, max_bytes)
        _check_complete(git_dir, commit, variables)
        with storing(git_dir):
            # the index last: git looks for packs by their index
            for path in sorted((quarantine / "pack").iterdir(), key=lambda path: path.suffix == ".idx"):
                os.replace(path, git_dir / "objects" / "pack" / path.name)
    finally:
        shutil.rmtree(quarantine, ignore_errors=True)


def _index(git_dir: Path, source: IO[bytes] | Path, variables: dict[str, str], max_bytes: int) -> None:
    command = ["index-pack", "--stdin", "--strict", f"--max-input-size={max_bytes}"]
    with tempfile.TemporaryFile() as words:
        process = git.start(command, git_dir=git_dir, variables=variables, stdout=subprocess.DEVNULL, stderr=words)
        with process:
            assert process.stdin
            try:
                if isinstance(source, Path):
                    with source.open("rb") as file:
                        shutil.copyfileobj(file, process.stdin, CHUNK)
                else:
                    shutil.copyfileobj(source, process.stdin, CHUNK)
                process.stdin.close()
            except BrokenPipeError:
                pass  # git has given up on it, and says why
        if process.returncode != 0:
            words.seek(0)
            said = git.said(words.read())
            if "unresolved delta" in said or "missing" in said or "did not receive expected object" in said:
                raise MissingObjects(f"The pack builds on code that is not here ({said}). Send a full one.")
            raise Invalid(f"The pack was refused: {said or 'git ended early'}.")


def _check_complete(git_dir: Path, commit: str, variables: dict[str, str]) -> None:
    try:
        command = ["rev-list", "--objects", "--quiet", "--max-count=1", commit]
        git.run(command, git_dir=git_dir, variables=variables, timeout=600)
    except git.GitFailed as error:
        raise MissingObjects(f"The pack does not bring all of {commit} ({error.message}). Send a full one.") from error
