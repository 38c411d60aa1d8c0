"""`jupyter valo cells | diff`: what each cell of an execution took, and what differs between two executions."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

from valo_jupyter.client import cells, difference_words, human


def add_to(commands: Any) -> None:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--project", metavar="NAME", help="whose executions the numbers are")
    shared.add_argument("--json", action="store_true", help="for programs")

    each = commands.add_parser("cells", parents=[shared], help="time, memory and cost of each cell of an execution")
    each.add_argument("execution", metavar="N", help="its number, project:N, latest, or its id")
    each.set_defaults(command=_cells)

    diff = commands.add_parser("diff", parents=[shared], help="what differs between two executions")
    diff.add_argument("left", metavar="N", help="an execution: its number, project:N, or its id")
    diff.add_argument("right", metavar="M", help="the other one")
    diff.set_defaults(command=_diff)


def _client(given: argparse.Namespace) -> Any:
    from valo_jupyter.submit import Client

    return Client(project=given.project)


def _cells(given: argparse.Namespace) -> int:
    execution = _client(given).execution(given.execution)
    found = execution.cells
    if given.json:
        print(json.dumps([dataclasses.asdict(cell) for cell in found], indent=2, ensure_ascii=False))
        return 0
    rows = [cells.row(cell, execution.data["status"]) for cell in found]
    print("\n".join(human.table(rows, cells.HEADER)) if rows else cells.NONE)
    return 0


def _diff(given: argparse.Namespace) -> int:
    found = _client(given).diff(given.left, given.right)
    if given.json:
        print(json.dumps(found.data, indent=2, ensure_ascii=False))
        return 0
    print(human.written_to(sys.stdout, "\n".join(difference_words.lines(found))))
    return 0
