"""`jupyter valo list | show | logs | metadata | outputs | tag | wait | rerun | cancel`: executions there are."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import human, summary
from valo_jupyter.client.arguments import add_rerun_arguments, at_least_one, rerun_options

if TYPE_CHECKING:
    from valo_jupyter.submit import Client

NONE_MATCHES = "No execution matches. `jupyter valo list` without a choice shows all of this folder, `--all` of all."


def add_to(commands: Any) -> None:
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument("--project", metavar="NAME", help="whose executions the numbers are")
    one = argparse.ArgumentParser(add_help=False, parents=[project])
    one.add_argument("execution", metavar="N", help="its number, project:N, latest, or its id")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--json", action="store_true", help="for programs")

    listing = commands.add_parser("list", parents=[project, data], help="this folder's executions, the newest first")
    listing.add_argument("-a", "--all", action="store_true", help="of all projects")
    listing.add_argument("-n", "--limit", type=int, default=20, metavar="COUNT", help="how many (20)")
    listing.add_argument("--status", action="append", metavar="STATE", help="only these; also: incomplete")
    listing.add_argument("--tag", action="append", metavar="TAG", help="only with this tag")
    listing.add_argument("--search", metavar="TEXT", help="only with this in the title, notebook or tags")
    listing.set_defaults(command=_list)

    show = commands.add_parser("show", parents=[one, data], help="an execution: state, files, metadata, tags, trace")
    show.set_defaults(command=_show)

    logs = commands.add_parser("logs", parents=[one], help="what an execution printed")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until it has ended")
    logs.add_argument("-n", "--tail", type=at_least_one, metavar="LINES", help="only the last lines")
    logs.set_defaults(command=_logs)

    points = commands.add_parser("metadata", parents=[one], help="the metadata points, a JSON object a line")
    points.set_defaults(command=_metadata)

    outputs = commands.add_parser("outputs", parents=[one, data], help="an execution's files")
    outputs.add_argument("--download", metavar="FOLDER", type=Path, help="write them there")
    outputs.add_argument("--force", action="store_true", help="also over existing files with other content")
    outputs.add_argument("names", nargs="*", metavar="NAME", help="only these")
    outputs.set_defaults(command=_outputs)

    tag = commands.add_parser("tag", parents=[one], help="add tags to an execution")
    tag.add_argument("tags", nargs="+", metavar="TAG")
    tag.add_argument("--remove", action="store_true", help="remove them instead")
    tag.set_defaults(command=_tag)

    wait = commands.add_parser("wait", parents=[one], help="wait until it has ended; exits 1 if it failed")
    wait.add_argument("--timeout", type=float, metavar="SECONDS", help="give up after this time")
    wait.set_defaults(command=_wait)

    rerun = commands.add_parser("rerun", parents=[one], help="the same code again, as a new execution")
    add_rerun_arguments(rerun)
    rerun.set_defaults(command=_rerun)

    cancel = commands.add_parser("cancel", parents=[project], help="end executions; what they have written is kept")
    cancel.add_argument("executions", nargs="+", metavar="N", help="number, project:N or id")
    cancel.set_defaults(command=_cancel)


def _client(given: argparse.Namespace) -> Client:
    from valo_jupyter.submit import Client

    return Client(project=given.project)


def _list(given: argparse.Namespace) -> int:
    found = _client(given).executions(
        status=given.status, tag=given.tag, search=given.search, limit=given.limit, everywhere=given.all
    )
    items = [execution.data for execution in found]
    if given.json:
        return _print_json(items)
    if not items:
        chosen = given.status or given.tag or given.search
        print(NONE_MATCHES if chosen else "No executions. `jupyter valo run NOTEBOOK` starts one.")
        return 0
    several = len({item["project"]["id"] for item in items}) > 1
    print(_lines(human.table([_row(item, several) for item in items])))
    return 0


def _row(item: dict[str, Any], with_project: bool) -> list[str]:
    metric = item.get("metric") or {}
    return [
        f"{human.plain(item['project']['name'])}:{item['counter']}" if with_project else f"#{item['counter']}",
        summary.MARKS[item["status"]],
        human.plain(item["title"] or item["step"], 40),
        human.plain(summary.state_words(item), 60),
        f"{human.plain(metric['name'])} {human.value(metric['value'])}" if metric.get("name") else "",
        human.plain(", ".join(item["tags"]), 40),
        human.ago(item["ctime"]),
    ]


def _show(given: argparse.Namespace) -> int:
    data = _client(given).execution(given.execution).data
    if given.json:
        return _print_json(data)
    lines = summary.failure(data) if data.get("error") else [summary.heading(data)]
    print(human.written_to(sys.stdout, _lines([*lines, *summary.summary(data)])))
    return 0


def _logs(given: argparse.Namespace) -> int:
    execution = _client(given).execution(given.execution)
    for line in execution.logs(follow=given.follow, tail=given.tail):
        stream = sys.stderr if line.stream == "stderr" else sys.stdout
        print(human.written_to(stream, line.text), flush=given.follow, file=stream)
    return 0


def _metadata(given: argparse.Namespace) -> int:
    for point in _client(given).execution(given.execution).metadata:
        print(json.dumps(point, ensure_ascii=False))
    return 0


def _outputs(given: argparse.Namespace) -> int:
    outputs = _client(given).execution(given.execution).outputs
    chosen = [outputs[name] for name in given.names or outputs]
    if given.download:
        for path in outputs.download(given.download, given.names or None, overwrite=given.force):
            print(path)
        return 0
    if given.json:
        return _print_json([output.data for output in chosen])
    rows = [[human.plain(output.name), human.size(output.size), human.plain(output.uri)] for output in chosen]
    print(_lines(human.table(rows)) if rows else "No files.")
    return 0


def _tag(given: argparse.Namespace) -> int:
    execution = _client(given).execution(given.execution)
    (execution.untag if given.remove else execution.tag)(*given.tags)
    print(f"#{execution.counter}: {', '.join(map(human.plain, execution.data['tags'])) or 'no tags'}")
    return 0


def _wait(given: argparse.Namespace) -> int:
    execution = _client(given).execution(given.execution)
    execution.wait(given.timeout, raise_on_failure=False)
    print(summary.heading(execution.data))
    return 0 if execution.data["status"] == "complete" else 1


def _rerun(given: argparse.Namespace) -> int:
    client = _client(given)
    execution = client.execution(given.execution).rerun(**rerun_options(given))
    print(summary.heading(execution.data))
    print(f"Follow it with `jupyter valo logs {client.reference(execution)} -f`.")
    return 0


def _cancel(given: argparse.Namespace) -> int:
    return cancel(given.project, given.executions)


def cancel(project: str | None, references: Iterable[str]) -> int:
    """End executions; the command's exit code."""
    from valo_jupyter.submit import Client

    client = Client(project=project)
    for reference in references:
        print(summary.heading(client.execution(reference).stop().data))
    return 0


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
