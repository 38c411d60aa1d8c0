"""Brings an execution's image to its machine: pulled each time, which asks the registry whether it may be used."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from docker.errors import DockerException, NotFound

from valo_jupyter.domain.errors import (
    ImageNotFound,
    ImageUnavailable,
    NoRegistryEntry,
    RegistryRateLimited,
    RegistryRefused,
    RegistryUnreachable,
)
from valo_jupyter.domain.images import Reference
from valo_jupyter.runtime.containers.engine import ContainerEngine
from valo_jupyter.runtime.containers.kept import KeptImages
from valo_jupyter.runtime.contract import Sink, StopSignal
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.stores.errors import Cancelled

_DIGEST = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$")
_LOOK = 0.2
_TRIES = 2
#: how registries say it, by the words in what the engine hands on; the first that is found holds
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("limited", ("toomanyrequests", "too many requests", "rate limit")),
    (
        "refused",
        ("no basic auth", "unauthorized", "authentication required", "denied", "forbidden", "incorrect username"),
    ),
    ("missing", ("manifest unknown", "no matching manifest", "name unknown", "not found", "does not exist")),
    (
        "unreachable",
        (
            "no such host",
            "dial tcp",
            "connection refused",
            "timeout",
            "deadline exceeded",
            "x509",
            "tls",
            "eof",
            "http response to https",
            "service unavailable",
            "bad gateway",
            "internal server error",
        ),
    ),
)


@dataclass(frozen=True)
class Image:
    """What is run, whatever its name comes to mean meanwhile."""

    reference: str
    id: str
    digest: str


@dataclass(frozen=True)
class Access:
    """What the server knows of the image's registry: the answer of `POST /run/v1/registry`."""

    username: str | None
    password: str | None
    entry: Mapping[str, Any] | None
    #: why an entry that is for the image may not be used
    note: str | None = None

    @classmethod
    def from_json(cls, answer: Any) -> Access:
        return cls(answer.get("username"), answer.get("password"), answer.get("entry"), answer.get("note"))

    @property
    def login(self) -> dict[str, str]:
        # empty, not None: with that the SDK would look for a login of this account's
        return {"username": self.username, "password": self.password or ""} if self.username else {}

    @property
    def named(self) -> str:
        return f"the registry entry {(self.entry or {}).get('match')}"


class Images:
    """
    Parameters
    ----------
    own
        Where it is written down which images came here under credentials, on a machine whose other images may be run,
        too: those that were built or loaded on it, which no registry has. None: only what a registry gives.
    kept
        Told of what is fetched; else it stays in the engine as if somebody else had pulled it.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        sink: Sink,
        stop: StopSignal,
        *,
        own: Path | None = None,
        kept: KeptImages | None = None,
    ) -> None:
        self._client = engine.client
        self._sink = sink
        self._stop = stop
        self._own = own
        self._kept = kept

    def fetch(self, name: str, access: Access) -> Image:
        """Pull the image called `name`. Raises `ImageUnavailable` as what it is, or `Cancelled` on a stop."""
        reference = Reference.parse(name)
        self._sink.log("status", [f"Pulling image {reference}"])
        others = self._kept.others() if self._kept else None
        try:
            digest, image = self._pulled(reference, access)
        except _Failed as error:
            image = self._of_this_machine(reference, access, error)
            if image is None:
                raise error.explained(reference, access) from error
            return image
        # Podman does not say it
        digest = digest or next((name.partition("@")[2] for name in (image or {}).get("RepoDigests") or ()), None)
        if image is None or digest is None:
            raise ImageUnavailable(f"The container engine pulled {reference}, but does not have it. Try again.")
        if access.username:
            self._note(image["Id"])
        if self._kept:
            self._kept.pulled(image, reference, others)
        self._sink.log("status", [f"Image {reference.repository}@{digest}"])
        return Image(str(reference), image["Id"], digest)

    def _pulled(self, reference: Reference, access: Access) -> tuple[str | None, dict[str, Any] | None]:
        """Its digest, if the engine says that, and what the engine has, which nobody removes from here on."""
        for _ in range(_TRIES):
            digest = self._pull(reference, access)
            image = self._held((digest and f"{reference.repository}@{digest}") or str(reference), str(reference))
            if image is not None:
                return digest, image
        return None, None

    def _held(self, *names: str) -> dict[str, Any] | None:
        """The image of the first of these names that there is; None if another machine has just made room of it."""
        image = next(filter(None, map(self._found, names)), None)
        if image is None or self._kept is None:
            return image
        self._kept.hold(image["Id"])
        return self._found(image["Id"])

    def _pull(self, reference: Reference, access: Access) -> str | None:
        """Pull it; its digest, if the engine says that."""
        digest = reference.digest
        progress = ProgressEvents(self._sink, "image", str(reference))
        layers: dict[str, tuple[int, int]] = {}
        for message in self._messages(reference, access):
            if "error" in message:
                raise _Failed(str(message["error"]))
            if found := _DIGEST.match(message.get("status") or ""):
                digest = found[1]
            detail = message.get("progressDetail") or {}
            if message.get("status") == "Downloading" and detail.get("total"):
                layers[message["id"]] = (detail["current"], detail["total"])
                progress(sum(done for done, _ in layers.values()), sum(total for _, total in layers.values()))
        return digest

    def _messages(self, reference: Reference, access: Access) -> Iterator[dict[str, Any]]:
        """What the engine says of the pull; it may be silent for long, and a stop is not to wait for that."""
        said: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue()
        given_up = threading.Event()

        def pull() -> None:
            try:
                stream = self._client.pull(
                    reference.repository,
                    tag=reference.version,
                    stream=True,
                    decode=True,
                    auth_config=access.login,
                )
                for message in stream:
                    said.put(message)
                    if given_up.is_set():
                        return
                said.put(None)
            except Exception as error:
                said.put(error)

        threading.Thread(target=pull, name="valo-pull", daemon=True).start()
        try:
            while True:
                if self._stop.is_set():
                    raise Cancelled
                try:
                    message = said.get(timeout=_LOOK)
                except queue.Empty:
                    continue
                if message is None:
                    return
                if isinstance(message, (DockerException, requests.RequestException)):
                    raise _Failed(str(getattr(message, "explanation", None) or message))
                if isinstance(message, Exception):
                    raise message
                yield message
        finally:
            given_up.set()

    def _of_this_machine(self, reference: Reference, access: Access, error: _Failed) -> Image | None:
        """The image as it is on this machine, if nobody but this machine's user can have brought it here."""
        if self._own is None or access.entry is not None or error.kind == "limited":
            return None
        image = self._held(str(reference))
        if image is None or (self._own / image["Id"].replace(":", "-")).exists():
            return None
        why = "the registry does not answer" if error.kind == "unreachable" else "no registry gives it"
        self._sink.log("status", [f"Image {reference} is taken as it is on this machine: {why}"])
        return Image(str(reference), image["Id"], image["Id"])

    def _found(self, name: str) -> dict[str, Any] | None:
        try:
            return self._client.inspect_image(name)
        except NotFound:
            return None
        except (DockerException, requests.RequestException) as error:
            raise ImageUnavailable(f"The container engine does not answer: {error}") from error

    def _note(self, identifier: str) -> None:
        if self._own is not None:
            self._own.mkdir(parents=True, exist_ok=True)
            (self._own / identifier.replace(":", "-")).touch()


class _Failed(Exception):
    """A pull that failed, in the engine's words."""

    @property
    def kind(self) -> str | None:
        said = str(self).lower()
        return next((kind for kind, words in _WORDS if any(word in said for word in words)), None)

    def explained(self, reference: Reference, access: Access) -> ImageUnavailable:
        said = f"It says: {str(self)[:500]}"
        registry = reference.domain
        under = f", asked under {access.named}" if access.entry else ""
        entry = {"entry": dict(access.entry)} if access.entry else {}
        if self.kind == "limited":
            return RegistryRateLimited(
                f"{registry} gives no more images for now: too many pulls{under}. Wait, or use a registry entry "
                f"with an account of its own. {said}",
                **entry,
            )
        if self.kind == "refused" and access.entry:
            return RegistryRefused(
                f"{registry} refused {reference} to {access.named}. Check its username and password, and whether that "
                f"account may pull this image. {said}",
                **entry,
            )
        if self.kind == "refused":
            if access.note:
                return NoRegistryEntry(f"{registry} does not give {reference} to everybody. {access.note}")
            return NoRegistryEntry(
                f"{registry} does not give {reference} to everybody, and no registry entry is for it. Check the "
                f"image's name, or add an entry with the pattern {reference.repository.rpartition('/')[0]}/*. {said}"
            )
        if self.kind == "missing":
            return ImageNotFound(f"{registry} has no image {reference}{under}. Check its name and tag. {said}", **entry)
        if self.kind == "unreachable":
            return RegistryUnreachable(
                f"The registry {registry} does not answer this machine{under}. Check the image's name and the "
                f"machine's network. {said}",
                **entry,
            )
        return ImageUnavailable(f"The image {reference} could not be pulled{under}. {said}", **entry)
