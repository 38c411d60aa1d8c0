"""The code cells of a notebook as Python syntax trees; nothing of them is ever executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Tags of cells that are skipped: in an execution, and where the notebook is run by hand.
LOCAL_ONLY, REMOTE_ONLY = "local-only", "remote-only"
#: Cell magics whose body is still Python of this kernel.
_PYTHON_CELL_MAGICS = frozenset({"capture", "time", "timeit", "prun"})
_LINE_MAGIC = re.compile(r"^\s*(?:[%!?]|\w[\w.]*\?{1,2}\s*$)")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w][\w\s,.\[\]'\"]*=\s*)[!%](?!=)")
_TOKEN = re.compile(
    r"""(?P<triple>'''|\"{3})|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\#.*|(?P<open>[(\[{])|(?P<close>[)\]}])"""
)
_TEXT_END = {quote: re.compile(rf"(?:\\.|[^\\])*?{quote}") for quote in ("'''", '"""')}


@dataclass(frozen=True)
class CodeCell:
    """A code cell; `index` counts all cells from 0, `number` is what a person counts: all cells from 1."""

    index: int
    source: str
    tags: frozenset[str]

    @property
    def number(self) -> int:
        return self.index + 1


def code_cells(notebook: dict[str, Any]) -> Iterator[CodeCell]:
    """The code cells of an nbformat 4 notebook, tolerant of what editors leave in it."""
    for index, cell in enumerate(notebook.get("cells") or ()):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        yield CodeCell(index=index, source=source_of(cell), tags=tags_of(cell))


def as_run(notebook: dict[str, Any], *, injected: bool) -> list[tuple[int, str]]:
    """Place among all cells, and source, of each code cell as papermill runs the notebook.

    Parameters
    ----------
    injected
        It gives the notebook parameters, in a cell of its own.
    """
    cells = [cell for cell in notebook.get("cells") or () if isinstance(cell, dict)]
    if injected:
        # as `papermill.parameterize.parameterize_notebook`
        cell = {"cell_type": "code", "source": "# Parameters"}
        earlier, declared = _first_tagged(cells, "injected-parameters"), _first_tagged(cells, "parameters")
        at = declared + 1 if earlier is None and declared is not None else earlier or 0
        cells = [*cells[:at], cell, *cells[at if earlier is None else at + 1 :]]
    # its mark of an earlier run's error
    run = {"cells": [cell for cell in cells if "papermill-error-cell-tag" not in tags_of(cell)]}
    return [(cell.index, cell.source) for cell in code_cells(run)]


def language(notebook: dict[str, Any]) -> str:
    """The notebook's language in lower case; a notebook that does not say is Python."""
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for section, key in (("kernelspec", "language"), ("language_info", "name")):
        value = metadata.get(section)
        if isinstance(value, dict) and value.get(key):
            return str(value[key]).lower()
    return "python"


def source_of(cell: dict[str, Any]) -> str:
    source = cell.get("source") or ""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def tags_of(cell: dict[str, Any]) -> frozenset[str]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return frozenset(map(str, tags)) if isinstance(tags, list) else frozenset()


def _first_tagged(cells: list[dict[str, Any]], tag: str) -> int | None:
    return next((index for index, cell in enumerate(cells) if tag in tags_of(cell)), None)


def parse(source: str) -> ast.Module:
    """
    The syntax tree of a cell, IPython's magics set aside.

    Raises
    ------
    SyntaxError
        The cell is not Python even then.
    """
    try:
        return _parse(source)
    except SyntaxError:
        # only now: a line that begins with % may also be the second half of a division's remainder
        return _parse(without_magics(source))


def without_magics(source: str) -> str:
    """`source` with each line magic, shell line and help line replaced, line for line, by Python that does nothing."""
    lines = source.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%"):
        words = first[2:].split()
        if not words or words[0] not in _PYTHON_CELL_MAGICS:
            return ""
    replaced: list[str] = []
    continued = False
    nesting = _Nesting()
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        assigned = _ASSIGNED_MAGIC.match(line)
        if continued:
            replaced.append("")
        elif nesting.inside:
            # the second line of a list or of a text may well begin with % or !
            nesting.read(line)
            replaced.append(line)
            continue
        elif assigned:
            replaced.append(f"{assigned.group(1)}get_ipython()")
        elif _LINE_MAGIC.match(line):
            replaced.append(f"{indent}pass")
        else:
            nesting.read(line)
            replaced.append(line)
            continue
        continued = line.rstrip().endswith("\\")
    return "\n".join(replaced)


class _Nesting:
    """Whether a line ends within brackets or a triple-quoted text."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""

    @property
    def inside(self) -> bool:
        return self._depth > 0 or bool(self._quote)

    def read(self, line: str) -> None:
        position = 0
        while position < len(line):
            if self._quote:
                end = _TEXT_END[self._quote].match(line, position)
                if end is None:
                    return
                self._quote, position = "", end.end()
                continue
            token = _TOKEN.search(line, position)
            if token is None:
                return
            position = token.end()
            if token["triple"]:
                self._quote = token["triple"]
            elif token["open"]:
                self._depth += 1
            elif token["close"]:
                self._depth = max(0, self._depth - 1)


def _parse(source: str) -> ast.Module:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            # an invalid escape in a user's string is not ours to report
            warnings.simplefilter("ignore")
            return compile(source, "<cell>", "exec", flags)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from error
