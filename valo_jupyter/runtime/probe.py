"""What a machine does for a trial of its environment: it says what it is, and tries what executions will need."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from valo_jupyter import __version__
from valo_jupyter.domain.errors import ValoError
from valo_jupyter.runtime.contract import StopSignal
from valo_jupyter.runtime.wire import Wire

#: the number of the attempt that an order has which is a trial's, and no execution's
PROBE = 0
_RUN_SECONDS = 30.0


class ProbeFailed(ValoError):
    """The machine cannot do what executions need."""

    code = "probe_failed"


def probe(wire: Wire, machine: dict[str, Any]) -> str:
    """Try everything and report each step; "complete", or "error" when something failed."""
    begun = time.monotonic()
    wanted = wire.insist("/run/v1/probe", {"machine": machine})
    assert isinstance(wanted, dict), "the server answers with an object"
    steps: list[tuple[str, Callable[[], str]]] = [
        ("version", lambda: _version(str(wanted.get("version")))),
        ("run", _run),
    ]
    if container := wanted.get("container"):
        steps.append(("image", lambda: _image(wire, container)))
    reached = f"{machine.get('hostname')} has reached the server"
    _tell(wire, "reach", True, reached, begun)
    for name, attempt in steps:
        begun = time.monotonic()
        try:
            message, ok = attempt(), True
        except Exception as error:
            message, ok = error.message if isinstance(error, ValoError) else f"{type(error).__name__}: {error}", False
        _tell(wire, name, ok, message, begun)
        if not ok:
            return "error"
    return "complete"


def _tell(wire: Wire, name: str, ok: bool, message: str, begun: float) -> None:
    step = {"name": name, "ok": ok, "message": message, "seconds": time.monotonic() - begun}
    wire.insist("/run/v1/probe/step", step)


def _version(wanted: str) -> str:
    if wanted != __version__:
        raise ProbeFailed(
            f"The machine has valo-jupyter {__version__}, the server {wanted}; install the server's version there."
        )
    return f"valo-jupyter {__version__}, Python {sys.version.split()[0]}"


def _run() -> str:
    """A process like those of executions, with the interpreter that runs the machine."""
    command = [sys.executable, "-c", "import ipykernel; print(ipykernel.__version__)"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_RUN_SECONDS, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ProbeFailed(f"A Python with a kernel could not be run: {said[-1] if said else done.returncode}")
    return f"a process ran; ipykernel {done.stdout.strip()}"


class _Unheard:
    """Takes what an execution's log would have said."""

    def emit(self, event: dict[str, Any]) -> None: ...

    def log(self, stream: str, lines: list[str], cell: int | None = None) -> None: ...

    def notebook(self, content: bytes) -> None: ...


def _image(wire: Wire, container: dict[str, Any]) -> str:
    """The environment's image, pulled as executions do."""
    # imported when needed: most machines never run an image
    from valo_jupyter.runtime.containers.errors import NoContainerEngine
    from valo_jupyter.runtime.containers.images import Access, Images
    from valo_jupyter.runtime.containers.kept import KeptImages
    from valo_jupyter.runtime.containers.programs import connect

    try:
        engine = connect()
    except NoContainerEngine:
        if container["mode"] == "always":
            raise
        return "the machine has no container engine: images run as processes here"
    kept = KeptImages(engine)
    try:
        access = Access.from_json(wire.insist("/run/v1/probe/registry", {}))
        own = Path(container["cache_folder"]) / "images" if container["local_images"] else None
        image = Images(engine, _Unheard(), StopSignal(), own=own, kept=kept).fetch(container["image"], access)
    finally:
        kept.close()
        engine.close()
    return f"{image.reference} is {image.digest}"
