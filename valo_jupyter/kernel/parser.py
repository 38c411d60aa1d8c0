"""What may follow `%valo`, and the errors of it as a notebook shows them."""

from __future__ import annotations

import argparse
from typing import NoReturn

from IPython.core.error import UsageError

from valo_jupyter.client.arguments import add_rerun_arguments, add_run_arguments, at_least_one

ABOUT = {
    "run": "run a notebook on the server; without a name, this one, as it is saved on disk",
    "list": "the newest executions of this folder's project",
    "show": "an execution, live",
    "logs": "what it printed",
    "outputs": "its files; with a folder, download them",
    "metadata": "its metadata points",
    "cells": "time, memory and cost of each of its cells",
    "diff": "what differs between it and another one",
    "tag": "add tags to it",
    "wait": "wait until it has ended",
    "stop": "end it; what it has written is kept",
    "rerun": "the same again; -p changes a parameter",
    "data": "the newest files, or those with all of some words",
    "file": "all that is known of a file",
    "upload": "keep files of this machine, for executions to use",
    "trace": "what an execution or a file came from, and what came of it",
    "datasets": "named sets of files, and their versions",
    "stores": "the project's data stores",
    "environments": "where executions can run: machines, what waits, prices",
    "environment": "one environment: settings, machines, line",
    "machines": "the machines of all environments, or of one",
    "queue": "who waits, and why",
    "help": "this",
}
#: other words for the same
ALIASES = {"cancel": "stop", "envs": "environments", "env": "environment"}
#: those that take an execution first
OF_ONE = ("show", "logs", "outputs", "metadata", "cells", "diff", "tag", "wait", "stop", "rerun")


class HelpShown(Exception):
    """`-h` was answered; there is nothing to do."""


class Parser(argparse.ArgumentParser):
    """A parser that never ends the kernel."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}. Try `%valo help`.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise HelpShown(message or "")


def build_parser() -> Parser:
    parser = Parser(prog="%valo", add_help=False)
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    made = {name: commands.add_parser(name, help=about, description=about) for name, about in ABOUT.items()}
    for name in OF_ONE:
        made[name].add_argument("execution", metavar="N", help="its number, project:N, latest, or its id")
    add_run_arguments(made["run"], notebook_required=False)
    made["list"].add_argument("-a", "--all", action="store_true", help="of all projects")
    made["list"].add_argument("-n", "--limit", type=int, default=10, metavar="COUNT")
    made["list"].add_argument("--tag", action="append", metavar="TAG")
    made["list"].add_argument("--status", action="append", metavar="STATE")
    made["logs"].add_argument(
        "-n", "--tail", type=at_least_one, default=200, metavar="LINES", help="how many lines (200)"
    )
    made["outputs"].add_argument("folder", nargs="?", metavar="FOLDER", help="where to write them")
    made["outputs"].add_argument("--force", action="store_true", help="also over existing files with other content")
    made["diff"].add_argument("other", metavar="M", help="the other one")
    made["tag"].add_argument("tags", nargs="+", metavar="TAG")
    made["wait"].add_argument("--timeout", type=float, metavar="SECONDS")
    add_rerun_arguments(made["rerun"])
    made["environment"].add_argument("environment", metavar="NAME", help="its slug, name or id")
    made["data"].add_argument("words", nargs="*", metavar="WORD", help="beginnings of words of name, tags or aliases")
    made["data"].add_argument("--tag", action="append", metavar="TAG")
    made["data"].add_argument("--store", metavar="NAME", help="a store, or built-in")
    made["data"].add_argument("-n", "--limit", type=int, default=20, metavar="COUNT")
    made["file"].add_argument("file", metavar="FILE", help="its id, an alias, or datum:// and either")
    made["upload"].add_argument("files", nargs="+", metavar="PATH")
    made["upload"].add_argument("--tag", action="append", default=[], metavar="TAG")
    made["upload"].add_argument("--alias", metavar="NAME", help="a name that stands for it from now on (one file)")
    made["upload"].add_argument("--store", metavar="NAME", help="a store; the project's default without it")
    made["trace"].add_argument("of", metavar="N|FILE", help="an execution's number, a file's id or alias")
    made["trace"].add_argument("--direction", choices=("both", "back", "forth"), default="both")
    made["trace"].add_argument("--depth", type=int, default=3, metavar="STEPS")
    for name in ("machines", "queue"):
        made[name].add_argument("environment", nargs="?", metavar="NAME", help="an environment's slug; all without it")
    return parser


def help_text() -> str:
    """The commands, one a line."""
    lines = [f"  %valo {name + (' N' if name in OF_ONE else ''):<14} {about}" for name, about in ABOUT.items()]
    return "\n".join(
        [
            "Run notebooks remotely, and trace everything that came of them.",
            *lines,
            "",
            "What is saved on disk is what runs: save the notebook first.",
            "  %valo run -p lr=0.1 -i data=train.csv --tag first        more: %valo run -h",
            "  %%valo -p lr=0.1       above a cell's code: that cell alone, as an execution of its own",
        ]
    )
