"""`jupyter valo start | stop | status | token | server`: the server itself."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from valo_jupyter.client import human
from valo_jupyter.domain.errors import ServerUnreachable, ValoError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server.cli_executions import cancel


def add_to(commands: Any) -> None:
    start = commands.add_parser("start", help="start the local server, unless it runs already")
    start.set_defaults(command=_start)

    stop = commands.add_parser("stop", help="stop the local server; with numbers, these executions")
    stop.add_argument("--force", action="store_true", help="also when executions run")
    stop.add_argument("executions", nargs="*", metavar="N", help="end these executions instead, as `cancel` does")
    stop.set_defaults(command=_stop)

    status = commands.add_parser("status", help="whether the local server runs, where, and what it does")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(command=_status)

    token = commands.add_parser("token", help="the token of your account on the local server")
    token.set_defaults(command=_token)

    server = commands.add_parser("server", help="run a server in the foreground, for a team or by hand")
    server.add_argument("--database-url", metavar="URL", help="PostgreSQL; SQLite in the state folder without it")
    server.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (127.0.0.1)")
    server.add_argument("--port", type=int, metavar="PORT", help="a free one without it")
    server.add_argument(
        "--machines", metavar="HOST:PORT", help="where machines that are not of this computer find it, over TLS"
    )
    server.set_defaults(command=_server)


def _start(_: argparse.Namespace) -> int:
    from valo_jupyter.server import lifecycle

    found = lifecycle.start(StateFolder.default())
    print(f"The Valo server listens at {found['url']} (process {found['pid']}).")
    return 0


def _stop(given: argparse.Namespace) -> int:
    if given.executions:
        return cancel(None, given.executions)
    from valo_jupyter.server import lifecycle

    found = lifecycle.stop(StateFolder.default(), force=given.force)
    print(human.plain(str(found.get("message") or "The Valo server is stopped.")))
    return 0


def _status(given: argparse.Namespace) -> int:
    from valo_jupyter.server import lifecycle

    found = lifecycle.status(StateFolder.default())
    if given.json:
        print(json.dumps(found, indent=2))
    elif not found.get("url"):
        print("No local Valo server is running. `jupyter valo start` starts it.")
    else:
        print("\n".join(human.table(status_rows(found, _running(found["url"])))))
    # as `systemctl status` does, so that scripts can ask
    return 0 if found.get("url") else 3


def status_rows(found: dict[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    """What runs, in words; `names` has what executions are called, by identifier."""
    machines = [
        f"{machine['name']} {machine['state']}"
        + (f": {names.get(runs, runs)}" if (runs := machine["execution"]) else "")
        for machine in found["machines"]
    ]
    several = {
        "executions": [names.get(execution, execution) for execution in found["executions"]],
        "machines": machines,
        "problems": [f"{environment}: {problem}" for environment, problem in found["problems"].items()],
    }
    rows = [[name.replace("_", " "), str(value)] for name, value in found.items() if name not in several and value]
    for name, lines in several.items():
        rows += [["" if index else name, human.plain(line)] for index, line in enumerate(lines)]
    return rows


def _running(url: str) -> dict[str, str]:
    """`project:12 title` of each execution that runs, by its identifier; a busy server need not say it."""
    from valo_jupyter.client import Client

    try:
        client = Client(url, StateFolder.default().read_token())
        found = client.executions(status=("started", "stopping"), everywhere=True, limit=1000)
    except ValoError:
        return {}
    return {
        item["id"]: f"{item['project']['name']}:{item['counter']} {item['title'] or item['step']}"
        for item in (execution.data for execution in found)
    }


def _token(_: argparse.Namespace) -> int:
    state = StateFolder.default()
    token = state.read_token()
    if token is None:
        raise ServerUnreachable(f"There is no token in {state.root} yet; `jupyter valo start` makes one.")
    print(token)
    return 0


def _server(given: argparse.Namespace) -> int:
    from valo_jupyter.server import team

    return team.run(database_url=given.database_url, host=given.host, port=given.port, machines=given.machines)
