"""What differs between two executions, as it is read: facts, files, and the notebooks cell by cell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

#: lines around a changed one
_AROUND = 2
_LONGEST_LINE = 300
#: of outputs, in one cell
_MOST_LINES = 60


@dataclass(frozen=True)
class CellDifference:
    """A cell that is `changed`, `added` or `removed`; `left` and `right` are its places in the notebooks, from 0.

    `source` and `outputs` are lines that begin with `-`, `+` or a space.
    """

    state: str
    kind: str
    left: int | None
    right: int | None
    source: list[str]
    outputs: list[str]


class Difference:
    """What is not the same in the `right` execution as in the `left` one.

    `data` is all that the server has said; its `notebooks` hold both, and nbdime's operations.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def __repr__(self) -> str:
        from valo_jupyter.client.difference_words import lines

        return "\n".join(lines(self))

    @property
    def same(self) -> bool:
        """Nothing differs but what was measured: time, cost, memory, machine."""
        return self.data["same"]

    @property
    def facts(self) -> list[dict[str, Any]]:
        """`{"group", "name", "left", "right"}`: parameters, inputs, environment, code, result, metadata."""
        return self.data["facts"]

    @property
    def files(self) -> list[dict[str, str]]:
        """`{"path", "status"}`: of the code, `changed`, `added` or `removed`."""
        return self.data["files"]

    @property
    def problems(self) -> list[str]:
        """What could not be compared, and why."""
        return self.data["problems"]

    @property
    def cells(self) -> list[CellDifference]:
        """The cells that differ, in the order of the notebooks."""
        notebooks = self.data["notebooks"]
        return [] if notebooks is None else list(_cells(notebooks))


def _cells(notebooks: dict[str, Any]) -> Iterator[CellDifference]:
    left, right = notebooks["left"]["cells"], notebooks["right"]["cells"]
    operations = next((one["diff"] for one in notebooks["diff"] if one["key"] == "cells"), [])
    #: places in both after what was said last
    at = other = 0
    for operation in operations:
        other += operation["key"] - at
        at = operation["key"]
        if operation["op"] == "addrange":
            for _ in operation["valuelist"]:
                yield _difference("added", None, other, None, right[other])
                other += 1
        elif operation["op"] == "removerange":
            for _ in range(operation["length"]):
                yield _difference("removed", at, None, left[at], None)
                at += 1
        else:
            yield _difference("changed", at, other, left[at], right[other])
            at, other = at + 1, other + 1


def _difference(state: str, left: int | None, right: int | None, before: Any, after: Any) -> CellDifference:
    source = _changed(_source(before), _source(after))
    outputs = _changed(_outputs(before), _outputs(after))
    if len(outputs) > _MOST_LINES:
        outputs = [*outputs[:_MOST_LINES], f" … {len(outputs) - _MOST_LINES} more lines"]
    return CellDifference(state, (after or before)["cell_type"], left, right, source, outputs)


def _changed(before: list[str], after: list[str]) -> list[str]:
    # the first two lines name files; lines of the texts begin otherwise than those that count them
    found = list(unified_diff(before, after, lineterm="", n=_AROUND))[2:]
    return [line[:_LONGEST_LINE] for line in found if not line.startswith("@@")]


def _source(cell: dict[str, Any] | None) -> list[str]:
    return cell["source"].splitlines() if cell else []


def _outputs(cell: dict[str, Any] | None) -> list[str]:
    return [line for output in (cell or {}).get("outputs", []) for line in _output(output)]


def _output(output: dict[str, Any]) -> list[str]:
    if output["output_type"] == "stream":
        return output["text"].splitlines()
    if output["output_type"] == "error":
        return [f"{output['ename']}: {output['evalue']}"]
    data = output.get("data", {})
    if isinstance(text := data.get("text/plain"), str) and set(data) == {"text/plain"}:
        return text.splitlines()
    # what cannot be read line by line is told apart by its content
    return [
        f"[{kind} {hashlib.sha256(str(content).encode('utf-8', 'replace')).hexdigest()[:8]}]"
        for kind, content in sorted(data.items())
    ]
