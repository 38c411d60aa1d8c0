"""What differs between two executions, as a cell shows it."""

from __future__ import annotations

from html import escape

from valo_jupyter.client import difference_words
from valo_jupyter.client.difference_words import SAME, fact_rows, header, heading, title
from valo_jupyter.client.differences import Difference
from valo_jupyter.client.human import uncoloured
from valo_jupyter.kernel.shown import Table

_STYLES = {
    "-": "background: color-mix(in srgb, var(--jp-error-color1, #d32f2f) 18%, transparent)",
    "+": "background: color-mix(in srgb, var(--jp-success-color1, #388e3c) 18%, transparent)",
}
_ELEMENTS = {"-": "del", "+": "ins"}


class ShownDifference(Difference):
    """Facts as a table, then each cell that differs with its lines; never by colour alone."""

    def __repr__(self) -> str:
        return "\n".join(difference_words.lines(self))

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{escape(heading(self))}</b></p>", Table(header(self), fact_rows(self), SAME)._repr_html_()]
        if self.files:
            named = ", ".join(f"{file['path']} ({file['status']})" for file in self.files)
            parts.append(f"<p>Files: {escape(named)}</p>")
        for cell in self.cells:
            parts.append(f"<details open><summary>{escape(title(cell))}</summary>{_lines(cell.source)}")
            if cell.outputs:
                parts.append(f"<div>outputs</div>{_lines(cell.outputs)}")
            parts.append("</details>")
        parts += [f"<p>{escape(problem)}</p>" for problem in self.problems]
        return "".join(parts)


def _lines(lines: list[str]) -> str:
    shown = "".join(_line(uncoloured(line)) for line in lines)
    return f'<pre style="margin: 0 0 4px 1em; line-height: 1.3">{shown}</pre>' if shown else ""


def _line(line: str) -> str:
    element, style = _ELEMENTS.get(line[:1], "span"), _STYLES.get(line[:1], "")
    return f'<{element} style="display: block; text-decoration: none; {style}">{escape(line)}</{element}>'
