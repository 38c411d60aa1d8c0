"""Files with an identity: found, read, named, traced, sent."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.outputs import Output
from valo_jupyter.client.targets import CHUNK
from valo_jupyter.domain.errors import Invalid, NotFound, ServerUnreachable

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client

SCHEME = "datum://"
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
#: a store far away gets the whole file before the last part is answered
_LAST_PART_SECONDS = 3600.0
#: times that one part is sent
_TRIES = 5


class Datum(Output):
    """One file; `data` is its JSON as last seen (`docs/developer/data.md`)."""

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        super().__init__(client.http, data)
        self._client = client

    def __repr__(self) -> str:
        return f"<Datum {self.name} {self.size} bytes {self.address}>"

    @property
    def address(self) -> str:
        """`datum://<id>`: what an input is given to use this very file."""
        return SCHEME + self.id

    @property
    def tags(self) -> list[str]:
        return list(self.refresh().data["tags"])

    @property
    def aliases(self) -> list[str]:
        """The names that stand for this file now."""
        return list(self.refresh().data["aliases"])

    @property
    def metadata(self) -> dict[str, Any]:
        return self.data["metadata"]

    def refresh(self) -> Datum:
        self.data = self._client.http.get(f"data/{self.id}/")
        return self

    def tag(self, *names: str) -> Datum:
        """Add tags."""
        return self._edit(tags=list(dict.fromkeys([*self.tags, *names])))

    def untag(self, *names: str) -> Datum:
        """Remove tags."""
        return self._edit(tags=[tag for tag in self.tags if tag not in names])

    def alias(self, name: str) -> Datum:
        """Have `datum://<name>` stand for this file from now on; what it stood for before is kept as its history."""
        found = self._client.http.get("datum-aliases/", {"project": self.data["project"], "limit": 9000})["results"]
        same = next((alias for alias in found if alias["name"] == name), None)
        if same is None:
            given = {"project": self.data["project"], "name": name, "datum": self.id}
            self._client.http.post("datum-aliases/", given)
        else:
            self._client.http.patch(f"datum-aliases/{same['id']}/", {"datum": self.id})
        return self.refresh()

    def trace(self, direction: str = "both", depth: int = 3) -> dict[str, Any]:
        """What made it, and what uses it: `{"nodes": [{"id", "type", "name"}], "edges": [{"from", "to", "type"}]}`.

        Parameters
        ----------
        direction
            `back` to where it came from, `forth` to what came of it, or `both`.
        depth
            Steps from the file.
        """
        return self._client.http.get(f"data/{self.id}/trace/", {"direction": direction, "depth": depth})

    def purge(self, *, force: bool = False) -> Datum:
        """Remove the content; the record stays. `force`: also while an execution waits for it."""
        self._client.http.post(f"data/{self.id}/purge/", {"force": force}, repeatable=True)
        return self.refresh()

    def _edit(self, **changes: Any) -> Datum:
        self.data = self._client.http.patch(f"data/{self.id}/", changes)
        return self


def find(client: Client, projects: list[str], reference: str) -> Datum:
    """The file that an id, `datum://…` or an alias stands for, in one of the projects."""
    name = reference.removeprefix(SCHEME)
    if _UUID.fullmatch(name):
        return Datum(client, client.http.get(f"data/{name}/"))
    found = []
    for project in projects:
        try:
            found.append(client.http.get("datum-aliases/resolve/", {"project": project, "name": name}))
        except NotFound:
            continue
    if not found:
        raise NotFound(
            f"There is no file with the id or alias “{name}”. `jupyter valo data list` shows those there are."
        )
    if len(found) > 1:
        raise NotFound(f"“{name}” is an alias in several projects; name the file by its id, or the project.")
    return Datum(client, client.http.get(f"data/{found[0]['datum']['id']}/"))


def upload(
    client: Client,
    project: str,
    path: Path,
    *,
    name: str | None,
    properties: Mapping[str, Any],
    store: str | None,
    progress: Callable[[int, int], None] | None,
) -> Datum:
    """Send a file in parts; each is sent again where a connection was cut."""
    try:
        size = path.stat().st_size
        file = path.open("rb")
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror or error}.") from error
    with file:
        if path.is_dir():
            raise Invalid(f"{path} is a folder; name its files.")
        given = {"project": project, "name": name or path.name, "size": size, "store": store, **properties}
        made = client.http.post("uploads/", given)
        address, received = f"uploads/{made['id']}/", made["received"]
        try:
            while made["datum"] is None:
                file.seek(received)
                part = file.read(made["part_size"])
                end = received + len(part)
                if end < size and not part:
                    raise Invalid(f"{path} became shorter while it was sent; send it again.")
                made |= _send_part(client, address, part, received, size, last=end >= size)
                received = made["received"]
                if progress is not None:
                    progress(received, size)
        except (Invalid, NotFound, KeyboardInterrupt):
            client.http.send("DELETE", address)
            raise
    return Datum(client, made["datum"])


def _send_part(client: Client, address: str, part: bytes, start: int, size: int, *, last: bool) -> dict[str, Any]:
    headers = {"Content-Type": "application/octet-stream"}
    # an empty file has no byte that a range could name
    headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{size}" if part else f"bytes */{size}"
    timeout = _LAST_PART_SECONDS if last else 120.0
    for left in reversed(range(_TRIES)):
        try:
            return client.http.send("PUT", address, body=part, headers=headers, timeout=timeout)
        except ServerUnreachable:
            if not left:
                raise
    raise AssertionError


def save(client: Client, items: Iterable[str], target: str | Path, *, overwrite: bool = False) -> Path:
    """Write several files as one zip."""
    path = Path(target).expanduser()
    if path.exists() and not overwrite:
        raise Invalid(f"{path} is there already; choose another name, or overwrite it with --force.")
    address = client.http.post("data/archive/", {"data": list(items)})["url"]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with client.http.stream(address) as response, partial.open("wb") as file:
            for chunk in response.stream(CHUNK):
                file.write(chunk)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path
