"""Which cells of two notebooks are the same one, perhaps changed."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from valo_jupyter.domain.cells import source_of, tags_of

Cell = dict[str, Any]

#: of two sources, from which on one is the other changed
_ALIKE = 0.5
#: characters that are compared, and cells that one is compared with
_LONGEST, _AHEAD = 2000, 10


def pairs(left: Sequence[Cell], right: Sequence[Cell]) -> list[tuple[int, int]]:
    """Places in both, increasing: cells of one identifier, else of one source; between those, cells that are alike."""
    shared = _identifiers(left) & _identifiers(right)
    before, after = ([_key(cell, shared) for cell in cells] for cells in (left, right))
    found: list[tuple[int, int]] = []
    for what, start, end, other_start, other_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found += zip(range(start, end), range(other_start, other_end), strict=True)
        elif what == "replace":
            at = other_start
            for index in range(start, end):
                ahead = range(at, min(at + _AHEAD, other_end))
                match = next((other for other in ahead if _alike(left[index], right[other])), None)
                if match is not None:
                    found.append((index, match))
                    at = match + 1
    return found


def _identifiers(cells: Sequence[Cell]) -> set[Any]:
    ids = [cell["id"] for cell in cells if isinstance(cell.get("id"), str)]
    return set(ids) if len(set(ids)) == len(ids) else set()


def _key(cell: Cell, shared: set[Any]) -> tuple[Any, ...]:
    if "injected-parameters" in tags_of(cell):
        return ("injected",)
    if cell.get("id") in shared:
        return ("id", cell["id"])
    return (cell.get("cell_type"), source_of(cell))


def _alike(one: Cell, other: Cell) -> bool:
    if one.get("cell_type") != other.get("cell_type"):
        return False
    matcher = SequenceMatcher(None, source_of(one)[:_LONGEST], source_of(other)[:_LONGEST], autojunk=False)
    return matcher.real_quick_ratio() > _ALIKE and matcher.quick_ratio() > _ALIKE and matcher.ratio() > _ALIKE
