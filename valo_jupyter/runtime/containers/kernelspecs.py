"""Which kernel an image has for a notebook."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import requests
from docker.errors import DockerException, NotFound

from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.errors import ImageWithoutKernel
from valo_jupyter.runtime.kernelspecs import DEFAULT

#: where packages and systems put kernelspecs; Debian, pip and R, conda
_PLACES = (
    "/usr/local/share/jupyter/kernels",
    "/usr/share/jupyter/kernels",
    "/opt/conda/share/jupyter/kernels",
    "/opt/venv/share/jupyter/kernels",
    "/root/.local/share/jupyter/kernels",
)
_LARGEST = 10_000_000
PYTHON = ("python", "-m", "ipykernel_launcher", "-f", "{connection_file}")


def find_in_image(
    engine: ContainerEngine,
    image: str,
    labels: Mapping[str, str],
    wanted: Mapping[str, Any] | None,
    notebook: Mapping[str, Any],
) -> dict[str, Any]:
    """The kernel that is asked for, else named by the notebook (its JSON), as the image has it, as on the wire.

    `labels` are those of the execution's containers: should this machine end here, others find what is left.

    A name of the submitting Jupyter's own, such as that of a virtual environment, need not be known in the image: what
    is Python runs on the image's Python.

    Raises
    ------
    ImageWithoutKernel
        With the names of those present.
    """
    named = wanted or (notebook.get("metadata") or {}).get("kernelspec") or {}
    name = named.get("name") or DEFAULT
    language = named.get("language") or ("python" if name == DEFAULT else "")
    if name == DEFAULT:
        return _python(name)
    present = _kernelspecs(engine, image, labels)
    if name in present:
        spec = present[name]
        return {
            "name": name,
            "argv": list(spec["argv"]),
            "env": dict(spec.get("env") or {}),
            "interrupt_mode": spec.get("interrupt_mode") or "signal",
            "language": spec.get("language") or language,
            "display_name": spec.get("display_name") or name,
            "resource_dir": "",
            "jupyter_path": [],
        }
    if language.lower() == "python":
        return _python(name)
    raise ImageWithoutKernel(
        f"The image has no kernel “{name}”; it has {', '.join(sorted(present)) or 'none'}. Install that kernel in the "
        "image, or choose another one for the notebook.",
        kernel=name,
        present=sorted(present),
    )


def _python(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "argv": list(PYTHON),
        "env": {},
        # a signal would reach it as well, but a shutdown takes long then
        "interrupt_mode": "message",
        "language": "python",
        "display_name": "Python 3",
        "resource_dir": "",
        "jupyter_path": [],
    }


def _kernelspecs(engine: ContainerEngine, image: str, labels: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """By name, the first of a name; read from a container that is never started."""
    client = engine.client
    found: dict[str, dict[str, Any]] = {}
    config = {"Image": image, "Entrypoint": ["sh"], "NetworkDisabled": True, "Labels": dict(labels)}
    made = client.create_container_from_config(config)["Id"]
    try:
        for place in _PLACES:
            with suppress(NotFound):
                chunks, _ = client.get_archive(made, place)
                for name, spec in _read(b"".join(_bounded(chunks))).items():
                    found.setdefault(name, spec)
    finally:
        with suppress(DockerException, requests.RequestException):
            client.remove_container(made, v=True, force=True)
    return found


def _bounded(chunks: Any) -> Any:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _LARGEST:
            return
        yield chunk


def _read(archive: bytes) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    with suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            folder, file = posixpath.split(member.name)
            if member.isfile() and file == "kernel.json" and folder.count("/") == 1:
                content = files.extractfile(member)
                with suppress(ValueError):
                    spec = json.load(content) if content else {}
                    if isinstance(spec, dict) and isinstance(spec.get("argv"), list) and spec["argv"]:
                        found[posixpath.basename(folder).lower()] = spec
    return found
