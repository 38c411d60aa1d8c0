"""Images that stay in the engine for later executions: those that Valo pulled, within a bound."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from docker.errors import DockerException, NotFound

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.images import Reference
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.errors import NoContainerEngine

log = logging.getLogger(__name__)

#: the most that stays in an engine, and the part of its disk that is the most
_LARGEST = 50_000_000_000
_SHARE = 0.25
#: RuntimeError: an account without a home
_TROUBLE = (OSError, DockerException, NoContainerEngine, RuntimeError)
#: for whoever is writing the record, and for an image that is being removed
_MOMENT, _REMOVAL = 10.0, 120.0
_LOOK = 0.02
THREAD = "valo-images"

Record = dict[str, dict[str, Any]]


class KeptImages:
    """For one job. The record is one for all machines of this computer and account that share the engine.

    `<folder>/record.json` has what Valo pulled, by identifier: size, last use, the names it was pulled by. Whatever
    else is in the engine is somebody's, and so is what got another name since. `<folder>/<identifier>.lock` is shared
    by the executions under way that use an image, and exclusive to remove it. None of this stands in the way of a run:
    what fails is logged, and an image that is not in the record stays.
    """

    def __init__(self, engine: ContainerEngine) -> None:
        self._engine = engine
        self._client = engine.client
        self._held: IO[str] | None = None

    @cached_property
    def _folder(self) -> Path:
        return _root() / "images" / _key(self._engine.host)

    def others(self) -> Collection[str] | None:
        """Images in the engine that are not Valo's; asked before a pull. None: it cannot be known."""
        try:
            there = _identifiers(self._client)
            with self._record() as record:
                return there - record.keys()
        except _TROUBLE as error:
            log.warning("The images of %s are not looked after: %s", self._engine.host, error)
            return None

    def hold(self, identifier: str) -> None:
        """Until `close` no machine removes this image; waits for one that is doing so."""
        self.close()
        with _logged("hold"):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._held = _locked(self._lock(identifier), fcntl.LOCK_SH, _REMOVAL)

    def pulled(self, image: Mapping[str, Any], reference: Reference, others: Collection[str] | None) -> None:
        """Note a use of `image`, as the engine describes it, if it is none of the `others`."""
        identifier = image["Id"]
        if others is None or identifier in others:
            return
        with _logged("note"), self._record() as record:
            names = {*record.get(identifier, {}).get("names", ()), str(reference)}
            record[identifier] = {"size": image.get("Size") or 0, "used": time.time(), "names": sorted(names)}

    def trim_soon(self) -> None:
        """Make what stays no larger than it may be, while the run goes on; it may outlive the job."""
        with _logged("trim"):
            with self._record() as record:
                sizes = _sizes(record)
            if sizes <= _largest(self._engine):
                return
            threading.Thread(target=self._trim, name=THREAD, daemon=True).start()

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _trim(self) -> None:
        # another machine that does so looks at the record each time
        with _logged("trim"), suppress(BlockingIOError), _locked(self._folder / ".trim", fcntl.LOCK_EX):
            # the job closes its own connection
            engine = ContainerEngine.connect(self._engine.host)
            try:
                self._remove_beyond(_largest(engine), engine)
            finally:
                engine.close()

    def _remove_beyond(self, largest: int, engine: ContainerEngine) -> None:
        self._forget_the_gone(engine)
        tried: set[str] = set()
        while True:
            with self._record() as record:
                left = sorted((entry["used"], identifier) for identifier, entry in record.items())
            left = [identifier for _, identifier in left if identifier not in tried]
            if not left or _fit(record, largest, engine):
                return
            tried.add(left[0])
            self._remove(left[0], record[left[0]], engine)

    def _forget_the_gone(self, engine: ContainerEngine) -> None:
        with self._record() as record:
            known = set(record)
        gone = known - _identifiers(engine.client)
        with self._record() as record:
            for identifier in gone & record.keys():
                # else it has been pulled again meanwhile
                if self._is_free(identifier):
                    del record[identifier]

    def _remove(self, identifier: str, entry: Mapping[str, Any], engine: ContainerEngine) -> None:
        """Remove the image, unless it is in use, and its entry, if the image is gone or somebody's."""
        try:
            with _locked(self._lock(identifier), fcntl.LOCK_EX):
                if _removed(identifier, entry["names"], engine.client):
                    with self._record() as record:
                        record.pop(identifier, None)
        except BlockingIOError:
            pass
        except (DockerException, OSError) as error:
            log.info("Image %s stays: %s", identifier, error)

    def _is_free(self, identifier: str) -> bool:
        try:
            _locked(self._lock(identifier), fcntl.LOCK_EX).close()
        except BlockingIOError:
            return False
        return True

    def _lock(self, identifier: str) -> Path:
        return self._folder / f"{identifier.replace(':', '-')}.lock"

    @contextmanager
    def _record(self) -> Iterator[Record]:
        """The record, for this machine alone; what the block changes is written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "record.json"
        with _locked(self._folder / ".lock", fcntl.LOCK_EX, _MOMENT):
            record = _read(path)
            before = json.dumps(record)
            yield record
            if (after := json.dumps(record)) != before:
                fresh = path.with_suffix(".fresh")
                fresh.write_text(after)
                os.replace(fresh, path)


def _removed(identifier: str, names: Collection[str], client: Any) -> bool:
    """Whether the image is Valo's no more: removed by this or by others, or given a name by somebody."""
    try:
        image = client.inspect_image(identifier)
    except NotFound:
        return True
    tags = [tag for tag in image.get("RepoTags") or () if "<none>" not in tag]
    if any(_full(tag) not in names for tag in tags):
        return True
    if client.containers(all=True, filters={"ancestor": identifier}, limit=1):
        return False
    # never by force: the engine refuses what is in use. It takes the identifier while there is one name only
    for name in [*tags, *(image.get("RepoDigests") or ())][1:]:
        with suppress(NotFound):
            client.remove_image(name)
    with suppress(NotFound):
        client.remove_image(identifier)
    log.info("Image %s removed: there was more than may stay, and it was not used for the longest", ", ".join(names))
    return True


def _full(tag: str) -> str | None:
    try:
        return str(Reference.parse(tag))
    except Invalid:
        return None


def _identifiers(client: Any) -> set[str]:
    return {image["Id"] for image in client.images(all=True)}


def _fit(record: Record, largest: int, engine: ContainerEngine) -> bool:
    """Layers that images share count for each of them, but all images for no more than all layers of the engine."""
    sizes = _sizes(record)
    if sizes > largest:
        with suppress(DockerException, OSError):
            # it takes the engine long to add them up
            sizes = min(sizes, engine.client.df().get("LayersSize") or sizes)
    return sizes <= largest


def _sizes(record: Record) -> int:
    return sum(entry["size"] for entry in record.values())


def _largest(engine: ContainerEngine) -> int:
    """`images_bytes` of `settings.json` in the account's cache, else what is left to others is most of the disk."""
    with suppress(OSError, ValueError, AttributeError):
        given = json.loads((_root() / "settings.json").read_bytes()).get("images_bytes")
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            return given
        if given is not None:
            log.warning("images_bytes in %s is a whole number of bytes, not %r", _root() / "settings.json", given)
    with suppress(OSError, KeyError):
        # an engine in a virtual machine names a folder that is not here
        return min(_LARGEST, int(shutil.disk_usage(engine.info["DockerRootDir"]).total * _SHARE))
    return _LARGEST


def _root() -> Path:
    # not a server's or an engine's folder: whoever shares the container engine shares the bound
    return Path.home() / ".cache" / "valo"


def _key(host: str) -> str:
    # with the computer's name: homes are shared among computers
    socket_path = os.path.realpath(host.removeprefix("unix://"))
    return hashlib.sha256(f"{socket.gethostname()} {socket_path}".encode()).hexdigest()[:16]


def _read(path: Path) -> Record:
    """The entries that make sense; what a damaged record had stays in the engine."""
    try:
        values = json.loads(path.read_bytes())
        return {
            str(identifier): {
                "size": int(entry["size"]),
                "used": float(entry["used"]),
                "names": [str(name) for name in entry["names"]],
            }
            for identifier, entry in values.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s is damaged (%r): the images it named are left alone", path, error)
        return {}


def _locked(path: Path, how: int, patience: float = 0.0) -> IO[str]:
    """The lock is held until the file is closed. BlockingIOError: somebody has it, for longer than `patience` seconds.

    It is not waited for without end: a machine that holds it may have been stopped.
    """
    deadline = time.monotonic() + patience
    file = path.open("a")
    try:
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(_LOOK)
    except BaseException:
        file.close()
        raise


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """No run fails for what is kept for later ones."""
    try:
        yield
    except _TROUBLE as error:
        log.warning("Cannot %s images of the container engine: %s", what, error)
