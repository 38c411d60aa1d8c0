"""An execution that runs again has the files and metadata of the attempt that counts, and no others."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.parts.contents import keep
from tests.unit.test_services_pool import Project, environment, place, project, user
from valo_jupyter.db.tables import data, edges
from valo_jupyter.domain.placement import Placement
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User

__all__ = ["environment", "project", "user"]


def item(name: str, digit: str) -> dict[str, Any]:
    sha = digit * 64
    return {"name": name, "size": 3, "sha256": sha, "uri": f"valo://{sha}", "tags": ["mine"]}


def begun(services: Services, environment: str) -> Placement:
    order = place(services, environment)
    services.runs.start(order.token, {"pid": order.attempt})
    keep(services, *(item("any", digit) for digit in "1234"))
    return order


def outputs(services: Services, execution_id: str) -> set[tuple[str, str]]:
    query = sa.select(data.c.name, data.c.sha256).where(data.c.output_execution_id == execution_id)
    with services.database.read() as connection:
        return {(row.name, row.sha256[0]) for row in connection.execute(query)}


def test_a_lost_attempt_takes_its_files_and_metadata_along(
    services: Services, project: Project, environment: str, user: User
) -> None:
    execution_id = project.submit().id
    first = begun(services, environment)
    services.runs.events(first.token, 1, [{"k": "metadata", "values": {"accuracy": 0.5, "only": 1}}])
    services.runs.outputs(first.token, [item("model", "1"), item("only the first", "2"), item("same", "3")])
    services.pool.lost(execution_id, 1, "power cut")
    assert outputs(services, execution_id) == set()
    second = begun(services, environment)
    services.runs.events(second.token, 1, [{"k": "metadata", "values": {"accuracy": 0.75}}])
    services.runs.outputs(second.token, [item("model", "4"), item("same", "3")])
    services.runs.end(second.token, {"status": "complete"})
    assert outputs(services, execution_id) == {("model", "4"), ("same", "3")}
    row = services.executions.get(user, execution_id)
    assert row.cumulative_metadata == {"accuracy": 0.75}
    assert row.metric["values"] == [0.75]
    assert [point.values for point in services.data.points(execution_id)] == [{"accuracy": 0.75}]
    with services.database.read() as connection:
        found = connection.execute(sa.select(edges.c.name).where(edges.c.kind == "output")).scalars().all()
    assert sorted(found) == ["model", "same"]


def test_a_file_that_was_read_meanwhile_stays(services: Services, project: Project, environment: str) -> None:
    execution_id = project.submit().id
    first = begun(services, environment)
    services.runs.outputs(first.token, [item("model", "1")])
    reader = project.submit().id
    reading = begun(services, environment)
    services.runs.inputs(reading.token, [{**item("model", "1"), "input": "data"}])
    services.pool.lost(execution_id, 1, "power cut")
    assert outputs(services, execution_id) == {("model", "1")}
    kinds = {edge["type"] for edge in services.traces.trace("execution", reader)["edges"]}
    assert {"input", "output"} <= kinds


def test_one_that_is_not_run_again_keeps_them(services: Services, project: Project, environment: str) -> None:
    execution_id = project.submit(requeue=0).id
    order = begun(services, environment)
    services.runs.outputs(order.token, [item("model", "1")])
    services.pool.lost(execution_id, 1, "power cut")
    assert outputs(services, execution_id) == {("model", "1")}
