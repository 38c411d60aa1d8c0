"""The team's own data stores. Credentials are written and never read."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.services import store_rows
from valo_jupyter.stores.kinds import KINDS

SETTINGS = {"options": "object", "credentials": "object"}
FIELDS = {"project": "string", "name": "string", "type": "string", **SETTINGS, "default": "boolean"}
CHANGES = {"name": "string", **SETTINGS, "default": "boolean"}


@route("GET", "/api/v0/store-types/")
def types(request: Request) -> Reply:
    """What kinds of stores there are, with the options and credentials of each."""
    return Reply({"results": [kind.to_json() for kind in KINDS.values()]})


@route("GET", "/api/v0/stores/", query=("project",))
def index(request: Request) -> Reply:
    """The stores of a project, or all that the caller may see."""
    rows = request.services.stores.list(request.user, request.one("project") or None)
    return Reply({"results": [_shape(request, row) for row in rows]})


@route("POST", "/api/v0/stores/", fields=FIELDS, own_checks=True)
def create(request: Request) -> Reply:
    """A new store."""
    return Reply(_shape(request, request.services.stores.create(request.user, request.json())), 201)


@route("POST", "/api/v0/stores/test/", fields={"store": "string", "project": "string", "type": "string", **SETTINGS})
def test_settings(request: Request) -> Reply:
    """Try settings that are not saved: those of a new store, or of `store` with changes."""
    given = request.json()
    store_id = given.pop("store", None)
    if store_id is None:
        return Reply(request.services.stores.test_settings(request.user, given))
    return Reply(request.services.stores.test(request.user, store_id, given))


@route("GET", "/api/v0/stores/{id}/")
def show(request: Request) -> Reply:
    """One store."""
    return Reply(_shape(request, request.services.stores.get(request.user, request.path["id"])))


@route("PATCH", "/api/v0/stores/{id}/", fields=CHANGES, own_checks=True)
def edit(request: Request) -> Reply:
    """Change a store; credentials that are not named stay."""
    return Reply(_shape(request, request.services.stores.edit(request.user, request.path["id"], request.json())))


@route("DELETE", "/api/v0/stores/{id}/")
def delete(request: Request) -> Reply:
    """Remove a store and its credentials; what lies in it stays there."""
    request.services.stores.delete(request.user, request.path["id"])
    return Reply(status=204)


@route("POST", "/api/v0/stores/{id}/test/", fields=SETTINGS)
def test(request: Request) -> Reply:
    """Try all that an execution needs of the store, step by step."""
    return Reply(request.services.stores.test(request.user, request.path["id"], request.json()))


@route(
    "POST",
    "/api/v0/stores/{id}/adopt/",
    fields={"project": "string", "url": "string", "urls": "strings", "tags": "strings"},
)
def adopt(request: Request) -> Reply:
    """Make files of objects that are in the store already: addresses, and patterns such as `s3://b/images/*.png`."""
    given = request.json()
    urls = given.get("urls") or [url for url in [given.get("url")] if url]
    if not urls:
        raise Invalid("Name the `url`, or several `urls`, of objects in the store.")
    return Reply(request.services.adoption.adopt(request.user, request.path["id"], urls, given.get("tags") or []))


def _shape(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": row.project_id,
        "name": row.name,
        "type": row.type,
        "options": row.options,
        "credentials": request.services.stores.credentials(row),
        "url": store_rows.root_of(row),
        "default": row.is_default,
        "installed": store_rows.is_installed(row),
        "ctime": clock.text(row.ctime),
        "mtime": clock.text(row.mtime),
    }
