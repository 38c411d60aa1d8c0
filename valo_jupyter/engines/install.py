"""Runs on a computer that has nothing but Python: installs a server's wheel, once, and becomes a machine.

It is run from within the wheel, by `bootstrap.sh`, and needs the standard library only. `--where WHEEL FOLDER` prints
the Python that has it, instead of becoming a machine.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_PROGRAM = ["-m", "valo_jupyter.engines.remote"]
#: runtimes of earlier versions that are kept, the newest first
_KEPT = 3
_SECONDS = 900


class Failed(Exception):
    """The runtime cannot be installed; the text says why."""


def runtime(wheel: Path, folder: Path) -> Path:
    """The Python that has the wheel's code: this one, or one in `folder`, which is made the first time."""
    match = re.search(r"-0([0-9a-f]{16})-py3", wheel.name)
    if match is None:
        raise Failed(f"{wheel.name} is no wheel of a Valo server.")
    if _has(sys.executable, match[1]):
        return Path(sys.executable)
    runtimes = folder / "runtimes"
    runtimes.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = runtimes / match[1]
    python = home / "bin" / "python"
    with open(runtimes / ".lock", "w") as lock:
        # machines that start together install once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            _install(wheel, home, python)
            _forget(runtimes)
        os.utime(home)
    return python


def _has(python: str, digest: str) -> bool:
    """Whether that Python has this very code, with what it needs, without the wheel's help."""
    code = f"import valo_jupyter.engines.bundle as b, valo_jupyter.engines.remote; assert b.digest() == {digest!r}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [python, "-c", code], env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return found.returncode == 0


def _install(wheel: Path, home: Path, python: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    _run([sys.executable, "-m", "venv", "--system-site-packages", str(home)], "a virtual environment cannot be made")
    _see_own_packages(python)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    try:
        # where everything is there already, or nothing can be reached
        _run([*pip, "--no-index", str(wheel)], "")
    except Failed:
        _run([*pip, str(wheel)], "the packages that a machine needs cannot be installed")
    (home / "complete").touch()


def _see_own_packages(python: Path) -> None:
    """Let the new environment see the packages of this one also when this one is virtual itself."""
    if sys.prefix == sys.base_prefix:
        return
    own = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    lines = [f"import site; site.addsitedir({path!r})" for path in sorted(own)]
    target = subprocess.check_output(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True, env=_environment()
    )
    Path(target.strip(), "valo-parent.pth").write_text("\n".join(lines) + "\n")


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, env=_environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{what}: {error}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failed(f"{what}: " + " ".join(line.strip() for line in said[-4:]))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _forget(runtimes: Path) -> None:
    found = sorted((path for path in runtimes.iterdir() if path.is_dir()), key=os.path.getmtime, reverse=True)
    for path in found[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def main() -> None:
    arguments = sys.argv[1:]
    only_where = arguments[0] == "--where"
    wheel, folder, *more = arguments[only_where:]
    try:
        python = runtime(Path(wheel).absolute(), Path(folder).expanduser().absolute())
    except (Failed, OSError) as error:
        print(f"Valo cannot be installed on {os.uname().nodename}: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    if only_where:
        print(python)
        return
    os.execve(python, [str(python), *_PROGRAM, *more], _environment())


if __name__ == "__main__":
    main()
