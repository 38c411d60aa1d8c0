"""Images made without any registry: the running interpreter, the libraries it needs and busybox, written as the archive
that `docker save` would write.

Files keep their times, so the compiled modules beside them stay valid, and nothing is compiled in the image.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

#: busybox with its commands, nothing else
TINY = "valo-test/tiny:1"
#: python and sh, with pip, without ipykernel
PYTHON = "valo-test/python:plain"
#: python with ipykernel and valohai-utils
NOTEBOOK = "valo-test/notebook:1"

BUSYBOX = Path("/usr/bin/busybox")
#: parts of the standard library that no test needs
LEFT_OUT = ("config-", "ensurepip", "idlelib", "lib2to3", "site-packages", "dist-packages", "test", "tkinter", "turtle")
#: what ipykernel and IPython can do without, and is large
OPTIONAL = {"debugpy", "jedi"}
PREFIX = "usr/local"
PURE = f"{PREFIX}/lib/python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Image:
    tag: str
    #: distributions beside Python and pip, as the running interpreter has them; None: no Python at all
    packages: tuple[str, ...] | None = None


IMAGES = (Image(TINY), Image(PYTHON, ()), Image(NOTEBOOK, ("ipykernel", "valohai-utils", "requests")))


def archive(folder: Path, images: tuple[Image, ...] = IMAGES) -> Path:
    """A file for `client.images.load`; found again in `folder` as long as nothing it is made of has changed."""
    layers: dict[Any, dict[str, Path | bytes | str]] = {"tiny": _tiny()}
    if any(image.packages is not None for image in images):
        layers["python"] = {**_python(), **_packages(("pip",))}
    for image in images:
        if image.packages:
            layers[image.packages] = _packages(image.packages)
    key = hashlib.sha256(repr((images, [_facts(layer) for layer in layers.values()])).encode()).hexdigest()[:16]
    path = folder / f"images-{key}.tar"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    packed = {name: _pack(content) for name, content in layers.items()}
    fresh = folder / f".{path.name}.{os.getpid()}"
    with tarfile.open(fresh, "w") as file:
        index = []
        for data in packed.values():
            _put(file, f"{_sha(data)}/layer.tar", data)
        for image in images:
            names = ["tiny"] if image.packages is None else ["tiny", "python", image.packages]
            shas = [_sha(packed[name]) for name in names if name in packed]
            config = _config(shas)
            _put(file, f"{_sha(config)}.json", config)
            layer_files = [f"{sha}/layer.tar" for sha in shas]
            index.append({"Config": f"{_sha(config)}.json", "RepoTags": [image.tag], "Layers": layer_files})
        _put(file, "manifest.json", json.dumps(index).encode())
    # others may make the same one at this moment
    fresh.rename(path)
    for old in folder.glob("images-*.tar"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def _config(layers: list[str]) -> bytes:
    value = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
            "Cmd": ["/bin/sh"],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
    }
    return json.dumps(value, sort_keys=True).encode()


# A layer is `{path in the image: file to copy, content, or "-> target" of a link}`; a folder's path ends in `/`.


def _tiny() -> dict[str, Path | bytes | str]:
    commands = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    return {
        "bin/busybox": BUSYBOX,
        **{f"bin/{name}": "-> busybox" for name in commands if name != "busybox"},
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
        "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
        "root/": b"",
        "tmp/": b"",
        "usr/bin/env": "-> /bin/busybox",
    }


def _python() -> dict[str, Path | bytes | str]:
    program = Path(os.path.realpath(sys.executable))
    standard = Path(sysconfig.get_path("stdlib"))
    layer: dict[str, Path | bytes | str] = {
        f"{PREFIX}/bin/{PURE.rsplit('/', 1)[1]}": program,
        f"{PREFIX}/bin/python3": f"-> {PURE.rsplit('/', 1)[1]}",
        f"{PREFIX}/bin/python": "-> python3",
    }
    native = [program]
    for path in _files(standard, LEFT_OUT):
        if not path.name.startswith("_tkinter"):
            layer[f"{PURE}/{path.relative_to(standard)}"] = path
            if path.suffix == ".so":
                native.append(path)
    return {**layer, **_libraries(native)}


def _packages(names: tuple[str, ...]) -> dict[str, Path | bytes | str]:
    layer: dict[str, Path | bytes | str] = {}
    native = []
    for distribution in _closure(names):
        for path in distribution.files or ():
            found = Path(str(path.locate()))
            relative = os.path.normpath(f"{PURE}/site-packages/{path}")
            # programs name the interpreter that they were installed for
            if found.is_file() and not relative.startswith(f"{PREFIX}/bin/"):
                layer[relative] = found
                if ".so" in found.suffixes:
                    native.append(found)
    return {**layer, **_libraries(native)}


def _closure(names: tuple[str, ...]) -> Iterator[importlib.metadata.Distribution]:
    wanted, seen = list(names), set(OPTIONAL)
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        yield distribution
        for requirement in map(Requirement, distribution.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)


def _libraries(native: list[Path]) -> dict[str, Path | bytes | str]:
    """Shared libraries, all where the loader looks by itself: the folder of the C library."""
    if not native:
        return {}
    printed = subprocess.run(["ldd", *native], capture_output=True, text=True, timeout=60).stdout
    found = {name: Path(path) for name, path in re.findall(r"^\s+(\S+) => (/\S+) \(", printed, re.M)}
    loaders = {Path(path) for path in re.findall(r"^\s+(/\S+) \(", printed, re.M)}
    home = found["libc.so.6"].parent
    # loaded by name when a thread is cancelled
    found.setdefault("libgcc_s.so.1", home / "libgcc_s.so.1")
    # those that a package brings along are found beside it
    libraries = {name: path for name, path in found.items() if "site-packages" not in path.parts}
    return {
        **{str(home / name).lstrip("/"): path for name, path in libraries.items()},
        **{str(loader).lstrip("/"): loader for loader in loaders},
    }


def _files(folder: Path, left_out: tuple[str, ...]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        at_top = Path(parent) == folder
        folders[:] = sorted(name for name in folders if name != "test" and not (at_top and name.startswith(left_out)))
        for name in sorted(files):
            if not re.search(r"\.(opt-\d\.pyc|a|o)$", name):
                yield Path(parent, name)


def _facts(layer: dict[str, Path | bytes | str]) -> list[Any]:
    """What tells whether a layer would come out the same."""
    return [
        (name, (content.stat().st_size, content.stat().st_mtime_ns) if isinstance(content, Path) else content)
        for name, content in sorted(layer.items())
    ]


def _pack(layer: dict[str, Path | bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as file:
        folders = {str(parent) for name in layer for parent in Path(name.rstrip("/")).parents} - {"."}
        for name in sorted(folders | {name.rstrip("/") for name in layer if name.endswith("/")}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            file.addfile(entry)
        for name, content in sorted(layer.items()):
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content.removeprefix("-> ")
                file.addfile(entry)
            elif isinstance(content, bytes) and not name.endswith("/"):
                _put(file, name, content)
            elif isinstance(content, Path):
                status = content.stat()
                entry.size, entry.mtime = status.st_size, int(status.st_mtime)
                entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
                with content.open("rb") as source:
                    file.addfile(entry, source)
    return buffer.getvalue()


def _put(file: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    file.addfile(entry, io.BytesIO(content))


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
