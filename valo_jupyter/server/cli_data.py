"""`jupyter valo data …` and `dataset …`: files with an identity."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import data_words, human
from valo_jupyter.client.data import save
from valo_jupyter.domain.errors import Invalid

if TYPE_CHECKING:
    from valo_jupyter.client.data import Datum
    from valo_jupyter.submit import Client


def add_to(commands: Any) -> None:
    plain = argparse.ArgumentParser(add_help=False)
    plain.add_argument("--json", action="store_true", help="for programs")
    plain.add_argument("--project", metavar="NAME", help="name or id; that of the current folder without it")
    one = argparse.ArgumentParser(add_help=False, parents=[plain])
    one.add_argument("file", metavar="FILE", help="its id, an alias, or datum:// and either")
    _add_data(commands, plain, one)
    _add_datasets(commands, plain)
    again = commands.add_parser(
        "upload-again", parents=[plain], help="bring outputs to the store that did not take them"
    )
    again.add_argument("execution", metavar="N", help="number, project:N or id")
    again.set_defaults(command=_again)


def _add_data(commands: Any, plain: argparse.ArgumentParser, one: argparse.ArgumentParser) -> None:
    group = commands.add_parser("data", help="files: what executions made and used, uploads, aliases")
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, about: str, command: Any, parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
        parser = inner.add_parser(name, help=about, description=about, parents=[parent])
        parser.set_defaults(command=command)
        return parser

    listing = add("list", "the newest files", _list, plain)
    listing.add_argument("words", nargs="*", metavar="WORD", help="beginnings of words of name, tags or aliases")
    listing.add_argument("--tag", action="append", metavar="TAG")
    listing.add_argument("--alias", metavar="NAME")
    listing.add_argument("--store", metavar="NAME", help="a store, or built-in")
    listing.add_argument("--execution", metavar="N", help="what it made or used")
    listing.add_argument("-n", "--limit", type=int, default=20, metavar="COUNT")
    add("show", "all that is known of a file", _show, one)
    tag = add("tag", "add tags to it", _tag, one)
    tag.add_argument("tags", nargs="+", metavar="TAG")
    tag.add_argument("--remove", action="store_true", help="remove them instead")
    alias = add("alias", "a name that stands for it from now on", _alias, one)
    alias.add_argument("name", metavar="ALIAS")
    download = add("download", "write files here", _download, plain)
    download.add_argument("files", nargs="+", metavar="FILE", help="ids, aliases or datum://…")
    download.add_argument("-o", "--folder", default=".", metavar="FOLDER", help="where to")
    download.add_argument("--zip", metavar="PATH", help="all as one zip file")
    download.add_argument("--force", action="store_true", help="also over existing files with other content")
    upload = add("upload", "keep files of this machine, for executions to use", _upload, plain)
    upload.add_argument("files", nargs="+", metavar="PATH")
    upload.add_argument("--name", help="what it is called there (one file)")
    upload.add_argument("--tag", action="append", default=[], metavar="TAG")
    upload.add_argument("--alias", metavar="NAME", help="a name that stands for it from now on (one file)")
    upload.add_argument("--store", metavar="NAME", help="a store; the project's default without it")
    purge = add("purge", "remove the content; the record stays", _purge, one)
    purge.add_argument("--force", action="store_true", help="also while an execution waits for it")
    purge.add_argument("-y", "--yes", action="store_true", help="do not ask")
    trace = add("trace", "what made it, and what uses it", _trace, one)
    trace.add_argument("--direction", choices=("both", "back", "forth"), default="both")
    trace.add_argument("--depth", type=int, default=3, metavar="STEPS")


def _add_datasets(commands: Any, plain: argparse.ArgumentParser) -> None:
    group = commands.add_parser("dataset", help="named sets of files, whose versions never change")
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = inner.add_parser("list", help="datasets and their versions", parents=[plain])
    listing.set_defaults(command=_datasets)
    show = inner.add_parser("show", help="the files of a version", parents=[plain])
    show.add_argument("dataset", metavar="NAME[/VERSION]", help="the newest version without one")
    show.set_defaults(command=_dataset)
    create = inner.add_parser("create", help="make a version of files", parents=[plain])
    create.add_argument("dataset", metavar="NAME/VERSION")
    create.add_argument("files", nargs="*", metavar="FILE", help="ids, aliases or datum://…; NAME=FILE names it there")
    create.add_argument(
        "--pattern", action="append", default=[], help="names of files, or addresses in a store, with *"
    )
    create.set_defaults(command=_create)


def _client(given: argparse.Namespace) -> Client:
    from valo_jupyter.submit import Client

    return Client(project=given.project)


def _list(given: argparse.Namespace) -> int:
    found = _client(given).data(
        " ".join(given.words) or None,
        tag=given.tag,
        alias=given.alias,
        store=given.store,
        execution=given.execution,
        limit=given.limit,
    )
    if given.json:
        return _print_json([datum.data for datum in found])
    chosen = given.words or given.tag or given.alias or given.store or given.execution
    none = "No file matches." if chosen else "No files yet. `jupyter valo data upload PATH` keeps one."
    rows = [data_words.datum_row(datum.data) for datum in found]
    return _say("\n".join(human.table(rows, data_words.DATA)) if rows else none)


def _show(given: argparse.Namespace) -> int:
    data = _client(given).datum(given.file).data
    return _print_json(data) if given.json else _say("\n".join(human.table(data_words.datum_facts(data))))


def _tag(given: argparse.Namespace) -> int:
    datum = _client(given).datum(given.file)
    (datum.untag if given.remove else datum.tag)(*given.tags)
    return _told(given, datum, f"tags: {', '.join(map(human.plain, datum.data['tags'])) or 'none'}")


def _alias(given: argparse.Namespace) -> int:
    datum = _client(given).datum(given.file).alias(given.name)
    return _told(given, datum, f"datum://{given.name} stands for it from now on.")


def _download(given: argparse.Namespace) -> int:
    client = _client(given)
    found = [client.datum(name) for name in given.files]
    if given.zip:
        return _say(str(save(client, [datum.id for datum in found], given.zip, overwrite=given.force)))
    for datum in found:
        print(datum.download(given.folder, overwrite=given.force))
    return 0


def _upload(given: argparse.Namespace) -> int:
    if len(given.files) > 1 and (given.name or given.alias):
        raise Invalid("A name or an alias is for one file: upload one at a time.")
    client = _client(given)
    made = []
    for path in given.files:
        datum = client.upload(
            path,
            name=given.name,
            tags=given.tag,
            alias=given.alias,
            store=given.store,
            progress=_Progress(Path(path).name) if sys.stderr.isatty() and not given.json else None,
        )
        made.append(datum.data)
        if not given.json:
            print(f"{human.plain(datum.name)} {human.size(datum.size)} {datum.address}")
    return _print_json(made) if given.json else 0


def _purge(given: argparse.Namespace) -> int:
    datum = _client(given).datum(given.file)
    if not given.yes:
        if not sys.stdin.isatty():
            raise Invalid(f"Say --yes to purge {datum.name}: its content cannot be brought back.")
        what = f"{human.plain(datum.name)} ({human.size(datum.size)})"
        # others may read an adopted object without Valo
        also = f", the object {human.plain(datum.uri)} itself," if datum.data.get("origin") == "adopted" else ""
        question = f"Remove the content of {what}{also} for good? [y/N] "
        if input(question).strip().lower() not in ("y", "yes"):
            return _say("Nothing was changed.")
    return _told(given, datum.purge(force=given.force), "the content is removed; the record remains.")


def _trace(given: argparse.Namespace) -> int:
    datum = _client(given).datum(given.file)
    trace = datum.trace(given.direction, given.depth)
    return _print_json(trace) if given.json else _say("\n".join(data_words.trace_lines(trace, datum.id)))


def _datasets(given: argparse.Namespace) -> int:
    found = _client(given).datasets()
    if given.json:
        return _print_json([dataset.data for dataset in found])
    rows = [data_words.version_row(dataset, version) for dataset in found for version in dataset["versions"]]
    none = "No datasets. `jupyter valo dataset create NAME/VERSION FILE …` makes one."
    return _say("\n".join(human.table(rows, data_words.DATASETS)) if rows else none)


def _dataset(given: argparse.Namespace) -> int:
    name, version = _named(given.dataset)
    found = _client(given).dataset(name).version(version or "latest")
    if given.json:
        return _print_json({**found.data, "files": {key: datum.data for key, datum in found.files.items()}})
    rows = [[human.plain(key), human.size(datum.size), datum.address] for key, datum in found.files.items()]
    print(found.address)
    return _say("\n".join(human.table(rows)) if rows else "No files.")


def _create(given: argparse.Namespace) -> int:
    name, version = _named(given.dataset)
    if not version:
        raise Invalid(f"Name the version, too: {given.dataset}/v1.")
    if not given.files and not given.pattern:
        raise Invalid("Say which files: ids, aliases, or --pattern.")
    files: dict[str, Any] = {}
    plain: list[Any] = []
    client = _client(given)
    for word in given.files:
        key, found, file = word.partition("=")
        if found:
            files[key] = file
        else:
            plain.append(client.datum(word))
    files = {**{datum.name: datum for datum in plain}, **files}
    if len(files) < len(given.files):
        raise Invalid("Two files would have the same name in the version; name one with NAME=FILE.")
    made = client.create_dataset_version(name, version, files=files, patterns=given.pattern)
    return _print_json(made.data) if given.json else _say(f"{made.address} has {made['count']} files.")


def _again(given: argparse.Namespace) -> int:
    execution = _client(given).execution(given.execution)
    found = execution.upload_again()
    if given.json:
        _print_json(found)
    elif found["left"]:
        print(f"{found['moved']} brought, {found['left']} left: {human.plain(found['problem'] or '', 400)}")
    else:
        print(f"{found['moved']} files are where they were meant to be.")
    return 1 if found["left"] else 0


class _Progress:
    """One line that grows, on a terminal."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        print(f"\r{human.plain(self._name, 40)} {human.size(done)} of {human.size(total)}   ", end=end, file=sys.stderr)


def _named(text: str) -> tuple[str, str]:
    name, _, version = text.removeprefix("dataset://").partition("/")
    return name, version


def _told(given: argparse.Namespace, datum: Datum, text: str) -> int:
    return _print_json(datum.data) if given.json else _say(f"{human.plain(datum.name)}: {text}")


def _say(text: str) -> int:
    print(text)
    return 0


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
