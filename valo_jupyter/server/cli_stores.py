"""`jupyter valo store …`: the team's own buckets and containers. A secret is never an argument."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import data_words, human
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.submit import Client

#: what the file of a Google service account says that it is
_SERVICE_ACCOUNT = "service_account"


def add_to(commands: Any) -> None:
    group = commands.add_parser("store", help="data stores: S3, Azure, Google Cloud, Swift")
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--json", action="store_true", help="for programs")
    data.add_argument("--project", metavar="NAME", help="name or id; that of the current folder without it")
    one = argparse.ArgumentParser(add_help=False, parents=[data])
    one.add_argument("store", metavar="NAME", help="its name or id")
    settings = argparse.ArgumentParser(add_help=False)
    settings.add_argument("-o", "--option", action="append", default=[], metavar="NAME=VALUE", help="repeat")
    settings.add_argument(
        "--option-file", action="append", default=[], metavar="NAME=PATH", help="the content of a file: ca=ca.pem"
    )
    where = settings.add_mutually_exclusive_group()
    where.add_argument("--credentials-stdin", action="store_true", help="a JSON object from standard input")
    where.add_argument("--credentials-file", metavar="PATH", help="of a file; a service account's JSON file as it is")

    def add(name: str, about: str, command: Any, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        parser = inner.add_parser(name, help=about, description=about, parents=list(parents))
        parser.set_defaults(command=command)
        return parser

    add("list", "the project's stores; credentials are never shown", _list, data)
    add("show", "one store's settings", _show, one)
    made = add("add", "let the project use a bucket or container", _add, data, settings)
    made.add_argument("name", help="what people call it")
    made.add_argument("--type", required=True, metavar="KIND", help="`jupyter valo store types` lists them")
    made.add_argument("--default", action="store_true", help="the project's outputs go there")
    made.add_argument("--found", action="store_true", help="do not ask for credentials: those of the machine are used")
    edit = add("edit", "change settings; credentials stay where they are not given", _edit, one, settings)
    edit.add_argument("--name", dest="new_name", metavar="NEW", help="what people call it")
    edit.add_argument("--credentials", action="store_true", help="ask for new credentials")
    delete = add("delete", "forget a store and its credentials; what is in it stays there", _delete, one)
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add("test", "try all that is needed of it: login, list, write, read, delete, clock", _test, one)
    default = add("default", "where the project's outputs go", _default, data)
    default.add_argument("store", nargs="?", metavar="NAME", help="a store; without one, the built-in store")
    adopt = add("adopt", "make data of objects that are in the store already", _adopt, one)
    adopt.add_argument("addresses", nargs="+", metavar="ADDRESS", help="s3://bucket/key, or with *")
    adopt.add_argument("--tag", action="append", default=[], metavar="TAG")
    add("types", "the kinds of stores, their options and credentials", _types, data)


def _client(given: argparse.Namespace) -> Client:
    from valo_jupyter.submit import Client

    return Client(project=given.project)


def _list(given: argparse.Namespace) -> int:
    found = _client(given).stores()
    if given.json:
        return _print_json([store.data for store in found])
    none = "No stores: outputs go to the built-in one. `jupyter valo store add NAME --type s3 -o bucket=NAME` adds one."
    rows = [data_words.store_row(store) for store in found]
    return _say("\n".join(human.table(rows, data_words.STORES)) if rows else none)


def _show(given: argparse.Namespace) -> int:
    store = _client(given).store(given.store)
    return _print_json(store.data) if given.json else _say("\n".join(human.table(data_words.store_settings(store))))


def _add(given: argparse.Namespace) -> int:
    client = _client(given)
    kind = _kind(client, given.type)
    store = client.create_store(
        given.name,
        type=given.type,
        options=_options(given, kind),
        credentials=_credentials(given, kind, ask=not given.found),
        default=given.default,
    )
    if given.json:
        return _print_json(store.data)
    return _say(f"{store['url']} is the store {store.name}. `jupyter valo store test {store.name}` tries it.")


def _edit(given: argparse.Namespace) -> int:
    client = _client(given)
    store = client.store(given.store)
    kind = _kind(client, store["type"])
    changes: dict[str, Any] = {"name": given.new_name} if given.new_name else {}
    if given.option or given.option_file:
        changes["options"] = _options(given, kind)
    if given.credentials or given.credentials_stdin or given.credentials_file:
        changes["credentials"] = _credentials(given, kind, ask=given.credentials)
    if not changes:
        raise Invalid("Nothing to change: give --name, -o NAME=VALUE, --credentials or --credentials-file.")
    store.edit(**changes)
    return _print_json(store.data) if given.json else _say(f"{store.name} is changed.")


def _delete(given: argparse.Namespace) -> int:
    store = _client(given).store(given.store)
    if not given.yes:
        if not sys.stdin.isatty():
            raise Invalid(f"Say --yes to delete {store.name}: files in it can no longer be read through Valo.")
        question = f"Forget the store {store.name}? Files in it stay there, and cannot be read through Valo. [y/N] "
        if input(question).strip().lower() not in ("y", "yes"):
            return _say("Nothing was changed.")
    store.delete()
    return _say(f"{store.name} and its credentials are removed.")


def _test(given: argparse.Namespace) -> int:
    found = _client(given).store(given.store).test()
    if given.json:
        _print_json(found)
    else:
        print("\n".join(map(data_words.step_line, found["steps"])))
    return 0 if found["ok"] else 1


def _default(given: argparse.Namespace) -> int:
    client = _client(given)
    if given.store:
        store = client.store(given.store).make_default()
        return _say(f"Outputs of the project go to {store['url']} from now on.")
    for store in client.stores():
        if store["default"]:
            store.edit(default=False)
    return _say("Outputs of the project go to the built-in store from now on.")


def _adopt(given: argparse.Namespace) -> int:
    found = _client(given).store(given.store).adopt(given.addresses, tags=given.tag)
    if given.json:
        _print_json(found)
        return 0 if found["ok"] else 1
    for word, entries in (("adopted", found["created"]), ("known", found["existing"])):
        for url, datum in entries.items():
            print(f"{word:<8} {human.plain(url)} datum://{datum}")
    for error in found["errors"]:
        print(f"✗ {human.plain(error['url'])}: {human.plain(error['message'], 400)}", file=sys.stderr)
    return 0 if found["ok"] else 1


def _types(given: argparse.Namespace) -> int:
    found = _client(given).store_types()
    if given.json:
        return _print_json(found)
    for kind in found:
        missing = "" if kind["installed"] else f" — needs {kind['install']}"
        print(f"{kind['type']:<6} {kind['title']}{missing}")
        for option in kind["options"]:
            print(f"    -o {option['name']:<20} {_about(option)}")
        for option in kind["credentials"]:
            print(f"       {option['name']:<20} credential: {_about(option)}")
    return 0


def _about(option: dict[str, Any]) -> str:
    need = " (required)" if option["required"] else ""
    return f"{option['title']}{need}. {option['help']}".rstrip()


def _kind(client: Client, name: str) -> dict[str, Any]:
    kinds = {kind["type"]: kind for kind in client.store_types()}
    if name not in kinds:
        raise Invalid(f"There is no kind of store {name!r}; there are {', '.join(kinds)}.")
    return kinds[name]


def _options(given: argparse.Namespace, kind: dict[str, Any]) -> dict[str, Any]:
    texts = {option["name"] for option in kind["options"] if option["type"] in ("string", "text")}
    options: dict[str, Any] = {}
    for word in given.option:
        name, value = _pair(word)
        options[name] = value or None
        if name not in texts:
            with suppress(ValueError):
                options[name] = json.loads(value)
    for word in given.option_file:
        name, path = _pair(word)
        options[name] = _content(path)
    return options


def _credentials(given: argparse.Namespace, kind: dict[str, Any], *, ask: bool) -> dict[str, Any]:
    if given.credentials_stdin or given.credentials_file:
        text = sys.stdin.read() if given.credentials_stdin else _content(given.credentials_file)
        try:
            values = json.loads(text)
        except ValueError as error:
            raise Invalid(f"The credentials are no JSON: {error}.") from error
        if not isinstance(values, dict):
            raise Invalid("The credentials are no JSON object.")
        return {_SERVICE_ACCOUNT: text} if values.get("type") == _SERVICE_ACCOUNT else values
    if not ask:
        return {}
    if not sys.stdin.isatty():
        raise Invalid(
            "There is no terminal to ask for the credentials: use --credentials-stdin or --credentials-file, "
            "or --found for those of the machine."
        )
    print("Leave empty what the store does not need.")
    given_values = {}
    for option in kind["credentials"]:
        question = f"{option['title']}: "
        value = getpass.getpass(question) if option["secret"] else input(question)
        if value:
            given_values[option["name"]] = value
    return given_values


def _pair(word: str) -> tuple[str, str]:
    name, found, value = word.partition("=")
    if not found or not name:
        raise Invalid(f"{word!r} is no NAME=VALUE.")
    return name, value


def _content(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error


def _say(text: str) -> int:
    print(text)
    return 0


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
