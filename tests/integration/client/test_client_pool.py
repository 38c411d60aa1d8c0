"""Environments and registries from Python, the terminal and `%valo`, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import sqlalchemy as sa

from tests.parts.web import running_web
from tests.unit.test_services_line import Crowd
from valo_jupyter import Client
from valo_jupyter.client import environments, pool_words
from valo_jupyter.client.http import Http
from valo_jupyter.db.tables import executions
from valo_jupyter.domain import errors
from valo_jupyter.kernel.magics import Commands

Command = Callable[..., "CompletedProcess[str]"]
MakeNotebook = Callable[..., Path]


@pytest.fixture
def narrow(client: Client) -> Iterator[str]:
    """The slug of an environment with one machine."""
    made = client.create_environment("Narrow one", max_scale=1, per_hour_price_usd=3600.0, description="for one")
    yield made.slug
    for execution in client.executions(status="incomplete", everywhere=True):
        execution.stop().wait(60, raise_on_failure=False)
    made.delete(stop=True)


def eventually(look: Callable[[], list[Any]]) -> list[Any]:
    deadline = time.monotonic() + 20
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_an_environment_from_python(client: Client, narrow: str, make_notebook: MakeNotebook, valo: Command) -> None:
    environment = client.environment(narrow)
    assert (environment["name"], environment["max_scale"], environment.slug) == ("Narrow one", 1, narrow)
    assert client.environment("Narrow one")["id"] == environment["id"]
    assert narrow in {found["slug"] for found in client.environments()}
    with pytest.raises(errors.Invalid, match=r"no environment 'wide'.*local"):
        client.environment("wide")

    holding = client.run(make_notebook("import time; time.sleep(120)"), environment=narrow)
    waiting = client.run(make_notebook("1"), environment=narrow, title="the next")
    for batch in holding.follow():
        if any(event["k"] == "cell" for event in batch.events):
            break
    # written down once a second
    (machine,) = eventually(lambda: [each for each in environment.machines() if each["state"] == "busy"])
    assert machine["execution"]["counter"] == holding.counter
    assert machine["hardware"]["cpu_count"] >= 1
    assert [item.title for item in environment.queue()] == ["the next"]
    seen = waiting.refresh().data
    assert seen["queue_position"] == 1
    assert "busy" in seen["status_detail"]
    assert eventually(lambda: [step for step in environment.history() if step["busy"] == 1])
    # of all environments, each row says which; nothing is called by its identifier
    commands = Commands()
    assert [row[0] for row in commands.run("queue").rows] == [narrow]
    assert narrow in [row[0] for row in commands.run("machines").rows]
    assert commands.run(f"queue {narrow}").header == pool_words.QUEUE
    status = valo("status").stdout
    assert f"{machine['name']} busy: project:{holding.counter} train" in status
    assert holding.id not in status

    # a second machine is there at once when the maximum allows it
    assert environment.edit(max_scale=2)["max_scale"] == 2
    assert waiting.wait(60).status.value == "complete"
    holding.stop().wait(60, raise_on_failure=False)
    with pytest.raises(errors.Invalid) as caught:
        environment.edit(max_scale=-1, per_user_quota="many")
    assert set(caught.value.details) >= {"max_scale", "per_user_quota"}


def test_a_line_of_others_is_gone_through_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    get = Http.get

    def counting(http: Http, path: str, query: Any = None, **options: Any) -> Any:
        asked.append(query)
        assert len(asked) < 10, "it asks for ever"
        return get(http, path, query, **options)

    with running_web(tmp_path / "state") as web:
        crowd = Crowd(web.services)
        gpu = crowd.environment()
        ana = crowd.user("ana")
        mine = web.services.projects.create(ana, "mine").id
        crowd.add(gpu, ana, 3)
        last = crowd.add(gpu, ana, 2)
        with web.services.database.write() as connection:
            own = executions.c.id.in_(last)
            connection.execute(sa.update(executions).where(own).values(project_id=mine))
        client = Client(web.url, web.services.accounts.new_token(ana))
        environment = client.environment("gpu")
        monkeypatch.setattr(environments, "_PAGE", 2)
        monkeypatch.setattr(Http, "get", counting)
        assert [item.id for item in environment.queue(1)] == last[:1]
        assert [query["limit"] for query in asked] == [2, 2]
        assert [item.id for item in environment.queue()] == last


def test_a_name_is_one_environments(client: Client) -> None:
    made = client.create_environment("Twice")
    with pytest.raises(errors.Invalid, match="Another environment, twice, has this name"):
        client.create_environment("Twice")
    assert client.environment("Twice")["id"] == made["id"]
    made.delete()
    client.create_environment("Twice").delete()


def test_a_trial_shows_its_steps(client: Client) -> None:
    trial = client.environment("local").test()
    steps = list(trial)
    assert trial.passed, trial.data
    assert [step["name"] for step in steps] == [step["name"] for step in trial.data["steps"]]
    assert {"start", "close"} <= {step["name"] for step in steps}
    assert all(step["ok"] for step in steps)
    assert trial.data["hardware"]["python"]


def test_environments_in_the_terminal(valo: Command) -> None:
    made = valo("environment", "create", "Terminal", "--max", "3", "--grace", "0.5", "--price", "1.5")
    assert (made.returncode, made.stderr) == (0, "")
    try:
        listed = valo("environment", "list").stdout
        assert "local *" in listed
        assert "$1.5/h" in listed
        assert valo("environment", "edit", "terminal", "--container", "memory=2G", "--requeue", "3").returncode == 0
        shown = json.loads(valo("environment", "show", "terminal", "--json").stdout)
        assert (shown["max_scale"], shown["scale_down_grace_minutes"], shown["requeue"]) == (3, 0.5, 3)
        assert shown["containers"]["memory_bytes"] == 2_000_000_000
        wrong = valo("environment", "edit", "terminal", "--min", "9")
        assert wrong.returncode == 2
        assert "minimum scale (9)" in wrong.stderr
        assert "No machines" in valo("environment", "machines", "terminal").stdout
        assert "Nobody waits" in valo("environment", "queue", "terminal").stdout
        assert "hosts" in valo("environment", "engines").stdout
    finally:
        assert valo("environment", "delete", "terminal").returncode == 2
        deleted = valo("environment", "delete", "terminal", "--yes")
    assert "deleted" in deleted.stdout
    assert "no environment" in valo("environment", "show", "terminal").stderr


def test_registries_in_the_terminal(valo: Command, tmp_path: Path, client: Client) -> None:
    secret = tmp_path / "token"
    secret.write_text("dckr_pat_secret\n")
    words = ["registry", "add", "docker.io/ana/*", "--type", "docker-hub", "--username", "ana"]
    assert valo(*words, "--password-file", str(secret)).returncode == 0
    (entry,) = client.registries()
    assert (entry["match"], entry["username"], entry["password"]) == ("docker.io/ana/*", "ana", {"set": True})
    listed = valo("registry", "list", "--json").stdout
    assert json.loads(listed)[0]["type"] == "docker-hub"
    assert "dckr_pat_secret" not in listed
    assert valo("registry", "edit", "docker.io/ana/*", "--username", "ben").returncode == 0
    assert client.registry("docker.io/ana/*")["username"] == "ben"
    assert valo("registry", "delete", "docker.io/ana/*").returncode == 0
    assert client.registries() == []
    assert "no entry" in valo("registry", "test", "docker.io/ana/*").stderr


def test_wait_rerun_and_stop_in_the_terminal(valo: Command, client: Client, make_notebook: MakeNotebook) -> None:
    first = client.run(make_notebook("print(lr)", parameters="lr = 0.1"))
    done = valo("wait", first.id)
    assert (done.returncode, "done" in done.stdout) == (0, True)
    again = valo("rerun", first.id, "-p", "lr", "-1", "--tag", "again")
    assert again.returncode == 0, again.stderr
    newest = client.executions(everywhere=True, tag="again")[0].wait(60)
    assert newest.data["parameters"]["lr"] == -1
    slow = client.run(make_notebook("import time; time.sleep(120)"))
    assert "stop" in valo("stop", slow.id).stdout
    assert valo("wait", slow.id).returncode == 1


def test_environments_in_a_cell(client: Client, narrow: str, capsys: pytest.CaptureFixture[str]) -> None:
    commands = Commands()
    table = commands.run("environments")
    assert narrow in repr(table)
    assert "<table>" in table._repr_html_()
    one = commands.run(f"environment {narrow}")
    assert "maximum scale" in repr(one)
    assert "Nobody waits" in one._repr_html_()
    assert "No machines" in repr(commands.run(f"machines {narrow}"))
    assert "Nobody waits" in repr(commands.run("queue"))
    assert commands.complete("%valo environment nar") == [narrow]
    assert commands.complete("%valo run --environment nar") == [narrow]
    commands.run("help")
    assert "%valo environments" in capsys.readouterr().out
