"""Which project and execution a short name means: `12` here is another one than `12` there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from valo_jupyter.client.http import Http
from valo_jupyter.domain.errors import Invalid, NotFound

_REFERENCE = re.compile(r"(?:(?P<project>.+):)?#?(?P<counter>\d+|latest)")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Lookup:
    """The projects of an account.

    Parameters
    ----------
    project
        Name or id of the project that plain counters belong to.
    home
        `<host>:<folder>` of the project that they belong to otherwise, if the server knows it.
    """

    def __init__(self, http: Http, project: str | None, home: str | None) -> None:
        self._http = http
        self._project = project
        self._home = home

    def projects(self) -> list[dict[str, Any]]:
        return self._http.get("projects/", {"limit": 1000})["results"]

    def project_id(self, project: str, projects: list[dict[str, Any]] | None = None) -> str:
        """The id of the project called `project`, which may be its id already."""
        if _UUID.fullmatch(project):
            return project
        named = [item for item in projects or self.projects() if item["name"] == project]
        if len(named) == 1:
            return named[0]["id"]
        if not named:
            raise NotFound(f"There is no project “{project}”, or you may not see it.")
        at_home = [item["id"] for item in named if self._is_home(item)]
        if at_home:
            return at_home[0]
        choices = ", ".join(f"{item['id']} ({item.get('folder') or 'no folder'})" for item in named)
        raise NotFound(f"Several projects are called “{project}”; name one by its id: {choices}.")

    def scope(self, project: str | None = None, *, everywhere: bool = False) -> list[str]:
        """The ids of the projects that a question is about: the one named, else the one at home, else all."""
        projects = self.projects()
        if project or (self._project and not everywhere):
            return [self.project_id(project or self._project or "", projects)]
        at_home = [item["id"] for item in projects if self._is_home(item)]
        return at_home if at_home and not everywhere else [item["id"] for item in projects]

    def newest(self, path: str, scope: list[str], query: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        """The newest of what the projects have at the path, each of which answers for itself."""
        if limit < 1:
            raise Invalid(f"The limit is {limit}: ask for 1 or more.")
        pages = [self._http.get(path, {"project": one, **query, "limit": limit}) for one in scope]
        items = sorted((item for page in pages for item in page["results"]), key=lambda item: item["ctime"])
        return items[-limit:][::-1]

    def one(self, project: str | None = None) -> str:
        """The id of the project that something is to be made in: the one named, the one at home, or the only one."""
        scope = self.scope(project)
        if len(scope) == 1:
            return scope[0]
        if not scope:
            raise NotFound("There is no project yet; it is made by the first execution of a notebook in its folder.")
        names = ", ".join(sorted(item["name"] for item in self.projects()))
        raise Invalid(f"Say which project: this folder belongs to none. There are: {names}.")

    def record(self, reference: str) -> dict[str, Any]:
        """The execution that `12`, `#12`, `project:12`, `project:latest` or an id stands for."""
        if _UUID.fullmatch(reference):
            return self._read(reference)
        matched = _REFERENCE.fullmatch(reference)
        if matched is None:
            raise Invalid(f"“{reference}” names no execution: give its number (12), project:12, or its id.")
        scope, counter = self.scope(matched["project"]), matched["counter"]
        if len(scope) == 1:
            return self._read(f"{scope[0]}:{counter}")
        return self._read(self._among(scope, counter)["id"])

    def short(self, record: dict[str, Any]) -> str:
        """The shortest reference that leads back to `record` from here."""
        counter, project = str(record["counter"]), record["project"]
        if self.scope() == [project["id"]]:
            return counter
        alike = [item for item in self.projects() if item["name"] == project["name"]]
        return f"{project['name']}:{counter}" if len(alike) == 1 else record["id"]

    def _is_home(self, project: dict[str, Any]) -> bool:
        return self._home is not None and project.get("folder") == self._home

    def _read(self, address: str) -> dict[str, Any]:
        return self._http.get(f"executions/{address}/", {"exclude": "metadata,events"})

    def _among(self, scope: list[str], counter: str) -> dict[str, Any]:
        query = {"limit": 1} if counter == "latest" else {"counter": counter, "limit": 1}
        pages = [self._http.get("executions/", {"project": project_id, **query}) for project_id in scope]
        found = sorted((item for page in pages for item in page["results"]), key=lambda item: item["ctime"])
        if not found:
            raise NotFound(f"There is no execution #{counter}. `jupyter valo list --all` shows those there are.")
        if len(found) > 1 and counter != "latest":
            choices = ", ".join(self.short(item) for item in found)
            raise NotFound(f"#{counter} is an execution in several projects; say which: {choices}.")
        return found[-1]


def listed(value: str | Iterable[str] | None) -> list[str] | None:
    """One text as a list of it."""
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)
