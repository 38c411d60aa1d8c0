"""Runs git's plumbing without prompts, hooks or the caller's environment."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from valo_jupyter.domain.errors import Invalid, SnapshotFailed

_SHA = re.compile(r"[0-9a-f]{40}")

#: The caller's variables that git may see; everything named GIT_* could redirect it and is dropped.
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")

#: For every call: nobody is asked, nothing is written on the side, nothing is fetched, no path is a pattern.
_ALWAYS = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}

#: Unless the user's own configuration is asked for, only the repository's counts.
_NO_USER_CONFIG = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}

#: Nothing a repository's configuration names is run.
_HARMLESS = {"core.fsmonitor": "false", "core.hooksPath": os.devnull, "safe.directory": "*"}


class GitFailed(SnapshotFailed):
    """git could not do this."""


def environment(user_config: bool = False, config: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a git process; `config` overrides what any configuration file says."""
    variables = {name: os.environ[name] for name in _KEPT if name in os.environ}
    variables.update(_ALWAYS)
    if not user_config:
        variables.update(_NO_USER_CONFIG)
    settings = {**_HARMLESS, **(config or {})}
    variables["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def start(
    arguments: Sequence[str | bytes],
    *,
    git_dir: Path | None = None,
    work_tree: Path | None = None,
    user_config: bool = False,
    config: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.PIPE,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """A git process with pipes, in the work tree when there is one."""
    command: list[str | bytes] = ["git"]
    if git_dir is not None:
        command.append(f"--git-dir={git_dir}")
    if work_tree is not None:
        command.append(f"--work-tree={work_tree}")
    command.extend(arguments)
    try:
        return subprocess.Popen(
            command,
            cwd=work_tree or git_dir,
            env={**environment(user_config, config), **(variables or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
    except FileNotFoundError as error:
        if error.filename == "git":
            raise GitFailed(
                "git is not installed on this machine, or not on the PATH. Install git and run again."
            ) from None
        raise GitFailed(f"The folder {error.filename} is gone. Check the path and run again.") from None
    except OSError as error:
        raise GitFailed(f"git could not be started: {error}.") from error


def run(
    arguments: Sequence[str | bytes],
    *,
    git_dir: Path | None = None,
    work_tree: Path | None = None,
    user_config: bool = False,
    config: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    data: bytes | None = None,
    timeout: float = 120,
) -> bytes:
    """What git prints; `GitFailed` with its words when it fails or takes longer than `timeout` seconds."""
    process = start(
        arguments, git_dir=git_dir, work_tree=work_tree, user_config=user_config, config=config, variables=variables,
        stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        try:
            output, words = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise GitFailed(f"git {_text(arguments[0])} did not finish within {timeout:g} seconds.") from None
    if process.returncode != 0:
        raise GitFailed(f"git {_text(arguments[0])} failed: {said(words) or f'exit code {process.returncode}'}")
    return output


def said(words: bytes) -> str:
    """git's own explanation, in one line."""
    return " ".join(_text(words).replace("fatal: ", "").replace("error: ", "").split())[:500]


def checked_sha(value: str) -> str:
    """`value` if it is the full name of an object: nothing else ever reaches git's command line as a commit."""
    if not _SHA.fullmatch(value):
        raise Invalid(f"{value[:80]!r} is not a commit: 40 hexadecimal digits are needed.")
    return value


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")
