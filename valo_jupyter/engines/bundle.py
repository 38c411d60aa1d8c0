"""This very installation as a wheel for machines elsewhere, and the script that installs and runs it there."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from valo_jupyter import __version__

_PACKAGE = Path(__file__).resolve().parents[1]
_EXTRA = "machine"
#: what is none of a machine's business, and large
_LEFT_OUT = ("labextension", "__pycache__")
#: a wheel's files have one time, so that the same code is the same wheel
_TIME = (1980, 1, 1, 0, 0, 0)
_BOOTSTRAP = """\
#!/bin/sh
# Runs a Valo machine on this computer from the wheel of its server, which is installed the first time.
# usage: sh bootstrap.sh WHEEL FOLDER [PYTHON]; the machine's configuration is standard input
set -u
wheel=$1 folder=$2 python=${3:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
  echo "There is no $python on $(hostname): install Python 3.10 or newer there, or name another one." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' </dev/null; then
  echo "$python on $(hostname) is $("$python" -V 2>&1): a machine needs Python 3.10 or newer." >&2
  exit 1
fi
PYTHONPATH=$wheel exec "$python" -m valo_jupyter.engines.install "$wheel" "$folder"
"""


def wheel(folder: Path) -> Path:
    """The wheel in `folder`, made unless it is there; its name has the digest of its content."""
    # a build number, which begins with a digit
    path = folder / f"valo_jupyter-{__version__}-0{digest()}-py3-none-any.whl"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        _write(temporary)
        os.replace(temporary, path)
    return path


def bootstrap() -> str:
    """The shell script that a computer runs with the wheel: `sh bootstrap.sh WHEEL FOLDER [PYTHON]`."""
    return _BOOTSTRAP


@lru_cache(maxsize=1)
def digest() -> str:
    """Of the code of this installation, wherever it is installed."""
    found = hashlib.sha256(__version__.encode())
    for name, path in _files():
        found.update(f"\0{name}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _files() -> Iterator[tuple[str, Path]]:
    for path in sorted(_PACKAGE.rglob("*.py")):
        parts = path.relative_to(_PACKAGE).parts
        if not any(part in _LEFT_OUT for part in parts):
            yield "/".join(("valo_jupyter", *parts)), path


def _write(path: Path) -> None:
    about = f"valo_jupyter-{__version__}.dist-info"
    entries = {name: file.read_bytes() for name, file in _files()}
    entries[f"{about}/METADATA"] = _metadata().encode()
    entries[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: valo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    entries[f"{about}/entry_points.txt"] = (distribution("valo-jupyter").read_text("entry_points.txt") or "").encode()
    record = "".join(f"{name},{_checksum(content)},{len(content)}\n" for name, content in entries.items())
    entries[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            file.writestr(info, content)


def _metadata() -> str:
    """That of this distribution, but that it needs only what a machine needs."""
    lines = ["Metadata-Version: 2.1", "Name: valo-jupyter", f"Version: {__version__}", "Requires-Python: >=3.10"]
    lines += [f"Requires-Dist: {one}" for one in requirements()]
    # so that it can be asked for in the same words as the whole one
    return "\n".join([*lines, f"Provides-Extra: {_EXTRA}", ""])


def requirements() -> list[str]:
    """What the extra `machine` names."""
    found = []
    for text in distribution("valo-jupyter").requires or []:
        requirement = Requirement(text)
        if requirement.marker is not None and _EXTRA in str(requirement.marker):
            requirement.marker = None
            found.append(str(requirement))
    if not found:
        raise RuntimeError("This installation is older than its code: install valo-jupyter again.")
    return sorted(found)


def _checksum(content: bytes) -> str:
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
