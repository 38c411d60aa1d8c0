"""What is kept of an execution's cells, and shown: on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.unit.test_services_pool import environment, place, user
from valo_jupyter import snapshots
from valo_jupyter.api import shapes
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User
from valo_jupyter.services.submissions import Submission

__all__ = ["environment", "user"]

CELLS = [
    new_markdown_cell("# Title"),
    new_code_cell("lr = 0.1", metadata={"tags": ["parameters"]}),
    new_code_cell("\n# second\nx = 1"),
    new_code_cell("y = 1", metadata={"tags": ["local-only"]}),
    new_code_cell(""),
    new_code_cell("1/0"),
    new_code_cell("never()"),
]
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def run(services: Services, user: User, environment: str, tmp_path: Path) -> Any:
    """A notebook on its machine, which cost 3,600 an hour when it was placed."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "nb.ipynb").write_text(json.dumps(new_notebook(cells=CELLS, metadata=PYTHON)))
    project = services.projects.create(user, "demo").id
    sha = snapshots.commit_folder(services.commits.repository(project), folder)
    services.commits.register(user, project, sha, f"~{sha}")
    wanted = Submission(project_id=project, commit=f"~{sha}", notebook_path="nb.ipynb", parameters={"lr": 1})
    services.executions.create(user, wanted)
    set_price(services, 3600)
    order = place(services, environment)
    services.runs.start(order.token, {"pid": 7})
    return order


def set_price(services: Services, price: float) -> None:
    with services.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE environments SET per_hour_price_usd = {price}")


def event(cell: int, code: int, state: str, **more: Any) -> dict[str, Any]:
    return {
        "k": "cell",
        "t": f"2026-01-01T10:00:0{cell}.000000",
        "cell": cell,
        "code": code,
        "of": 7,
        "state": state,
    } | more


def shown(services: Services, user: User, run: Any) -> list[tuple[Any, ...]]:
    cells = map(shapes.cell, services.cells.of(user, run.execution_id))
    return [tuple(cell[name] for name in ("cell", "code", "line", "state", "why")) for cell in cells]


def test_cells_from_the_first_to_the_last(services: Services, user: User, run: Any) -> None:
    waiting = [
        (1, 1, "lr = 0.1", "waiting", None),
        (2, 2, "# Parameters", "waiting", None),
        (3, 3, "# second", "waiting", None),
        (4, 4, "y = 1", "waiting", None),
        (5, 5, "", "waiting", None),
        (6, 6, "1/0", "waiting", None),
        (7, 7, "never()", "waiting", None),
    ]
    assert shown(services, user, run) == waiting

    first = [event(1, 1, "started"), event(1, 1, "done", seconds=0.5, peak_memory_bytes=7_000_000_000)]
    services.runs.events(run.token, 1, [*first, event(2, 2, "started")])
    assert [state for *_, state, _ in shown(services, user, run)[:3]] == ["done", "running", "waiting"]

    services.runs.events(run.token, 4, [event(2, 2, "done", seconds=2.0, peak_memory_bytes=None)])
    skipped = [event(4, 4, "skipped", why="local-only"), event(5, 5, "skipped", why="empty")]
    failed = [event(6, 6, "started"), event(6, 6, "error", seconds=0.1, peak_memory_bytes=1)]
    services.runs.events(run.token, 5, [event(3, 3, "started"), event(3, 3, "done", seconds=1.0), *skipped, *failed])
    # told once more by a machine that did not hear the answer
    services.runs.events(run.token, 5, [event(3, 3, "started")])
    set_price(services, 1)
    services.runs.end(run.token, {"status": "error", "reason": "no"})

    assert [(state, why) for *_, state, why in shown(services, user, run)] == [
        ("done", None),
        ("done", None),
        ("done", None),
        ("skipped", "local-only"),
        ("skipped", "empty"),
        ("error", None),
        ("waiting", None),
    ]
    cells = [shapes.cell(cell) for cell in services.cells.of(user, run.execution_id)]
    assert [cell["seconds"] for cell in cells] == [0.5, 2.0, 1.0, None, None, 0.1, None]
    assert [cell["cost"] for cell in cells] == [0.5, 2.0, 1.0, None, None, 0.1, None]
    assert [cell["peak_memory_bytes"] for cell in cells][:3] == [7_000_000_000, None, None]
    assert [cell["started"] for cell in cells][1:4] == [
        "2026-01-01T10:00:02.000000",
        "2026-01-01T10:00:03.000000",
        None,
    ]
    assert services.executions.skipped_cells(run.execution_id) == [{"cell": 4, "code": 4, "tag": "local-only"}]


def test_the_next_attempt_begins_anew(services: Services, user: User, environment: str, run: Any) -> None:
    begun = [event(1, 1, "started"), event(1, 1, "done", seconds=1.0), event(2, 2, "started")]
    services.runs.events(run.token, 1, begun)
    services.pool.lost(run.execution_id, 1, "power cut")
    assert {state for *_, state, _ in shown(services, user, run)} == {"waiting"}
    set_price(services, 7200)
    again = place(services, environment)
    services.runs.start(again.token, {"pid": 8})
    services.runs.events(again.token, 1, begun)
    services.pool.lost(run.execution_id, 2, "power cut")
    first, second = services.cells.of(user, run.execution_id)[:2]
    assert (first.state, first.cost) == ("done", 2.0)
    # its machine could not say how it ended
    assert (second.state, second.seconds) == ("error", None)


def test_the_notebook_as_it_was_submitted(services: Services, user: User, run: Any) -> None:
    row = services.executions.get(user, run.execution_id)
    assert len(json.loads(services.notebooks.submitted(user, row))["cells"]) == len(CELLS)
    assert services.notebooks.executed(row) is None


def test_what_ran_before_there_were_rows_of_cells(services: Services, user: User, environment: str, run: Any) -> None:
    """Its stream says what they would; of the attempt that counts."""
    begun = [event(1, 1, "started"), event(1, 1, "done", seconds=1.0), event(2, 2, "started")]
    services.runs.events(run.token, 1, [*begun, event(2, 2, "done", seconds=1.0), event(3, 3, "started")])
    services.pool.lost(run.execution_id, 1, "power cut")
    again = place(services, environment)
    services.runs.start(again.token, {"pid": 8})
    said = {"k": "log", "s": "out", "text": json.dumps(event(7, 7, "done"))}
    services.runs.events(again.token, 1, [*begun, said, event(2, 2, "error", seconds=2.0)])
    services.runs.end(again.token, {"status": "error", "reason": "no"})
    before = services.cells.of(user, run.execution_id)
    assert [cell.state for cell in before[:4]] == ["done", "error", "waiting", "waiting"]
    assert (before[1].seconds, before[1].cost) == (2.0, 2.0)
    with services.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM execution_cells WHERE cell = 1")
    assert services.cells.of(user, run.execution_id) == before
    with services.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM execution_cells")
    assert services.cells.of(user, run.execution_id) == before


def test_without_a_price_when_it_was_placed_there_is_no_cost(
    services: Services, user: User, environment: str, run: Any
) -> None:
    with services.database.write() as connection:
        connection.exec_driver_sql("UPDATE attempts SET per_hour_price_usd = NULL")
    services.runs.events(run.token, 1, [event(1, 1, "started"), event(1, 1, "done", seconds=1.0)])
    services.runs.end(run.token, {"status": "complete"})
    assert services.executions.get(user, run.execution_id).cost is None
    assert services.cells.of(user, run.execution_id)[0].cost is None
