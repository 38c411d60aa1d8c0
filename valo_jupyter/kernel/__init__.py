"""`%load_ext valo_jupyter`: registers `%valo`, and imports nothing until it is used."""

from __future__ import annotations

from typing import Any


def load(ipython: Any) -> None:
    """Register the magic and its completion."""
    magics: list[Any] = []

    def commands() -> Any:
        if not magics:
            from valo_jupyter.kernel.magics import Commands

            magics.append(Commands())
        return magics[0]

    def valo(line: str) -> Any:
        """Run notebooks remotely: `%valo help`."""
        return commands().run(line)

    def complete(_: Any, event: Any) -> list[str]:
        return commands().complete(event.text_until_cursor)

    ipython.register_magic_function(valo, "line", "valo")
    ipython.set_hook("complete_command", complete, str_key="%valo")
