"""Credentials for private registries, seen from outside: everything but the passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from valo_jupyter.client.record import Record
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client


class Registry(Record):
    """An entry; a mapping of its JSON as last seen."""

    collection = "registries"

    def __repr__(self) -> str:
        return f"<Registry {self.data['match']} {self.data['type']}>"

    def edit(self, **settings: Any) -> Registry:
        """Change `match`, `type`, `username` or `password`."""
        self.data = self._client.http.patch(self.path, settings)
        return self

    def test(self, image: str | None = None) -> dict[str, Any]:
        """`{"ok", "message", "image", "digest"}`: ask the registry for the image's manifest, or only log in."""
        return self._client.http.post(f"{self.path}test/", {"image": image} if image else {})


def find(client: Client, name: str) -> Registry:
    """The entry by its pattern or id."""
    found = client.registries()
    for entry in found:
        if name in (entry["match"], entry["id"]):
            return entry
    known = ", ".join(entry["match"] for entry in found)
    raise Invalid(f"There is no entry for {name!r}. There are: {known or 'none'}.")
