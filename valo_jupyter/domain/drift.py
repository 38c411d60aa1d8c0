"""How a notebook differs from what was submitted: by the sources of its cells alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from valo_jupyter.domain.cell_pairs import pairs
from valo_jupyter.domain.cells import source_of

Cell = dict[str, Any]


@dataclass(frozen=True)
class Drift:
    #: cells that were not submitted as they are: place, and that of the submitted one it came from; None: it was added
    cells: list[tuple[int, int | None]]
    #: how many submitted ones are gone
    removed: int

    @property
    def changed(self) -> int:
        """0: it is as it was submitted, but for the order of its cells."""
        return len(self.cells) + self.removed


def sources(notebook: dict[str, Any]) -> list[Cell]:
    """What counts of a notebook's cells: `id`, `cell_type` and `source`."""
    cells = [cell for cell in notebook.get("cells") or () if isinstance(cell, dict)]
    return [
        {"id": _text(cell.get("id")), "cell_type": _text(cell.get("cell_type")), "source": source_of(cell)}
        for cell in cells
    ]


def _text(value: Any) -> str | None:
    """A file may have anything there, but only a text says which cell it is."""
    return value if isinstance(value, str) else None


def drift(submitted: Sequence[Cell], now: Sequence[Cell]) -> Drift:
    """A cell is the same when its source is, wherever it stands; both as `sources` gives them."""
    gone = dict(enumerate(submitted))
    new = dict(enumerate(now))
    # of several with one source, one that has kept its identifier is itself
    for key in (_with_id, _without_id):
        waiting = defaultdict(list)
        for index, cell in reversed(gone.items()):
            waiting[key(cell)].append(index)
        for index, cell in list(new.items()):
            if waiting.get(key(cell)):
                del new[index], gone[waiting[key(cell)].pop()]
    kept = dict(_by_id(gone, new))
    left = [index for index in gone if index not in kept]
    right = sorted(new.keys() - set(kept.values()))
    alike = pairs([gone[index] for index in left], [new[index] for index in right])
    was = {other: index for index, other in kept.items()}
    was.update((right[other], left[place]) for place, other in alike)
    return Drift([(index, was.get(index)) for index in new], len(gone) - len(was))


def _with_id(cell: Cell) -> tuple[Any, ...]:
    return (cell["id"], cell["cell_type"], cell["source"])


def _without_id(cell: Cell) -> tuple[Any, ...]:
    return (cell["cell_type"], cell["source"])


def _by_id(gone: dict[int, Cell], new: dict[int, Cell]) -> list[tuple[int, int]]:
    before = {cell["id"]: index for index, cell in gone.items() if cell["id"] is not None}
    return [(before.pop(cell["id"]), index) for index, cell in new.items() if cell["id"] in before]
