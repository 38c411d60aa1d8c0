"""`jupyter valo environment …`: where executions run, and how many machines they may take."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import human, pool_words
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.server.cli_settings import add_settings, settings_of

if TYPE_CHECKING:
    from valo_jupyter.client.environments import Environment
    from valo_jupyter.submit import Client

WATCH_SECONDS = 2.0


def add_to(commands: Any) -> None:
    group = commands.add_parser("environment", aliases=["env"], help="where executions run: machines, scale, quotas")
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--json", action="store_true", help="for programs")
    one = argparse.ArgumentParser(add_help=False, parents=[data])
    one.add_argument("environment", metavar="NAME", help="its slug, name or id")

    def add(name: str, about: str, command: Any, *, of_one: bool = True) -> argparse.ArgumentParser:
        parser = inner.add_parser(name, help=about, description=about, parents=[one if of_one else data])
        parser.set_defaults(command=command)
        return parser

    add("list", "all of them, with machines and what waits", _list, of_one=False)
    add("show", "one environment's settings, machines and line", _show)
    create = add("create", "make an environment", _create, of_one=False)
    create.add_argument("name", help="what people call it")
    create.add_argument(
        "--engine", default="local", metavar="KIND", help="`jupyter valo environment engines` lists them"
    )
    add_settings(create)
    edit = add("edit", "change settings; they hold at once, and end no busy machine", _edit)
    edit.add_argument("--name", dest="new_name", metavar="NEW", help="what people call it")
    edit.add_argument("--engine", metavar="KIND", help="another kind of machines")
    add_settings(edit)
    delete = add("delete", "delete an environment; its executions stay", _delete)
    delete.add_argument("--stop", action="store_true", help="also stop what waits or runs there")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add("test", "start one machine, try it, close it", _test)
    machines = add("machines", "the machines there are", _machines)
    machines.add_argument("-w", "--watch", action="store_true", help="again every 2 seconds, until Ctrl-C")
    queue = add("queue", "who waits, in the order they would start", _queue)
    queue.add_argument("-n", "--limit", type=int, default=50, metavar="COUNT", help="how many (50)")
    add("engines", "the kinds of engines and their options", _engines, of_one=False)


def _client() -> Client:
    from valo_jupyter.submit import Client

    return Client()


def _list(given: argparse.Namespace) -> int:
    found = _client().environments()
    if given.json:
        return _print_json([environment.data for environment in found])
    rows = [pool_words.environment_row(environment) for environment in found]
    print(pool_words.table(rows, pool_words.ENVIRONMENTS, "No environments."))
    return 0


def _show(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    if given.json:
        return _print_json(environment.data)
    print("\n".join(human.table(pool_words.settings(environment))))
    machines = environment.machines()
    if machines:
        print()
        print(pool_words.table(map(pool_words.machine_row, machines), pool_words.MACHINES, ""))
    waiting = [item.data for item in environment.queue(limit=10)]
    if waiting:
        print()
        print(pool_words.table(map(pool_words.queue_row, waiting), pool_words.QUEUE, ""))
    _tell_of_more(environment, len(waiting))
    return 0


def _create(given: argparse.Namespace) -> int:
    settings = settings_of(given, None, _client().engines)
    with _Told():
        environment = _client().create_environment(
            given.name, engine=given.engine, options=settings.pop("options", {}), **settings
        )
    return _changed(environment, given, "is there")


def _edit(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    settings = settings_of(given, environment, _client().engines)
    for name, value in (("name", given.new_name), ("engine", given.engine)):
        if value is not None:
            settings[name] = value
    if not settings:
        raise Invalid("Nothing to change. `jupyter valo environment edit -h` lists the settings.")
    with _Told():
        environment.edit(**settings)
    return _changed(environment, given, "is changed")


def _changed(environment: Environment, given: argparse.Namespace, how: str) -> int:
    if given.json:
        return _print_json(environment.data)
    print(f"{environment.slug} {how}. `jupyter valo environment test {environment.slug}` tries it.")
    return 0


def _delete(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    if not given.yes:
        if not sys.stdin.isatty():
            raise Invalid(f"Deleting {environment.slug} wants a confirmation: add --yes.")
        if input(f"Delete the environment {environment.slug}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was deleted.")
            return 1
    environment.delete(stop=given.stop)
    print(f"{environment.slug} is deleted; its executions stay.")
    return 0


def _test(given: argparse.Namespace) -> int:
    trial = _client().environment(given.environment).test()
    for step in trial:
        if not given.json:
            print(pool_words.step_line(step), flush=True)
    if given.json:
        _print_json(trial.data)
    elif trial.passed:
        print(f"{given.environment} works: {pool_words.hardware_words(trial.data.get('hardware'))}".rstrip(": "))
    return 0 if trial.passed else 1


def _machines(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    while True:
        found = environment.machines()
        if given.json:
            return _print_json(found)
        none = environment.refresh()["problem"] or "No machines. They start when something is to run."
        if given.watch and sys.stdout.isatty():
            print("\x1b[2J\x1b[H", end="")
        print(pool_words.table(map(pool_words.machine_row, found), pool_words.MACHINES, human.plain(none)), flush=True)
        if not given.watch:
            return 0
        time.sleep(WATCH_SECONDS)


def _queue(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    found = [item.data for item in environment.queue(given.limit)]
    if given.json:
        return _print_json(found)
    none = "" if sum(_waiting(environment)) else "Nobody waits."
    print(pool_words.table(map(pool_words.queue_row, found), pool_words.QUEUE, none))
    _tell_of_more(environment, len(found))
    return 0


def _waiting(environment: Environment) -> tuple[int, int]:
    return environment.data["queue"]["created"], environment.data["queue"]["queued"]


def _tell_of_more(environment: Environment, shown: int) -> None:
    """Those behind the ones that are shown, and those of other people."""
    more = sum(_waiting(environment)) - shown
    if more > 0:
        print(f"{more} more {'waits' if more == 1 else 'wait'}.")


def _engines(given: argparse.Namespace) -> int:
    found = _client().engines()
    if given.json:
        return _print_json(found)
    for kind in found:
        missing = "" if kind["installed"] else f" (to install: {kind['install']})"
        print(f"{kind['kind']}: {kind['title']}. {kind['description']}{missing}")
        rows = [
            [
                f"  {option['name']}",
                option["type"],
                "required" if option["required"] else "",
                "secret" if option["secret"] else "",
                option["help"],
            ]
            for option in kind["options"]
        ]
        print("\n".join(human.table(rows)), end="\n\n" if rows else "\n")
    return 0


class _Told:
    """Shows what is wrong with each setting, before the error's own sentence ends the command."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # the one problem there is, the error says itself
        if isinstance(error, ValoError) and len(error.details) > 1:
            print("\n".join(pool_words.problems(error.details)), file=sys.stderr)


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
