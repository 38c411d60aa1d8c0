"""Environments of one server, seen from outside: settings, machines, line, trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.executions import Execution
from valo_jupyter.client.record import Record
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client

#: seconds the server holds a question about a trial
HOLD = 20
#: the longest that a trial takes, of a machine in a cloud, and what the server needs to say so
TRIAL_SECONDS = 660.0


#: of a line in one answer
_PAGE = 500


class Environment(Record):
    """An environment; a mapping of its JSON as last seen (`docs/developer/pool.md`)."""

    collection = "environments"

    def __repr__(self) -> str:
        return f"<Environment {self.slug} {self.data['engine']} {self.data['min_scale']}-{self.data['max_scale']}>"

    @property
    def slug(self) -> str:
        return self.data["slug"]

    def refresh(self) -> Environment:
        self.data = self._client.http.get(self.path)
        return self

    def machines(self) -> list[dict[str, Any]]:
        """Each machine's `name`, `state`, `since`, `idle_until`, `execution`, `hardware`."""
        return self._client.http.get(f"{self.path}machines/")["results"]

    def queue(self, limit: int = 50) -> list[Execution]:
        """The first of those who wait, in the order in which they would start; `data["queue"]` counts all of them."""
        found: list[Execution] = []
        offset: int | None = 0
        while offset is not None and len(found) < limit:
            # in whole pages: those of others, whom one does not see, are left out of them
            page = self._client.http.get(f"{self.path}queue/", {"limit": _PAGE, "offset": offset})
            found += [Execution(self._client, item) for item in page["results"]]
            offset = page.get("next")
        return found[:limit]

    def history(self, minutes: int = 60) -> list[dict[str, Any]]:
        """`time`, `starting`, `idle`, `busy`, `waiting`; each entry holds until the next."""
        return self._client.http.get(f"{self.path}history/", {"minutes": minutes})["results"]

    def edit(self, **settings: Any) -> Environment:
        """Change settings, named as in its JSON; they hold at once, and no busy machine is ended for them."""
        self.data = self._client.http.patch(self.path, settings)
        return self

    def delete(self, *, stop: bool = False) -> None:
        """Delete it; `stop` also stops what waits or runs there."""
        self._client.http.send("DELETE", self.path, params={"stop": "true"} if stop else None)

    def test(self) -> Trial:
        """Start one machine, try it, close it."""
        return Trial(self._client, self._client.http.post(f"{self.path}test/"))


class Trial:
    """A trial of an environment: iterate for its steps as they are made, or `wait` for its end."""

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        self._client = client
        self.data = data

    def __repr__(self) -> str:
        return f"<Trial {self.data['status']}>"

    @property
    def passed(self) -> bool:
        return self.data["status"] == "passed"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The steps, each `{"name", "ok", "message", "seconds"}`; ends with the trial."""
        seen = 0
        for _ in range(int(TRIAL_SECONDS)):
            yield from self.data["steps"][seen:]
            seen = len(self.data["steps"])
            if self.data["status"] in ("passed", "failed"):
                return
            query = {"wait": HOLD, "after": seen}
            self.data = self._client.http.get(f"environments/tests/{self.data['id']}/", query, timeout=HOLD + 30)

    def wait(self) -> Trial:
        for _ in self:
            pass
        return self


def find(client: Client, name: str) -> Environment:
    """The environment by slug, id or name."""
    found = client.environments()
    for key in ("slug", "id", "name"):
        named = [environment for environment in found if environment[key] == name]
        if len(named) > 1:
            slugs = ", ".join(environment.slug for environment in named)
            raise Invalid(f"{len(named)} environments are called {name!r}. Say which: {slugs}.")
        if named:
            return named[0]
    known = ", ".join(environment.slug for environment in found)
    raise Invalid(f"There is no environment {name!r}. There are: {known or 'none'}.")
