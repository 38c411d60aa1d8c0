"""How a notebook differs from what was submitted."""

from __future__ import annotations

from typing import Any

import pytest

from valo_jupyter.domain.drift import drift, sources


def cells(*given: str) -> list[dict[str, Any]]:
    """`a=source`: a cell with the identifier `a`; `source` alone has none; `# …` is Markdown."""
    made = []
    for one in given:
        name, _, source = one.rpartition("=")
        kind = "markdown" if source.startswith("#") else "code"
        made.append({"id": name or None, "cell_type": kind, "source": source})
    return made


@pytest.mark.parametrize(
    ("submitted", "now", "expected", "removed"),
    [
        (["a=1", "b=2"], ["a=1", "b=2"], [], 0),
        # moved alone is no change
        (["a=1", "b=2", "c=3"], ["c=3", "a=1", "b=2"], [], 0),
        (["1", "2", "3"], ["3", "1", "2"], [], 0),
        (["a=1", "b=2"], ["b=two", "a=1"], [(0, 1)], 0),
        (["a=1", "b=2"], ["a=1"], [], 1),
        (["a=1"], ["a=1", "z=new()"], [(1, None)], 0),
        # of several that are alike, the one that has its identifier is itself
        (["a=1", "b=1"], ["c=1", "a=1", "b=1"], [(0, None)], 0),
        (["1", "1"], ["1", "1", "1"], [(2, None)], 0),
        # a copy, or a notebook that has no identifiers
        (["a=x", "b=y"], ["c=x", "d=y"], [], 0),
        (["fit(model, 0.1)"], ["fit(model, 0.2)"], [(0, 0)], 0),
        (["a=x", "b=fit(model, 0.1)"], ["c=y()", "d=x", "e=fit(model, 0.2)"], [(0, None), (2, 1)], 0),
        (["gone", "x", "a=1", "fit(model, 0.1)"], ["x", "fit(model, 0.2)", "a=2"], [(1, 3), (2, 2)], 1),
        (["fit(model, 0.1)"], ["something else entirely"], [(0, None)], 1),
        (["a=# Title"], ["a=Title"], [(0, 0)], 0),
        ([], [], [], 0),
        (["a=1"], [], [], 1),
    ],
)
def test_drift(submitted: list[str], now: list[str], expected: list[Any], removed: int) -> None:
    found = drift(cells(*submitted), cells(*now))
    assert (found.cells, found.removed) == (expected, removed)
    assert found.changed == len(expected) + removed


def test_only_sources_count() -> None:
    one = {"cells": [{"cell_type": "code", "id": "a", "source": ["x\n", "y"], "outputs": [1], "execution_count": 3}]}
    other = {"cells": [{"cell_type": "code", "id": "a", "source": "x\ny", "metadata": {"tags": ["parameters"]}}]}
    assert drift(sources(one), sources(other)).changed == 0


def test_thousands_of_cells_that_are_all_different() -> None:
    before = cells(*(f"train(model_{index}, {index})\n" * 30 for index in range(1500)))
    after = cells(*(f"train(model_{index}, {index + 1})\n" * 30 for index in range(1500)))
    assert drift(before, after).cells == [(index, index) for index in range(1500)]


def test_what_a_file_has_instead_of_an_identifier_is_none() -> None:
    found = sources({"cells": [{"id": [], "cell_type": {}, "source": ["a", "b"]}]})
    assert found == [{"id": None, "cell_type": None, "source": "ab"}]
    assert drift(found, found).changed == 0
