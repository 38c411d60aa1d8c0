"""Where a job's code and files come from and go to: the server's folders, or on a machine elsewhere its run API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import KernelMissing
from valo_jupyter.domain.lease import FENCE_PATIENCE_SECONDS
from valo_jupyter.runtime.cache import InputCache, largest_for
from valo_jupyter.runtime.contract import Place
from valo_jupyter.runtime.kernelspecs import DEFAULT, find_kernel
from valo_jupyter.runtime.repositories import Repositories
from valo_jupyter.runtime.wire import Wire
from valo_jupyter.snapshots import checkout
from valo_jupyter.stores import open_store
from valo_jupyter.stores.base import Store
from valo_jupyter.stores.server import ServerStore

#: of what a computer keeps for later executions, how much is inputs; the rest is code
_INPUTS = 0.75


class Source:
    """What a job works on.

    Attributes
    ----------
    store
        The built-in store.
    inputs
        Downloads that are kept for later executions.
    far
        What is read from the store is kept, too: it comes over a network.
    """

    far = False

    def __init__(self, store: Store, cache: Path, largest: int | None = None) -> None:
        self.store = store
        self._folder, self._largest = cache / "inputs", largest

    @cached_property
    def inputs(self) -> InputCache:
        self._folder.mkdir(parents=True, exist_ok=True)
        return InputCache(self._folder, self._largest or largest_for(self._folder))

    def check_out(self, destination: Path, give_up: threading.Event) -> None:
        """Write the execution's code into the new folder; `ServerUnreachable` only when `give_up` is set."""
        raise NotImplementedError


class SharedFolders(Source):
    """The server's own folders: this is its computer."""

    def __init__(self, assignment: dict[str, Any]) -> None:
        super().__init__(open_store(assignment["store"]), Path(assignment["cache_folder"]))
        self._code = assignment["code"]

    def check_out(self, destination: Path, give_up: threading.Event) -> None:
        checkout(Path(self._code["git_dir"]), self._code["commit"], destination)


class RunApi(Source):
    """The server is elsewhere: what it sends is kept here for the next execution, as far as there is room."""

    far = True

    def __init__(self, assignment: dict[str, Any], wire: Wire, place: Place) -> None:
        config = assignment["store"]
        store = ServerStore(wire) if config["type"] == "server" else open_store(config)
        inputs = int(place.cache_bytes * _INPUTS)
        super().__init__(store, place.cache, inputs)
        self._code = assignment["code"]
        self._wire = wire
        self._repositories = Repositories(place.cache / "repositories", place.cache_bytes - inputs)

    def check_out(self, destination: Path, give_up: threading.Event) -> None:
        commit = self._code["commit"]
        with self._repositories.holding(self._code["project"], commit, self._wire, give_up) as git_dir:
            checkout(git_dir, commit, destination)


def source_of(assignment: dict[str, Any], wire: Wire, place: Place | None) -> Source:
    return SharedFolders(assignment) if place is None else RunApi(assignment, wire, place)


@contextmanager
def guarded(wire: Wire, assignment: dict[str, Any], place: Place | None) -> Iterator[None]:
    """While the block runs, the machine's watchdog knows when the server last answered."""
    seconds = assignment["fence_seconds"]
    if place is None or seconds is None:
        yield
        return
    # a request that hangs must not hide that the time is up
    wire.read_seconds = min(wire.read_seconds, seconds / 2)
    place.fence.arm(seconds + FENCE_PATIENCE_SECONDS, wire.last_contact)
    wire.on_contact = place.fence.heard
    try:
        yield
    finally:
        wire.on_contact = None
        place.fence.disarm()


def own_kernel(kernel: dict[str, Any] | None) -> dict[str, Any] | None:
    """The kernelspec of this machine for one that is known by name and language only; another with its `argv` is as is.

    A name that is not known here is most often that of somebody's virtual environment: Python is Python then.
    """
    if kernel is None or "argv" in kernel:
        return kernel
    try:
        return find_kernel(kernel["name"])
    except KernelMissing:
        if kernel.get("language") != "python" or kernel["name"] == DEFAULT:
            raise
        return find_kernel(DEFAULT)
