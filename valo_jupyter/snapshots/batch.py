"""Stores many blobs as one pack, which git compresses in its own process while the next are being read."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import git
from valo_jupyter.snapshots.objects import name_of


class Batch:
    """A `git fast-import` that is given blobs only. They are in the repository once the block is left."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir

    def __enter__(self) -> Batch:
        self._words = tempfile.TemporaryFile()
        self._process = git.start(
            ["fast-import", "--quiet", "--depth=0"],
            git_dir=self._git_dir, stdout=subprocess.DEVNULL, stderr=self._words,
        )  # fmt: skip
        return self

    def write(self, data: bytes) -> bytes:
        """Store one blob; its name."""
        assert self._process.stdin
        try:
            self._process.stdin.write(b"blob\ndata %d\n%s\n" % (len(data), data))
        except BrokenPipeError:
            self._process.wait()
            raise self._failure() from None
        return name_of(b"blob", data)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._process.stdin
        try:
            # after a failure too: what it has is whole, and killed it would leave an unfinished pack behind
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # its exit code tells
        self._process.wait()
        if kind is None and self._process.returncode != 0:
            raise self._failure()
        self._words.close()

    def _failure(self) -> SnapshotFailed:
        """Git's reason; what it leaves behind after a failure is removed, most of all when the disk is full."""
        self._words.seek(0)
        words = self._words.read()
        (self._git_dir / f"fast_import_crash_{self._process.pid}").unlink(missing_ok=True)
        for name in set(re.findall(rb"tmp_pack_\w+", words)):
            (self._git_dir / "objects" / "pack" / name.decode()).unlink(missing_ok=True)
        if b"No space" in words or b"diskspace" in words:
            said = "The disk is full: free some space and run again."
        else:
            said = f"git said: {git.said(words.partition(b'fast-import: dumping')[0])} Check the disk, and run again."
        return SnapshotFailed(f"The snapshot could not be stored in {self._git_dir}. {said}")
