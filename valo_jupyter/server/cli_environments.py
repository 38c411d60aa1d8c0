"""`jupyter valo environment …`: where executions run, and how many machines they may take."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import human, pool_words
from valo_jupyter.domain.containers import RESOURCES
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.domain.units import parse_bytes

if TYPE_CHECKING:
    from valo_jupyter.client.environments import Environment
    from valo_jupyter.submit import Client

WATCH_SECONDS = 2.0
_BYTES = ("memory", "shm")


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
    _add_settings(create)
    edit = add("edit", "change settings; they hold at once, and end no busy machine", _edit)
    edit.add_argument("--name", dest="new_name", metavar="NEW", help="what people call it")
    edit.add_argument("--engine", metavar="KIND", help="another kind of machines")
    _add_settings(edit)
    delete = add("delete", "delete an environment; its executions stay", _delete)
    delete.add_argument("--stop", action="store_true", help="also stop what waits or runs there")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add("test", "start one machine, try it, close it", _test)
    machines = add("machines", "the machines there are", _machines)
    machines.add_argument("-w", "--watch", action="store_true", help="again every 2 seconds, until Ctrl-C")
    queue = add("queue", "who waits, in the order they would start", _queue)
    queue.add_argument("-n", "--limit", type=int, default=50, metavar="COUNT", help="how many (50)")
    add("engines", "the kinds of engines and their options", _engines, of_one=False)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    scale = parser.add_argument_group("scale and quotas")
    scale.add_argument("--min", dest="min_scale", type=int, metavar="N", help="machines kept running (0)")
    scale.add_argument("--max", dest="max_scale", type=int, metavar="N", help="machines at once (5)")
    scale.add_argument(
        "--grace",
        dest="scale_down_grace_minutes",
        type=float,
        metavar="MINUTES",
        help="how long a machine stays after its last execution (15)",
    )
    scale.add_argument("--per-user-quota", type=int, metavar="N", help="machines one user may use at once; 0: no limit")
    scale.add_argument(
        "--team-quota",
        action="append",
        type=_number_for,
        metavar="TEAM=N",
        help="the same for a team; 0: it may not use this environment",
    )
    scale.add_argument("--requeue", type=int, metavar="N", help="restarts after a lost machine (1)")
    about = parser.add_argument_group("what it is")
    about.add_argument("--slug", help="short name in commands and valohai.yaml; made from the name")
    about.add_argument("--description")
    about.add_argument("--hardware", help="what its machines are, for people")
    about.add_argument("--price", dest="per_hour_price_usd", type=_price, metavar="USD", help="an hour of a machine")
    about.add_argument("--image", help="image of executions that name none; '' for none")
    for name, what in (("enabled", "takes executions"), ("default", "takes those that name no environment")):
        about.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None, help=what)
    about.add_argument("--personal", dest="allow_personal_usage", action=argparse.BooleanOptionalAction, default=None)
    engine = parser.add_argument_group("its engine")
    engine.add_argument(
        "-o", "--option", action="append", default=[], metavar="NAME=VALUE", help="repeat; all but text is JSON"
    )
    engine.add_argument(
        "--option-file", action="append", default=[], metavar="NAME=PATH", help="the content of a file, such as a key"
    )
    engine.add_argument("--options-json", metavar="PATH", help="all options as a JSON object; - for standard input")
    engine.add_argument(
        "--container",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="mode, profile, network, cpu, memory, pids, shm, gpus; memory=2G",
    )


_PLAIN = (
    "min_scale", "max_scale", "scale_down_grace_minutes", "per_user_quota", "requeue", "slug", "description",
    "hardware", "enabled", "default", "allow_personal_usage",
)  # fmt: skip


def _settings(given: argparse.Namespace, now: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the command line asks to be changed; options and containers build on what there is `now`."""
    settings = {name: value for name in _PLAIN if (value := getattr(given, name)) is not None}
    if given.per_hour_price_usd is not None:
        settings["per_hour_price_usd"] = None if given.per_hour_price_usd < 0 else given.per_hour_price_usd
    if given.image is not None:
        settings["image"] = given.image or None
    if given.team_quota:
        settings["team_quotas"] = {**(now["team_quotas"] if now else {}), **dict(given.team_quota)}
    if given.container:
        before = {name: value for name, value in now["containers"].items() if value is not None} if now else {}
        settings["containers"] = {**before, **_containers(given.container)}
    if given.option or given.option_file or given.options_json:
        settings["options"] = _options(given, now)
    return settings


def _options(given: argparse.Namespace, now: Mapping[str, Any] | None) -> dict[str, Any]:
    kind = given.engine or (now["engine"] if now else "")
    texts = {
        option["name"]
        for each in _client().engines()
        if each["kind"] == kind
        for option in each["options"]
        if option["type"] in ("string", "text")
    }
    if given.options_json:
        text = sys.stdin.read() if given.options_json == "-" else _content(given.options_json)
        try:
            options = json.loads(text)
        except ValueError as error:
            raise Invalid(f"{given.options_json} holds no JSON: {error}.") from error
        if not isinstance(options, dict):
            raise Invalid(f"{given.options_json} holds no JSON object.")
    else:
        # secret ones are not shown, and stay when they are not named
        shown = now["options"] if now and given.engine in (None, now["engine"]) else {}
        options = {name: value for name, value in shown.items() if value != {"set": True}}
    for word in given.option:
        name, value = _pair(word)
        options[name] = value
        # a text is taken as it is, unless it is quoted as JSON's are
        if name not in texts or value.startswith('"'):
            with suppress(ValueError):
                options[name] = json.loads(value)
    for word in given.option_file:
        name, path = _pair(word)
        options[name] = _content(path)
    return options


def _containers(words: list[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for word in words:
        name, value = _pair(word)
        if name in _BYTES:
            settings[f"{name}_bytes"] = parse_bytes(value) if value else None
        elif name in RESOURCES:
            try:
                settings[name] = float(value) if name == "cpu" else int(value) if value else None
            except ValueError:
                raise Invalid(f"--container {name} is a number, not {value!r}.") from None
        else:
            settings[name] = value
    return settings


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
    waiting = environment.queue(limit=10)
    if waiting:
        print()
        print(pool_words.table((pool_words.queue_row(item.data) for item in waiting), pool_words.QUEUE, ""))
    return 0


def _create(given: argparse.Namespace) -> int:
    settings = _settings(given, None)
    with _Told():
        environment = _client().create_environment(
            given.name, engine=given.engine, options=settings.pop("options", {}), **settings
        )
    return _changed(environment, given, "is there")


def _edit(given: argparse.Namespace) -> int:
    environment = _client().environment(given.environment)
    settings = _settings(given, environment)
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
    found = [item.data for item in _client().environment(given.environment).queue(given.limit)]
    if given.json:
        return _print_json(found)
    print(pool_words.table(map(pool_words.queue_row, found), pool_words.QUEUE, "Nobody waits."))
    return 0


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


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise Invalid(f"{word!r} needs a name and a value: NAME=VALUE.")
    return name, value


def _number_for(word: str) -> tuple[str, int]:
    name, _, value = word.partition("=")
    if not name or not value.isdecimal():
        raise argparse.ArgumentTypeError(f"“{word}” needs a team and a number: TEAM=2")
    return name, int(value)


def _price(text: str) -> float:
    """Negative for none."""
    if text in ("", "none"):
        return -1.0
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is no price; give US dollars an hour, or none")
    return price


def _content(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
