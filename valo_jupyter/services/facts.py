"""Single values that the server's processes tell each other through the database, and what follows from them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from valo_jupyter.db import Connection
from valo_jupyter.db.tables import facts
from valo_jupyter.domain import clock

#: a web process that has not said for so long that it is there is away
_WEB_SILENCE = timedelta(seconds=6)


def fact(connection: Connection, name: str) -> dict[str, Any] | None:
    return connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()


def set_fact(connection: Connection, name: str, value: dict[str, Any]) -> None:
    """Insert or replace one fact."""
    if not connection.execute(sa.update(facts).where(facts.c.name == name).values(value=value)).rowcount:
        connection.execute(sa.insert(facts).values(name=name, value=value))


def web_is_there(connection: Connection, process: str) -> None:
    """Say that the web process is there. One that was away, because it was frozen or could not write, begins anew."""
    now = clock.now()
    last = fact(connection, "web")
    stayed = last is not None and last.get("process") == process and clock.parse(last["beat"]) > now - _WEB_SILENCE
    since = last["since"] if last is not None and stayed else clock.text(now)
    set_fact(connection, "web", {"process": process, "since": since, "beat": clock.text(now)})


def web_there_since(connection: Connection) -> datetime | None:
    """Since when machines could be heard of without a break; None: they cannot be."""
    web = fact(connection, "web")
    if web is None or "since" not in web or clock.parse(web["beat"]) < clock.now() - _WEB_SILENCE:
        return None
    return clock.parse(web["since"])
