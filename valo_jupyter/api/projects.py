"""Projects, their variables, and the code that comes into them."""

from __future__ import annotations

import multipart

from valo_jupyter.api import shapes
from valo_jupyter.api.routing import Reply, Request, route
from valo_jupyter.domain.errors import Invalid


@route("GET", "/api/v0/projects/ownership_options/")
def ownership_options(request: Request) -> Reply:
    """Who may own a new project."""
    return Reply([request.user.username])


@route("GET", "/api/v0/projects/", query=("limit",))
def index(request: Request) -> Reply:
    """The projects that the caller may see."""
    rows = request.services.projects.list(request.user, request.number("limit", 1000))
    return Reply({"results": [shapes.project(row, request.base_url) for row in rows]})


@route("POST", "/api/v0/projects/", fields={"name": "string", "description": "string"})
def create(request: Request) -> Reply:
    """Make a project."""
    wanted = request.json()
    row = request.services.projects.create(
        request.user, str(wanted.get("name") or ""), str(wanted.get("description") or "")
    )
    return Reply(shapes.project(row, request.base_url), 201)


@route(
    "POST",
    "/api/v0/projects/resolve/",
    fields={"folder": "string", "host": "string", "name": "string", "create": "boolean"},
)
def resolve(request: Request) -> Reply:
    """The project of a folder, made at its first use unless `create` is false.

    `repository` is where its commits are on this machine.
    """
    wanted = request.json()
    folder, host = wanted.get("folder"), wanted.get("host")
    if not isinstance(folder, str) or not isinstance(host, str) or not folder or not host:
        raise Invalid("Name the `folder` and the `host` it is on.")
    row = request.services.projects.resolve(
        request.user, folder, host, str(wanted.get("name") or ""), create=wanted.get("create") is not False
    )
    repository = request.services.commits.repository(row.id)
    return Reply({**shapes.project(row, request.base_url), "repository": str(repository)})


@route("GET", "/api/v0/projects/{id}/")
def read(request: Request) -> Reply:
    """A project, its variables (secret ones without their values) and its executions by state."""
    projects = request.services.projects
    row = projects.get(request.user, request.path["id"])
    return Reply(
        {
            **shapes.project(row, request.base_url),
            "execution_summary": projects.summary(row.id),
            "environment_variables": projects.variables(row.id),
        }
    )


@route("PATCH", "/api/v0/projects/{id}/", fields={"default_store": "string"})
def edit(request: Request) -> Reply:
    """Change where the project's outputs go: a store's id or name, or null for the built-in one."""
    given = request.json()
    if "default_store" in given:
        store = given["default_store"]
        request.services.stores.set_default(request.user, request.path["id"], None if store is None else str(store))
    return read(request)


@route(
    "POST",
    "/api/v0/projects/{id}/environment_variable/",
    fields={"name": "string", "value": "string", "secret": "boolean"},
)
def set_variable(request: Request) -> Reply:
    """Set an environment variable of all the project's executions."""
    wanted = request.json()
    secret = bool(wanted.get("secret"))
    request.services.projects.set_variable(
        request.user, request.path["id"], str(wanted.get("name") or ""), str(wanted.get("value") or ""), secret
    )
    return Reply({"name": wanted.get("name"), "secret": secret})


@route("DELETE", "/api/v0/projects/{id}/environment_variable/", fields={"name": "string"})
def delete_variable(request: Request) -> Reply:
    """Remove an environment variable of the project."""
    request.services.projects.delete_variable(request.user, request.path["id"], str(request.json().get("name") or ""))
    return Reply(status=204)


@route("GET", "/api/v0/projects/{id}/commits/")
def commits(request: Request) -> Reply:
    """The project's commits, newest first: a bare list."""
    rows = request.services.commits.list(request.user, request.path["id"])
    return Reply([shapes.commit(row, request.base_url) for row in rows])


@route("POST", "/api/v0/projects/{id}/commits/", fields={"commit": "string", "identifier": "string"})
def register_commit(request: Request) -> Reply:
    """Make a snapshot that is in the project's repository known as a commit."""
    wanted = request.json()
    row = request.services.commits.register(
        request.user,
        request.path["id"],
        str(wanted.get("commit") or ""),
        str(wanted.get("identifier") or ""),
        str(wanted.get("description") or ""),
    )
    return Reply(shapes.commit(row, request.base_url), 201)


@route("POST", "/api/v0/projects/{id}/push/", body="file")
def push(request: Request) -> Reply:
    """Take a git packfile that holds the commit named in `X-Valo-Commit`."""
    sha = request.headers.get("X-Valo-Commit", "")
    assert request.file is not None
    with request.file.open("rb") as pack:
        request.services.commits.push(request.user, request.path["id"], pack, sha)
    return Reply({"commit": sha})


@route("POST", "/api/v0/projects/{id}/import-package/", body="file")
def import_package(request: Request) -> Reply:
    """Take adhoc code as Valohai's clients pack it: multipart with `data`, `description` and `yaml_path`."""
    assert request.file is not None
    kind, options = multipart.parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data" or "boundary" not in options:
        raise Invalid("Send the package as multipart/form-data.")
    fields: dict[str, str] = {}
    with request.file.open("rb") as body:
        package = request.file.with_suffix(".tgz")
        try:
            limit = 1 << 42
            for part in multipart.MultipartParser(body, options["boundary"], disk_limit=limit):
                if part.name == "data":
                    part.save_as(str(package))
                else:
                    fields[part.name or ""] = part.value or ""
                part.close()
            if not package.exists():
                raise Invalid("The part `data`, a gzipped tar file, is missing.")
            row = request.services.commits.import_package(
                request.user,
                request.path["id"],
                package,
                fields.get("description", ""),
                fields.get("yaml_path", ""),
            )
        except multipart.MultipartError as error:
            raise Invalid(f"The package did not arrive whole: {error}.") from error
        finally:
            package.unlink(missing_ok=True)
    return Reply(shapes.commit(row, request.base_url), 201)
