"""What the user's own git repository says of the folder, read without touching it or running anything it configures."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from valo_jupyter.snapshots import git, private
from valo_jupyter.snapshots.places import configuration_bytes, git_directory

_DIRTY_AT_MOST = 1_000
_PATCH_BYTES = 200_000
_SECONDS = 30
_FILTER = re.compile(r"filter\.(.*)\.(?:clean|smudge|process|required)", re.S)


def describe(folder: Path) -> dict[str, Any] | None:
    """`{"head", "branch", "remote", "dirty": [{"path", "status"}], "patch"}`; None if the folder is no repository."""
    git_dir = git_directory(folder)
    if git_dir is None:
        return None
    config = _configuration(git_dir, folder, configuration_bytes(git_dir))
    silenced = _silenced(config)
    answer = git.run(
        ["status", "--porcelain=v2", "-z", "--branch", "--untracked-files=normal", "--ignore-submodules=dirty",
         "--no-renames"],
        git_dir=git_dir, work_tree=folder, config=silenced, timeout=_SECONDS,
    )  # fmt: skip
    head, branch, dirty = _parse(answer)
    changed = [path for path, status in dirty if status not in ("?", "U") and not _private(path)]
    patch = b""
    if head is not None and changed:
        patch = _patch(git_dir, folder, head, changed[:_DIRTY_AT_MOST], silenced)
    return {
        "head": head,
        "branch": branch,
        "remote": _remote(config, branch),
        "dirty": [{"path": _text(path), "status": status} for path, status in dirty[:_DIRTY_AT_MOST]],
        "patch": _text(patch) or None,
    }


@lru_cache(8)
def _configuration(git_dir: Path, folder: Path, _content: bytes) -> dict[str, str]:
    """The repository's settings; asked anew when the content of its configuration file is another."""
    listed = git.run(["config", "--list", "-z"], git_dir=git_dir, work_tree=folder, timeout=_SECONDS)
    pairs = (item.partition(b"\n") for item in listed.split(b"\0") if item)
    return {_text(key): _text(value) for key, _, value in pairs}


def _silenced(config: dict[str, str]) -> dict[str, str]:
    """Overrides under which no filter of the repository runs."""
    names = {match[1] for key in config if (match := _FILTER.fullmatch(key))}
    settings = {"diff.autoRefreshIndex": "false", "status.submoduleSummary": "false"}
    for name in names:
        settings.update({f"filter.{name}.{key}": "" for key in ("clean", "smudge", "process")})
        settings[f"filter.{name}.required"] = "false"
    return settings


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


def _patch(git_dir: Path, folder: Path, head: str, paths: list[bytes], config: dict[str, str]) -> bytes:
    """The difference to HEAD as text, cut at a line when it is long."""
    process = git.start(
        ["diff-index", "--patch", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
         "--ignore-submodules=dirty", head, "--", *paths],
        git_dir=git_dir, work_tree=folder, config=config,
    )  # fmt: skip
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        text = process.stdout.read(_PATCH_BYTES + 1)
        process.kill()
    if len(text) <= _PATCH_BYTES:
        return text
    return text[: text.rfind(b"\n", 0, _PATCH_BYTES) + 1] + b"... (the rest of the difference is not kept)\n"


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
