"""What differs between two executions, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from valo_jupyter.client import human

if TYPE_CHECKING:
    from valo_jupyter.client.differences import CellDifference, Difference

SAME = "Nothing differs but what was measured."


def lines(found: Difference) -> Iterator[str]:
    yield heading(found)
    rows = fact_rows(found)
    if rows:
        yield from human.table(rows, header(found))
    for file in found.files:
        yield f"{file['status']}: {human.plain(file['path'])}"
    for cell in found.cells:
        yield ""
        yield title(cell)
        yield from (f"  {human.uncoloured(line)}" for line in cell.source)
        if cell.outputs:
            yield "  outputs:"
            yield from (f"  {human.uncoloured(line)}" for line in cell.outputs)
    if found.problems:
        yield ""
        yield from found.problems


def heading(found: Difference) -> str:
    left, right = found.data["left"], found.data["right"]
    said = f"#{left['counter']} {human.plain(left['title'])} and #{right['counter']} {human.plain(right['title'])}"
    return f"{said}: {'the same' if found.same else 'different'}"


def header(found: Difference) -> list[str]:
    return ["", "", f"#{found.data['left']['counter']}", f"#{found.data['right']['counter']}"]


def fact_rows(found: Difference) -> list[list[str]]:
    """The group where it begins, the name, and both values."""
    rows, group = [], None
    for fact in found.facts:
        named = fact["group"] if fact["group"] != group else ""
        group = fact["group"]
        rows.append(
            [named, human.plain(fact["name"], 60), *(_value(fact["name"], fact[side]) for side in ("left", "right"))]
        )
    return rows


def title(cell: CellDifference) -> str:
    """Cells are counted from 1, all of them, as a person counts."""
    place = (cell.left if cell.right is None else cell.right) or 0
    kind = "" if cell.kind == "code" else f" ({cell.kind})"
    # only its outputs, or what a tag or another setting says
    what = "" if cell.state != "changed" or cell.source else ": outputs" if cell.outputs else ": settings"
    return f"cell {place + 1}{kind} {cell.state}{what}"


def _value(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name == "duration":
        return human.duration(value)
    if name == "peak_memory_bytes":
        return human.size(value)
    if name == "cost":
        return f"${value:.4f}"
    if isinstance(value, str) and value.startswith("sha256:"):
        return value[:19]
    if isinstance(value, list):
        return human.plain(", ".join(map(str, value)), 60)
    return human.plain(human.value(value), 60)
