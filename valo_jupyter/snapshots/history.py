"""What the user's own git repository says of the folder, read without touching it or running anything it configures."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from valo_jupyter.domain.errors import SnapshotFailed
from valo_jupyter.snapshots import git, private
from valo_jupyter.snapshots.configuration import configuration_bytes, settings, silenced
from valo_jupyter.snapshots.fingerprint import of_repository
from valo_jupyter.snapshots.memory import Dirty
from valo_jupyter.snapshots.places import git_directory

DIRTY_AT_MOST = 1_000
_PATCH_BYTES = 200_000
_SECONDS = 30


class History:
    """One question to the user's repository, answered beside the snapshot.

    git looks at every file to say which differ, just as the snapshot does. So when HEAD, index and configuration are as
    they were at the previous snapshot, it is asked only about files that were dirty then or have changed since: while
    the folder is still walked, about those that one would expect, and again only if others turn out to have changed.
    """

    def __init__(self, folder: Path, dirty: Dirty | None) -> None:
        self._folder = folder
        self._git_dir = git_directory(folder)
        self._state = of_repository(self._git_dir) if self._git_dir is not None else b""
        self._before = dirty[1] if dirty is not None and dirty[0] == self._state else None
        self._threads = ThreadPoolExecutor(3, "valo-history") if self._git_dir is not None else None
        self._answer: Future[tuple[dict[str, Any], Dirty | None]] | None = None
        self._asked: list[bytes] | None = None

    @property
    def before(self) -> tuple[tuple[bytes, str], ...] | None:
        """What was dirty at the previous snapshot, if asking about changes since then is enough."""
        return self._before

    def begin(self, notebook: bytes | None) -> None:
        """Start asking about everything or, if that is enough, about what was dirty before and the notebook."""
        paths = None if self._before is None else sorted({path for path, _ in self._before} | {notebook or b".git"})
        self._start(paths)

    def narrow(self, paths: list[bytes] | None) -> None:
        """Now that it is known, ask about `paths`, or about everything if None; unless that has been asked already."""
        if self._answer is None or (
            self._asked is not None and (paths is None or not set(paths).issubset(self._asked))
        ):
            self._start(paths)

    def _start(self, paths: list[bytes] | None) -> None:
        if self._threads is not None:
            self._asked = paths
            self._answer = self._threads.submit(self._ask, self._threads, paths)

    def result(self, warnings: list[str]) -> tuple[dict[str, Any] | None, Dirty | None]:
        """`{"head", "branch", "remote", "dirty": [{"path", "status"}], "patch"}`, and what to remember of it."""
        if self._answer is None:
            return None, None
        try:
            return self._answer.result()
        except SnapshotFailed as error:  # the code is safe; only what git says of it is missing
            warnings.append(f"The state of the folder's own git repository is not recorded. {error.message}")
            return None, None

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()

    def _ask(self, threads: ThreadPoolExecutor, paths: list[bytes] | None) -> tuple[dict[str, Any], Dirty | None]:
        assert self._git_dir is not None
        config = settings(self._folder, self._git_dir, configuration_bytes(self._git_dir))
        overrides = silenced(config)
        patch: Future[bytes] | None = None
        if paths is not None:  # few, so that their difference can be made before it is known which differ
            patch = threads.submit(self._patch, "HEAD", paths, overrides)
        head, branch, dirty = self._status(paths, overrides)
        if patch is None and head is not None:
            changed = [path for path, status in dirty if status != "?"]
            patch = threads.submit(self._patch, head, changed[:DIRTY_AT_MOST], overrides)
        described = {
            "head": head,
            "branch": branch,
            "remote": _remote(config, branch),
            "dirty": [{"path": _text(path), "status": status} for path, status in dirty[:DIRTY_AT_MOST]],
            "patch": (_text(patch.result()) or None) if patch is not None and head is not None else None,
        }
        return described, (self._state, tuple(dirty)) if len(dirty) <= DIRTY_AT_MOST else None

    def _status(
        self, paths: list[bytes] | None, overrides: dict[str, str]
    ) -> tuple[str | None, str | None, list[tuple[bytes, str]]]:
        command: list[str | bytes] = ["status", "--porcelain=v2", "-z", "--branch", "--untracked-files=normal"]
        command += ["--ignore-submodules=dirty", "--no-renames"]
        if paths is not None:
            command += ["--", *(paths or [b".git"])]  # a path that never is in a status
        answer = git.run(
            command, git_dir=self._git_dir, work_tree=self._folder, user_config=True, config=overrides, timeout=_SECONDS
        )
        return _parse(answer)

    def _patch(self, head: str, paths: list[bytes], overrides: dict[str, str]) -> bytes:
        """The difference to HEAD as text, cut at a line when it is long; without secret places, and notebooks.

        Notebooks would be in it with their outputs, which no snapshot has of the one that is run.
        """
        shown = [path for path in paths if not _private(path) and not path.endswith(b".ipynb")]
        if not shown:
            return b""
        command: list[str | bytes] = ["diff-index", "--patch", "--no-color", "--no-ext-diff", "--no-textconv"]
        command += ["--no-renames", "--ignore-submodules=dirty", head, "--", *shown]
        process = git.start(
            command, git_dir=self._git_dir, work_tree=self._folder, user_config=True, config=overrides,
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with process:
            assert process.stdout
            text = process.stdout.read(_PATCH_BYTES + 1)
            process.kill()
        if len(text) <= _PATCH_BYTES:
            return text
        return text[: text.rfind(b"\n", 0, _PATCH_BYTES) + 1] + b"... (the rest of the difference is not kept)\n"


def _parse(answer: bytes) -> tuple[str | None, str | None, list[tuple[bytes, str]]]:
    head = branch = None
    dirty: list[tuple[bytes, str]] = []
    for entry in answer.split(b"\0"):
        kind, _, rest = entry.partition(b" ")
        if kind == b"#":
            key, _, value = rest.partition(b" ")
            if key == b"branch.oid" and value != b"(initial)":
                head = value.decode()
            elif key == b"branch.head" and value != b"(detached)":
                branch = _text(value)
        elif kind == b"1":
            fields = rest.split(b" ", 7)
            states = fields[0].decode().replace(".", "")
            dirty.append((fields[7], states[-1:]))
        elif kind == b"u":
            dirty.append((rest.split(b" ", 9)[9], "U"))
        elif kind == b"?":
            dirty.append((rest, "?"))
    return head, branch, dirty


def _private(path: bytes) -> bool:
    parts = ["", *_text(path).rstrip("/").split("/")]
    return any(private.secret_place(above, part) for above, part in pairwise(parts))


def _remote(config: dict[str, str], branch: str | None) -> str | None:
    """The branch's remote, else origin, without the password that its address may hold."""
    name = config.get(f"branch.{branch}.remote", "origin")
    url = config.get(f"remote.{name}.url")
    if url is None or "://" not in url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = "git@" if parts.scheme == "ssh" and parts.username == "git" else ""
    return urlunsplit((parts.scheme, user + host, parts.path, "", ""))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
