"""Credentials for private registries, seen from outside: everything but the passwords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client


class Registry(Mapping[str, Any]):
    """An entry; a mapping of its JSON as last seen."""

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        self._client = client
        self.data = data

    def __repr__(self) -> str:
        return f"<Registry {self.data['match']} {self.data['type']}>"

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def path(self) -> str:
        """Its address below the API's root."""
        return f"registries/{self.data['id']}/"

    def edit(self, **settings: Any) -> Registry:
        """Change `match`, `type`, `username` or `password`."""
        self.data = self._client.http.patch(self.path, settings)
        return self

    def delete(self) -> None:
        self._client.http.send("DELETE", self.path)

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
