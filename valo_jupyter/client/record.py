"""Something of one server, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client


class Record(Mapping[str, Any]):
    """A mapping of its JSON as last seen, `data`."""

    #: what there are several of, as in the API's addresses
    collection = ""

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        self._client = client
        self.data = data

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def path(self) -> str:
        """Its address below the API's root."""
        return f"{self.collection}/{self.data['id']}/"

    def delete(self) -> None:
        self._client.http.send("DELETE", self.path)
