"""The Python API: reads and steers the executions of one server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from valo_jupyter.client.executions import Execution
from valo_jupyter.client.find import find_server
from valo_jupyter.client.http import Http
from valo_jupyter.domain.errors import Invalid, NotFound

_REFERENCE = re.compile(r"(?:(?P<project>.+):)?#?(?P<counter>\d+|latest)")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Client:
    """A server, as one account sees it.

    `valo_jupyter.Client` is this and `run`. Without arguments it finds the server as `find_server` says: `VALO_URL` and
    `VALO_TOKEN`, the server of the Jupyter server around this kernel, else the local one, which it starts.

    Parameters
    ----------
    url, token : str, optional
        The server and the account's API token.
    project : str, optional
        Name or id of the project that plain counters such as `12` belong to.
    start : bool
        Whether a local server may be started.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, project: str | None = None, start: bool = True
    ) -> None:
        server = find_server(url, token, start=start)
        self.http = Http(server.url, server.token, moved=server.moved)
        self._project = project

    @property
    def url(self) -> str:
        return self.http.url

    def __repr__(self) -> str:
        return f"<Client {self.url}>"

    def me(self) -> dict[str, Any]:
        """The account behind the token: `id`, `username`."""
        return self.http.get("users/me/")

    def projects(self) -> list[dict[str, Any]]:
        """The projects that this account may see."""
        return self.http.get("projects/", {"limit": 1000})["results"]

    def environments(self) -> list[dict[str, Any]]:
        """The environments that executions can be placed in."""
        return self.http.get("environments/", {"limit": 1000})["results"]

    def executions(
        self,
        *,
        project: str | None = None,
        status: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        notebook: str | None = None,
        search: str | None = None,
        limit: int = 20,
    ) -> list[Execution]:
        """The newest first, of all projects unless one is named here or for this client.

        `status` may also be `incomplete`; of several tags an execution has all; `notebook` is a path in the project.
        """
        query = {"status": _listed(status), "tag": _listed(tag), "notebook": notebook, "search": search, "limit": limit}
        items = self._items(project, query)
        return [Execution(self, item) for item in sorted(items, key=lambda item: item["ctime"], reverse=True)[:limit]]

    def execution(self, reference: int | str) -> Execution:
        """One execution: its counter, `#12`, `project:12`, `project:latest` or its id.

        Raises
        ------
        NotFound
            There is none, or a plain counter stands for one in each of several projects.
        """
        text = str(reference).strip()
        if _UUID.fullmatch(text):
            return Execution(self, self._record(text))
        matched = _REFERENCE.fullmatch(text)
        if matched is None:
            raise Invalid(f"“{text}” names no execution: give its number (12), project:12, or its id.")
        project, counter = matched["project"] or self._project, matched["counter"]
        if project:
            return Execution(self, self._record(f"{self.project_id(project)}:{counter}"))
        return Execution(self, self._record(self._in_any_project(counter)["id"]))

    def project_id(self, project: str) -> str:
        """The id of the project called `project`, which may be its id already."""
        if _UUID.fullmatch(project):
            return project
        named = [item["id"] for item in self.projects() if item["name"] == project]
        if len(named) == 1:
            return named[0]
        if named:
            raise NotFound(f"Several projects are called “{project}”; name one by its id: {', '.join(named)}.")
        raise NotFound(f"There is no project “{project}”, or you may not see it.")

    def _record(self, address: str) -> dict[str, Any]:
        return self.http.get(f"executions/{address}/", {"exclude": "metadata,events"})

    def _items(self, project: str | None, query: dict[str, Any]) -> list[dict[str, Any]]:
        project = project or self._project
        projects = [self.project_id(project)] if project else [item["id"] for item in self.projects()]
        query = {"ordering": "-counter", **query}
        pages = [self.http.get("executions/", {"project": project_id, **query}) for project_id in projects]
        return [item for page in pages for item in page["results"]]

    def _in_any_project(self, counter: str) -> dict[str, Any]:
        query = {"limit": 1} if counter == "latest" else {"counter": counter, "limit": 1}
        found = sorted(self._items(None, query), key=lambda item: item["ctime"])
        if not found:
            raise NotFound(f"There is no execution #{counter}. `jupyter valo list` shows those there are.")
        if len(found) > 1 and counter != "latest":
            choices = ", ".join(f"{item['project']['name']}:{counter}" for item in found)
            raise NotFound(f"#{counter} is an execution in several projects; say which: {choices}.")
        return found[-1]


def _listed(value: str | Iterable[str] | None) -> list[str] | None:
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)
