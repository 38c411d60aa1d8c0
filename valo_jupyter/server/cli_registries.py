"""`jupyter valo registry …`: credentials for private registries. A password is never an argument."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import human
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.submit import Client

TYPES = ("docker-hub", "azure", "ecr", "gcp", "generic")


def add_to(commands: Any) -> None:
    group = commands.add_parser("registry", help="credentials for private container registries")
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--json", action="store_true", help="for programs")
    one = argparse.ArgumentParser(add_help=False, parents=[data])
    one.add_argument("entry", metavar="PATTERN", help="its pattern, or its id")
    password = argparse.ArgumentParser(add_help=False)
    where = password.add_mutually_exclusive_group()
    where.add_argument("--password-stdin", action="store_true", help="the password or token from standard input")
    where.add_argument("--password-file", metavar="PATH", help="from a file; a service account's JSON file as it is")

    listing = inner.add_parser("list", help="the entries; passwords are never shown", parents=[data])
    listing.set_defaults(command=_list)
    add = inner.add_parser("add", help="keep credentials", parents=[data, password])
    add.add_argument("match", metavar="PATTERN", help="the images they are for: docker.io/myusername/*")
    add.add_argument("--type", choices=TYPES, default="generic", help="generic without it")
    add.add_argument("--username", default="", help="user, application id or key id; none for gcp")
    add.set_defaults(command=_add)
    edit = inner.add_parser("edit", help="change an entry", parents=[one, password])
    edit.add_argument("--match", metavar="PATTERN")
    edit.add_argument("--type", choices=TYPES)
    edit.add_argument("--username")
    edit.add_argument("--password", action="store_true", help="ask for a new password")
    edit.set_defaults(command=_edit)
    delete = inner.add_parser("delete", help="remove an entry and its password", parents=[one])
    delete.set_defaults(command=_delete)
    test = inner.add_parser("test", help="ask the registry whether the credentials do", parents=[one])
    test.add_argument("image", nargs="?", help="ask for this image; without it, for the login")
    test.set_defaults(command=_test)


def _client() -> Client:
    from valo_jupyter.submit import Client

    return Client()


def _list(given: argparse.Namespace) -> int:
    found = _client().registries()
    if given.json:
        return _print_json([entry.data for entry in found])
    rows = [[human.plain(entry["match"]), entry["type"], human.plain(entry["username"])] for entry in found]
    none = "No entries. `jupyter valo registry add PATTERN --username NAME` keeps one."
    print("\n".join(human.table(rows, ["images", "type", "user"])) if rows else none)
    return 0


def _add(given: argparse.Namespace) -> int:
    entry = _client().create_registry(
        given.match,
        type=given.type,
        username=given.username,
        password=_password(given, f"Password for {given.match}: "),
    )
    if given.json:
        return _print_json(entry.data)
    print(f"Images that match {entry['match']} are pulled with it. `jupyter valo registry test '{entry['match']}'`")
    return 0


def _edit(given: argparse.Namespace) -> int:
    entry = _client().registry(given.entry)
    names = ("match", "type", "username")
    changes = {name: value for name in names if (value := getattr(given, name)) is not None}
    if given.password or given.password_stdin or given.password_file:
        changes["password"] = _password(given, f"New password for {given.entry}: ")
    if not changes:
        raise Invalid("Nothing to change: give --match, --type, --username or --password.")
    entry.edit(**changes)
    return _print_json(entry.data) if given.json else _say(f"{entry['match']} is changed.")


def _delete(given: argparse.Namespace) -> int:
    entry = _client().registry(given.entry)
    entry.delete()
    return _say(f"{entry['match']} and its password are removed.")


def _test(given: argparse.Namespace) -> int:
    found = _client().registry(given.entry).test(given.image)
    if given.json:
        _print_json(found)
    else:
        print(f"{'✓' if found['ok'] else '✗'} {human.plain(found['message'], 400)}")
    return 0 if found["ok"] else 1


def _password(given: argparse.Namespace, question: str) -> str:
    if given.password_file:
        try:
            password = Path(given.password_file).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"{given.password_file} cannot be read: {error}.") from error
    elif given.password_stdin:
        password = sys.stdin.read()
    elif sys.stdin.isatty():
        password = getpass.getpass(question)
    else:
        raise Invalid("There is no terminal to ask for the password: use --password-stdin or --password-file.")
    if not password.strip():
        raise Invalid("The password is empty.")
    return password.strip("\r\n")


def _say(text: str) -> int:
    print(text)
    return 0


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
