"""Which cells of two notebooks are the same one, perhaps changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from valo_jupyter.domain.cells import source_of, tags_of

Cell = dict[str, Any]

#: words and signs that two sources have in common, of all, from which on one is the other changed
_ALIKE = 0.5
#: cells that one is compared with
_AHEAD = 10
_WORD = re.compile(r"\w+|[^\w\s]")


def pairs(left: Sequence[Cell], right: Sequence[Cell]) -> list[tuple[int, int]]:
    """Places in both, increasing: cells of one identifier, else of one source; between those, cells that are alike."""
    shared = _identifiers(left) & _identifiers(right)
    before, after = ([_key(cell, shared) for cell in cells] for cells in (left, right))
    found: list[tuple[int, int]] = []
    for what, start, end, other_start, other_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found += zip(range(start, end), range(other_start, other_end), strict=True)
        elif what == "replace":
            found += _between(left, right, range(start, end), range(other_start, other_end))
    return found


def _between(left: Sequence[Cell], right: Sequence[Cell], places: range, others: range) -> Iterator[tuple[int, int]]:
    words = {other: _words(right[other]) for other in others}
    at = others.start
    for index in places:
        mine = _words(left[index])
        for other in range(at, min(at + _AHEAD, others.stop)):
            if left[index].get("cell_type") == right[other].get("cell_type") and _alike(mine, words[other]):
                yield index, other
                at = other + 1
                break


def _identifiers(cells: Sequence[Cell]) -> set[Any]:
    ids = [cell["id"] for cell in cells if isinstance(cell.get("id"), str)]
    return set(ids) if len(set(ids)) == len(ids) else set()


def _key(cell: Cell, shared: set[Any]) -> tuple[Any, ...]:
    if "injected-parameters" in tags_of(cell):
        return ("injected",)
    if cell.get("id") in shared:
        return ("id", cell["id"])
    return (cell.get("cell_type"), source_of(cell))


def _words(cell: Cell) -> Counter[str]:
    return Counter(_WORD.findall(source_of(cell)))


def _alike(one: Counter[str], other: Counter[str]) -> bool:
    return 2 * (one & other).total() > _ALIKE * (one.total() + other.total())
