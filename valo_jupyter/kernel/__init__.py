"""`%load_ext valo_jupyter`: registers `%valo` and `%%valo`, and imports nothing until they are used."""

from __future__ import annotations

from typing import Any


def load(ipython: Any) -> None:
    """Register the magics and their completion."""
    magics: list[Any] = []

    def commands() -> Any:
        if not magics:
            from valo_jupyter.kernel.magics import Commands

            magics.append(Commands())
        return magics[0]

    def valo(line: str, cell: str | None = None) -> Any:
        """Run notebooks remotely: `%valo help`; above a cell's code, `%%valo` runs that alone."""
        return commands().run(line) if cell is None else commands().run_cell(line, cell)

    def complete(_: Any, event: Any) -> list[str]:
        return commands().complete(event.text_until_cursor)

    ipython.register_magic_function(valo, "line_cell", "valo")
    for magic in ("%valo", "%%valo"):
        ipython.set_hook("complete_command", complete, str_key=magic)
