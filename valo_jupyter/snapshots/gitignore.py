"""Asks git itself which paths its ignore files exclude, and which paths it tracks all the same."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

from valo_jupyter.snapshots import defaults, git

#: Bytes of questions in flight: less than any system's pipe holds, so that writing them never waits for git.
_BATCH = 8_000


class GitIgnore:
    """One `git check-ignore` process, started with the first question: nested files, negation and all are git's own."""

    def __init__(self, folder: Path, git_dir: Path) -> None:
        self._folder = folder
        self._git_dir = git_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process

    def rules(self, paths: list[bytes]) -> dict[bytes, str]:
        """For each ignored one of these paths (relative to the folder): `.gitignore:3 data/`."""
        found: dict[bytes, str] = {}
        batch: list[bytes] = []
        size = 0
        for path in paths:
            batch.append(path)
            size += len(path) + 1
            if size > _BATCH:
                self._ask(batch, found)
                batch, size = [], 0
        if batch:
            self._ask(batch, found)
        return found

    def _ask(self, paths: list[bytes], found: dict[bytes, str]) -> None:
        if self._process is None:
            self._process = git.start(
                ["check-ignore", "--no-index", "--stdin", "-z", "--verbose", "--non-matching"],
                git_dir=self._git_dir, work_tree=self._folder, user_config=True, stderr=self._words,
                variables={"GIT_LITERAL_PATHSPECS": "0"},  # it knows no other value
            )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        try:
            # a leading colon would be magic
            self._process.stdin.write(
                b"".join(b"./%s\0" % path if path[:1] == b":" else path + b"\0" for path in paths)
            )
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words are read below
        answer, missing = [], 4 * len(paths)
        while missing > 0:
            chunk = os.read(self._process.stdout.fileno(), 1 << 16)
            if not chunk:
                self._words.seek(0)
                raise git.GitFailed(
                    f"git could not apply the ignore files of {self._folder}: {git.said(self._words.read())}"
                )
            answer.append(chunk)
            missing -= chunk.count(b"\0")
        fields = b"".join(answer).split(b"\0")
        for number, path in enumerate(paths):
            source, line, pattern = fields[4 * number : 4 * number + 3]
            if pattern and not pattern.startswith(b"!"):
                found[path] = f"{self._short(source)}:{line.decode()} {pattern.decode('utf-8', 'backslashreplace')}"

    def _short(self, source: bytes) -> str:
        text = source.decode("utf-8", "backslashreplace")
        for folder, instead in ((str(self._folder), ""), (os.path.expanduser("~"), "~/")):
            if text.startswith(folder + os.sep):
                return instead + text[len(folder) + 1 :]
        return text

    def close(self) -> None:
        self._words.close()
        if self._process is not None:
            assert self._process.stdin
            assert self._process.stdout
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
            self._process.stdout.close()
            self._process.wait(timeout=10)


class Tracked:
    """The paths in a repository's index, read when first asked for."""

    def __init__(self, folder: Path, git_dir: Path) -> None:
        self._folder = folder
        self.git_dir = git_dir

    def although_ignored(self) -> bytes:
        """The tracked files that git's ignore files or the default list would exclude."""
        command = ["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]
        command += [f"--exclude={pattern}" for pattern in defaults.patterns()]
        return self._listed(command)

    @cached_property
    def _files(self) -> frozenset[bytes]:
        return frozenset(self._listed(["ls-files", "-z", "--cached"]).split(b"\0")[:-1])

    def _listed(self, command: list[str]) -> bytes:
        try:
            return git.run(command, git_dir=self.git_dir, work_tree=self._folder, user_config=True)
        except git.GitFailed:  # a damaged index: git itself would track nothing; the history's warning tells
            return b""

    @cached_property
    def _folders(self) -> frozenset[bytes]:
        folders = set()
        for path in self._files:
            folder = os.path.dirname(path)
            while folder and folder not in folders:
                folders.add(folder)
                folder = os.path.dirname(folder)
        return frozenset(folders)

    def __contains__(self, path: bytes) -> bool:
        return path in self._files or path in self._folders
