"""`jupyter valo`: the commands, their errors and exit codes; each group is a module of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from valo_jupyter import __version__
from valo_jupyter.domain.errors import ConfirmSnapshot, Invalid, SecretsFound, ValoError
from valo_jupyter.server import (
    cli_cells,
    cli_data,
    cli_environments,
    cli_executions,
    cli_magics,
    cli_registries,
    cli_run,
    cli_server,
    cli_stores,
)

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it failed, 2 when it was not understood."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    given = parser.parse_args(cli_run.prepared(words))
    try:
        return given.command(given)
    except ValoError as error:
        print(f"jupyter valo: {error.message}", file=sys.stderr)
        for line in cli_run.advice(error):
            print(line, file=sys.stderr)
        return USAGE if isinstance(error, (Invalid, ConfirmSnapshot, SecretsFound)) else FAILED
    except BrokenPipeError:
        # the reader, such as `head`, has seen enough; nothing may be written at exit either
        sys.stdout = None
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter valo",
        description="Run notebooks remotely, and trace everything that came of them.",
        epilog="VALO_URL and VALO_TOKEN name a server; without them the local one is used, and started when needed.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in (
        cli_run,
        cli_executions,
        cli_cells,
        cli_data,
        cli_stores,
        cli_environments,
        cli_registries,
        cli_magics,
        cli_server,
    ):
        group.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
