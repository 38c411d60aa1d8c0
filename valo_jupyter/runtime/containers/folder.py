"""The folder that a container and its driver share: sockets of a kernel, pipes of a shell, and how it starts."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

#: where the container has it
INSIDE = "/run/valo"
_START = "start"
_ENVIRONMENT = "environment"
_LIFELINE = "lifeline"

#: what a shell can export; and of those, what some shells keep for themselves
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_THE_SHELL = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID", "_"})

#: Takes up the environment; and ends the container's program, and so all in it, when its driver is gone, however that
#: ended: the pipe, which only the driver has open for writing, is at its end then. One process by its number is ended,
#: never all that there are: nothing may depend on this being a container. The program is not its parent, and so need
#: not `wait` for it.
_PREPARE = f"""\
. {INSIDE}/{_ENVIRONMENT}
: >{INSIDE}/{_ENVIRONMENT}
unset TINI_KILL_PROCESS_GROUP
export PATH="$HOME/.local/bin:$PATH"
watcher=$({{ read -r _ <{INSIDE}/{_LIFELINE}; kill -KILL $$; }} >/dev/null 2>&1 & echo $!)
"""

_NOSUID, _NODEV, _NOEXEC, _NOSYMFOLLOW = 2, 4, 8, 256
_DETACH = 2
#: names that code may make there; the sockets are six
_ENTRIES = 64


class RunFolder:
    """A private folder on this machine with a part that the container sees, `shared`.

    Whatever runs inside can replace a socket by a link to another one of this machine, to which its driver would then
    connect with its own powers. Where we may, the shared part is therefore a file system that follows no links.

    Parameters
    ----------
    below
        Short, since a socket's path is.
    owner
        User and group of the container's programs.
    mount
        Whether the container engine sees what this process mounts.
    """

    def __init__(self, below: Path, owner: tuple[int, int], *, mount: bool) -> None:
        # mkdtemp makes it 0700
        self.path = Path(tempfile.mkdtemp(prefix="valo-", dir=below))
        self.shared = self.path / "s"
        self.shared.mkdir(mode=0o700)
        self.mounted = mount and _mount(self.shared)
        if owner != (os.getuid(), os.getgid()):
            os.chown(self.shared, *owner)
        self._owner = owner
        self._lifeline = -1

    def write(self, name: str, content: str) -> None:
        """A file that only the container's programs and we can read."""
        path = self.shared / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(content)
            os.fchown(descriptor, *self._owner)

    def make_pipe(self, name: str) -> int:
        """A named pipe, open for reading and writing so that it never ends."""
        path = self.shared / name
        os.mkfifo(path, 0o600)
        os.chown(path, *self._owner)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)

    def make_output(self, name: str) -> OutputPipe:
        """A named pipe for what a program prints.

        The engine's own stream of it comes late and holds a copy; this is as if the program were our child.
        """
        path = self.shared / name
        os.mkfifo(path, 0o600)
        os.chown(path, *self._owner)
        read = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        return OutputPipe(read, os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW))

    def write_start(self, environment: Mapping[str, str], command: str, *, before: str = "") -> list[str]:
        """Write what `argv()` runs: `before` and `command`, in a shell. What no shell can hand on is left out.

        Returns the names of those variables. The container engine is given none: it shows them to all who may ask it.
        """
        left_out = [name for name in environment if not _NAME.fullmatch(name) or name in _OF_THE_SHELL]
        lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items() if name not in left_out]
        self.write(_ENVIRONMENT, "\n".join([*lines, ""]))
        self._lifeline = self.make_pipe(_LIFELINE)
        self.write(_START, f"{_PREPARE}{before}{command}\n")
        return left_out

    @staticmethod
    def argv() -> list[str]:
        return ["sh", f"{INSIDE}/{_START}"]

    def close(self) -> None:
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)
        if self.mounted:
            _unmount(self.shared)
        shutil.rmtree(self.path, ignore_errors=True)


class OutputPipe:
    """Its reading end, and a writing end, so that it does not end before there is a program."""

    def __init__(self, read: int, write: int) -> None:
        self.read = read
        self._write = write

    def end(self) -> None:
        """It is at its end as soon as the programs that write to it are."""
        write, self._write = self._write, -1
        if write >= 0:
            os.close(write)

    def close(self) -> None:
        self.end()
        read, self.read = self.read, -1
        if read >= 0:
            os.close(read)


def unmount_below(folder: Path) -> None:
    """Unmount what a driver that was killed has left mounted below `folder`."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        point = Path(line.split(" ")[4])
        if point.is_relative_to(folder) and point != folder:
            _unmount(point)


def _mount(folder: Path) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    flags = _NOSUID | _NODEV | _NOEXEC | _NOSYMFOLLOW
    options = f"size=8m,nr_inodes={_ENTRIES},mode=0700".encode()
    # refused by kernels before 5.10, and to a root that may not mount
    return _libc().mount(b"valo", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(flags), options) == 0


def _unmount(folder: Path) -> None:
    if sys.platform == "linux":
        _libc().umount2(os.fsencode(folder), _DETACH)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
