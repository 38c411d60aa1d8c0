"""The team's own data stores, seen from outside: everything but the credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.record import Record
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client

#: a store far away is asked several things, one after the other
TEST_SECONDS = 120.0
#: many objects are looked at, one by one
ADOPT_SECONDS = 600.0


class Store(Record):
    """A store of one project; a mapping of its JSON as last seen (`docs/developer/data.md`)."""

    collection = "stores"

    def __repr__(self) -> str:
        return f"<Store {self.data['name']} {self.data['url']}>"

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def name(self) -> str:
        return self.data["name"]

    def edit(self, **settings: Any) -> Store:
        """Change `name`, `options`, `credentials` or `default`.

        Credentials that are not named stay, unless the store is another one from then on.
        """
        self.data = self._client.http.patch(self.path, settings)
        return self

    def make_default(self) -> Store:
        """From now on, outputs of the project go here."""
        return self.edit(default=True)

    def test(self) -> dict[str, Any]:
        """`{"ok", "steps": [{"name", "ok", "message"}]}`: what Valo needs of a store, tried for real."""
        return self._client.http.send("POST", f"{self.path}test/", json_body={}, timeout=TEST_SECONDS)

    def adopt(self, urls: str | Iterable[str], *, tags: Iterable[str] = ()) -> dict[str, Any]:
        """Make data of objects that are there already: addresses, also patterns such as `s3://b/images/*.png`.

        Returns
        -------
        dict
            `created` and `existing`, each `{address: id of the datum}`; `errors` `[{"url", "message", "code"}]`.
        """
        body = {
            "project": self.data["project"],
            "urls": [urls] if isinstance(urls, str) else list(urls),
            "tags": list(tags),
        }
        return self._client.http.send("POST", f"{self.path}adopt/", json_body=body, timeout=ADOPT_SECONDS)


def of_project(client: Client, project: str | None) -> list[Store]:
    return [Store(client, data) for data in client.http.get("stores/", {"project": project})["results"]]


def find(client: Client, project: str, name: str) -> Store:
    """The store of a project by its name or id."""
    found = of_project(client, project)
    for store in found:
        if name in (store.id, store.name):
            return store
    known = ", ".join(store.name for store in found)
    raise Invalid(f"The project has no store {name!r}. It has: {known or 'none but the built-in one'}.")


def create(
    client: Client,
    project: str,
    name: str,
    *,
    type: str,
    options: Mapping[str, Any],
    credentials: Mapping[str, Any] | None,
    default: bool,
) -> Store:
    given = {
        "project": project,
        "name": name,
        "type": type,
        "options": dict(options),
        "credentials": dict(credentials or {}),
        "default": default,
    }
    return Store(client, client.http.post("stores/", given))
