"""What a machine tells: events, metadata, files, secrets, ends."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.parts.contents import keep
from tests.unit.test_services_pool import Project, environment, place, project, user
from valo_jupyter.api.submissions import changes
from valo_jupyter.db.tables import attempts
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import (
    InputUnavailable,
    Invalid,
    NotFound,
    StaleAttempt,
    UnknownParameter,
    WrongParameterType,
)
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services
from valo_jupyter.services.accounts import User
from valo_jupyter.services.listing import Filter

__all__ = ["environment", "project", "user"]


@pytest.fixture
def run(services: Services, project: Project, environment: str) -> Any:
    project.submit(secrets={"TOKEN": "s3cret-value"}, environment_variables={"A": "1"})
    order = place(services, environment)
    services.runs.start(order.token, {"pid": 7})
    return order


def test_the_assignment_has_what_the_machine_needs(services: Services, run: Any) -> None:
    assignment = services.runs.start(run.token, {"pid": 7})
    assert assignment["environment_variables"] == {"A": "1", "TOKEN": "s3cret-value"}
    assert assignment["secret_names"] == ["TOKEN"]
    assert assignment["commands"] == ["python train.py --lr=0.1"]
    wanted = assignment["container"]
    assert (wanted["image"], wanted["mode"], wanted["local_images"]) == ("python:3.11", "auto", True)
    with pytest.raises(StaleAttempt):
        services.runs.start(run.token, {"pid": 8})


def test_the_image_is_recorded_by_its_content(services: Services, run: Any) -> None:
    digest = "sha256:" + "0" * 64
    entry = {"id": "e", "match": "docker.io/team/*"}
    services.runs.image(run.token, digest, entry)
    row = services.executions.get(services.accounts.ensure("ana"), run.execution_id)
    assert (row.image, row.image_digest, row.image_entry) == ("python:3.11", digest, entry)


def test_images_of_the_machine_are_its_one_users(services: Services, project: Project, environment: str) -> None:
    services.accounts.ensure("bob")
    project.submit()
    assignment = services.runs.start(place(services, environment).token, {"pid": 7})
    assert not assignment["container"]["local_images"]


def test_secrets_are_not_in_the_database(services: Services, run: Any) -> None:
    with services.database.read() as connection:
        row = connection.exec_driver_sql("SELECT secrets, environment_variables FROM executions").one()
    assert "s3cret-value" not in str(row)
    assert services.seal.open(row[0]) == {"TOKEN": "s3cret-value"}


def test_events_sent_again_are_taken_once(services: Services, run: Any) -> None:
    events = [
        {"k": "log", "s": "stdout", "text": "a\nb\nc", "n": 3},
        {"k": "metadata", "values": {"epoch": 1, "loss": 0.5}},
    ]
    assert services.runs.events(run.token, 1, events)["ack"] == 4
    assert services.runs.events(run.token, 1, events)["ack"] == 4
    assert services.runs.events(run.token, 5, [{"k": "log", "s": "stderr", "text": "d"}])["ack"] == 5
    stream = [event for event in services.stream.all(run.execution_id) if event["k"] != "status"]
    assert [event.get("text") for event in stream] == ["a\nb\nc", None, "d"]
    numbers = [(event["seq"], event.get("n", 1)) for event in services.stream.all(run.execution_id)]
    assert all(a + n == b for (a, n), (b, _) in itertools.pairwise(numbers))
    assert len(services.data.points(run.execution_id)) == 1


def test_a_gap_in_the_numbers_is_refused(services: Services, run: Any) -> None:
    with pytest.raises(Invalid, match="Events 1 to 4 are missing"):
        services.runs.events(run.token, 5, [{"k": "log", "s": "stdout", "text": "x"}])


def test_events_written_before_a_crash_of_the_server_are_not_doubled(services: Services, run: Any) -> None:
    """The file was written, the transaction was not: the machine sends the batch again."""
    batch = [{"k": "log", "s": "stdout", "text": "a"}, {"k": "metadata", "values": {"x": 1}}]
    services.stream.append(run.execution_id, batch, attempt=1, first=1)
    services.runs.events(run.token, 1, [*batch, {"k": "log", "s": "stdout", "text": "b"}])
    texts = [event["text"] for event in services.stream.all(run.execution_id) if event["k"] == "log"]
    assert texts == ["a", "b"]
    assert len(services.data.points(run.execution_id)) == 1


def test_progress_metric_and_metadata_reach_the_row(services: Services, run: Any, user: User) -> None:
    events: list[dict[str, Any]] = [
        {"k": "cell", "cell": 3, "code": 2, "of": 4, "state": "started"},
        {"k": "metadata", "values": {"epoch": 1, "accuracy": 0.5, "_time": "2026-01-01T10:00:00.123456"}},
        {"k": "metadata", "values": {"epoch": 2, "accuracy": 0.75, "loss": "NaN"}},
    ]
    services.runs.events(run.token, 1, events)
    row = services.executions.get(user, run.execution_id)
    assert row.status_detail == "cell 2 of 4"
    assert row.progress == {"cell": 3, "code": 2, "of": 4, "fraction": 0.25}
    assert (row.metric["name"], row.metric["values"]) == ("accuracy", [0.5, 0.75])
    assert row.cumulative_metadata == {"epoch": 2, "accuracy": 0.75, "loss": "NaN"}


def test_files_and_their_edges(services: Services, run: Any, user: User) -> None:
    made = {"name": "m/model.pkl", "size": 3, "sha256": "a" * 64, "uri": "valo://" + "a" * 64, "tags": ["best"]}
    keep(services, made)
    (first,) = services.runs.outputs(run.token, [made])
    assert services.runs.outputs(run.token, [made]) == [first]
    read = {"input": "data", "name": "d.csv", "uri": "https://x/d.csv", "size": 1, "sha256": "b" * 64}
    (told,) = services.runs.inputs(run.token, [read])
    assert told["warning"] is None
    (changed,) = services.runs.inputs(run.token, [{**read, "sha256": "c" * 64}])
    assert "other content" in changed["warning"]
    graph = services.traces.trace("datum", first["datum"])
    kinds = sorted((edge["type"], edge["name"]) for edge in graph["edges"])
    assert kinds == [("code", ""), ("input", "data"), ("input", "data"), ("output", "m/model.pkl")]
    assert {node["type"] for node in graph["nodes"]} == {"datum", "execution", "commit"}
    assert services.data.outputs(run.execution_id).beside.tags[first["datum"]] == ["best"]


def test_the_end_may_be_told_twice(services: Services, run: Any, project: Project, user: User) -> None:
    outcome = {
        "status": "error",
        "reason": "failed in cell 2: ValueError: no",
        "error": {"cell": 2, "ename": "ValueError"},
    }
    services.runs.end(run.token, outcome)
    services.runs.end(run.token, outcome)
    row = services.executions.get(user, run.execution_id)
    assert (row.status, row.status_detail, row.error["cell"]) == ("error", outcome["reason"], 2)
    with pytest.raises(StaleAttempt):
        services.runs.end(run.token, {"status": "complete"})
    with pytest.raises(StaleAttempt):
        services.runs.outputs(run.token, [])


def test_cost_is_price_times_time_held(services: Services, run: Any, user: User) -> None:
    with services.database.write() as connection:
        connection.execute(sa.update(attempts).values(per_hour_price_usd=3600))
    services.runs.end(run.token, {"status": "complete"})
    row = services.executions.get(user, run.execution_id)
    with services.database.read() as connection:
        placed = connection.execute(sa.select(attempts.c.placed)).scalar_one()
    assert row.cost == pytest.approx((row.ended - placed).total_seconds(), abs=0.01)


def test_a_lost_attempt_costs_but_is_not_the_time_of_the_next(
    services: Services, run: Any, user: User, environment: str
) -> None:
    with services.database.write() as connection:
        connection.exec_driver_sql("UPDATE environments SET per_hour_price_usd = 3600")
        hour_ago = clock.now() - timedelta(hours=1)
        connection.execute(sa.update(attempts).values(placed=hour_ago, started=hour_ago, per_hour_price_usd=3600))
    services.pool.lost(run.execution_id, 1, "power cut")
    again = place(services, environment)
    services.runs.start(again.token, {"pid": 1})
    services.runs.end(again.token, {"status": "complete"})
    row = services.executions.get(user, run.execution_id)
    assert (row.ended - row.started).total_seconds() < 60
    assert row.cost == pytest.approx(3600, abs=60)


def test_the_database_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "made-by-somebody"
    folder.mkdir(mode=0o755)
    opened = Services.open(StateFolder(folder))
    opened.accounts.ensure("ana")
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob("valo.sqlite3*")}
    opened.close()
    assert "valo.sqlite3-wal" in modes
    assert set(modes.values()) == {0o600}


def test_the_notebook_is_kept(services: Services, run: Any, tmp_path: Path) -> None:
    for text in ("{}", '{"cells": []}'):
        file = tmp_path / "nb"
        file.write_text(text)
        services.runs.notebook(run.token, file)
    assert (services.state.notebooks / f"{run.execution_id}.ipynb").read_text() == '{"cells": []}'


def test_filters(services: Services, project: Project, user: User) -> None:
    rows = [project.submit(tags=(f"t{number % 2}",), title=f"run_{number}") for number in range(4)]

    def counters(**fields: Any) -> list[int]:
        return [row.counter for row in services.executions.list(user, Filter(project.id, **fields)).rows]

    assert counters() == [4, 3, 2, 1]
    assert counters(tag=("t1",)) == [4, 2]
    assert counters(search="tag:t0 run_2") == [3]
    assert counters(search="RUN_1") == [2]
    assert counters(search="%") == []
    assert counters(counter=(2,)) == [2]
    assert counters(status=("incomplete",), limit=2, offset=1) == [3, 2]
    revision = services.executions.list(user, Filter(project.id)).revision
    services.executions.stop(user, rows[0].id)
    assert counters(changed_after=revision) == [1]
    assert counters(status=("stopped",)) == [1]
    with pytest.raises(Invalid, match="no state"):
        counters(status=("odd",))


def test_copy_keeps_what_is_not_changed(services: Services, project: Project, user: User) -> None:
    first = project.submit(parameters={"lr": 0.5}, secrets={"K": "v"}, tags=("a",), title="first")
    again = services.executions.copy(user, first.id, {"parameters": {"epochs": 3}, "title": "second"})
    assert again.parameters == {"lr": 0.5, "epochs": 3}
    assert (again.title, again.copied_from, again.commit_id) == ("second", first.id, first.commit_id)
    assert services.seal.open(again.secrets) == {"K": "v"}


def test_copy_without_a_variable_and_a_title(services: Services, project: Project, user: User) -> None:
    first = project.submit(environment_variables={"A": "1", "B": "2"}, secrets={"K": "value"}, title="first")
    assert changes({"environment_variables": {"A": None, "B": 3}, "title": ""}) == {
        "environment_variables": {"A": None, "B": "3"},
        "title": "",
    }
    without = {"environment_variables": {"A": None, "C": "3"}, "title": ""}
    again = services.executions.copy(user, first.id, without)
    assert (again.environment_variables, again.title) == ({"B": "2", "C": "3", "K": None}, "")
    assert services.seal.open(again.secrets) == {"K": "value"}


def test_refusals_name_what_is_there(services: Services, project: Project, user: User) -> None:
    with pytest.raises(UnknownParameter, match="It has: lr, epochs"):
        project.submit(parameters={"learning_rate": 1})
    with pytest.raises(WrongParameterType, match="lr"):
        project.submit(parameters={"lr": "much"})
    with pytest.raises(Invalid, match="Did you mean 'data'"):
        project.submit(inputs={"dta": ["x.csv"]})
    with pytest.raises(InputUnavailable, match=r"\.gitignore:1 data/"):
        project.submit(inputs={"data": ["data/train.csv"]}, left_out=({"path": "data/", "rule": ".gitignore:1 data/"},))
    with pytest.raises(NotFound, match="no such execution"):
        services.executions.get(services.accounts.ensure("mallory"), project.submit().id)


def test_project_variables_and_their_secrets(
    services: Services, project: Project, user: User, environment: str
) -> None:
    services.projects.set_variable(user, project.id, "PLAIN", "p", secret=False)
    services.projects.set_variable(user, project.id, "HIDDEN", "h1dden", secret=True)
    assert services.projects.variables(project.id) == {
        "HIDDEN": {"value": None, "secret": True},
        "PLAIN": {"value": "p", "secret": False},
    }
    project.submit(environment_variables={"PLAIN": "own"})
    assignment = services.runs.start(place(services, environment).token, {})
    assert assignment["environment_variables"] == {"PLAIN": "own", "HIDDEN": "h1dden"}
    assert assignment["secret_names"] == ["HIDDEN"]


def test_what_user_code_may_say_is_stored(services: Services, run: Any, user: User) -> None:
    """NUL, bytes that are no UTF-8, numbers that JSON has not: none of them may cost the execution its end."""
    odd = {
        "name": "a\udcff.bin",
        "size": 1,
        "sha256": "d" * 64,
        "uri": "valo://" + "d" * 64,
        "metadata": {"x": float("nan")},
    }
    keep(services, odd)
    (made,) = services.runs.outputs(run.token, [odd])
    assert services.runs.outputs(run.token, [odd]) == [made]
    assert services.data.get(user, made["datum"]).name == "a\\xff.bin"
    assert services.data.get(user, made["datum"]).metadata == {"x": "NaN"}
    services.runs.events(run.token, 1, [{"k": "metadata", "values": {"loss": float("inf"), "t": "\0"}}])
    assert services.data.points(run.execution_id)[0].values == {"loss": "Infinity", "t": "\0"}
    services.runs.end(
        run.token, {"status": "error", "reason": "ValueError: \0 and \udcff", "error": {"evalue": "\0\udcff"}}
    )
    assert services.executions.get(user, run.execution_id).status_detail == "ValueError: \\0 and \\xff"


def test_a_sidecar_that_comes_later_joins_its_file(services: Services, run: Any) -> None:
    item = {"name": "m.bin", "size": 1, "sha256": "e" * 64, "uri": "valo://" + "e" * 64, "tags": ["a"]}
    keep(services, item)
    (first,) = services.runs.outputs(run.token, [item])
    later = {**item, "tags": ["a", "b"], "metadata": {"kind": "model"}}
    assert services.runs.outputs(run.token, [later]) == [first]
    assert services.data.outputs(run.execution_id).beside.tags[first["datum"]] == ["a", "b"]
    assert services.data.any(first["datum"]).metadata == {"kind": "model"}


def test_a_value_of_megabytes_is_whole_in_its_point_only(services: Services, run: Any, user: User) -> None:
    services.runs.events(run.token, 1, [{"k": "metadata", "values": {"big": "x" * 5_000_000, "list": [0] * 9999}}])
    assert len(services.data.points(run.execution_id)[0].values["big"]) == 5_000_000
    cumulative = services.executions.get(user, run.execution_id).cumulative_metadata
    assert len(cumulative["big"]) == len(cumulative["list"]) == 1001
