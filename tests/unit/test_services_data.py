"""Finding files, and what a lost attempt leaves of names and versions: on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parts.contents import keep
from tests.unit.test_services_lost import begun
from tests.unit.test_services_pool import Project, environment, project, user
from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.services import Services, datum_rows, finding
from valo_jupyter.services.accounts import User
from valo_jupyter.services.finding import Filter

__all__ = ["environment", "project", "user"]


def add(services: Services, project: Project, user: User, names: list[str], tags: tuple[str, ...] = ()) -> None:
    with services.database.write() as connection:
        for name in names:
            datum_rows.insert(
                connection, project_id=project.id, creator_id=user.id, origin="upload", name=name, size=len(name),
                uri=f"valo://{name}", tags=tags,
            )  # fmt: skip


def names(services: Services, user: User, project: Project, **wanted: Any) -> list[str]:
    return [row.name for row in services.data.list(user, Filter(project.id, **wanted)).rows]


@pytest.mark.parametrize("few", [0, 500])
def test_words_are_found_by_their_beginnings(
    services: Services, project: Project, user: User, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 0: as if every word were a common one
    monkeypatch.setattr(finding, "FEW", few)
    add(services, project, user, [f"model-{number}.bin" for number in range(5)], tags=("Best",))
    add(services, project, user, ["data.csv", "models of data.csv"])
    assert names(services, user, project, search="mod dat") == ["models of data.csv"]
    assert names(services, user, project, search="BES model", limit=2) == ["model-4.bin", "model-3.bin"]
    assert names(services, user, project, search="model", limit=2, offset=4) == ["model-1.bin", "model-0.bin"]
    assert names(services, user, project, search="odel") == []
    assert names(services, user, project, tags=("Best",), limit=2, offset=1) == ["model-3.bin", "model-2.bin"]
    assert names(services, user, project, ordering="-name", search="data") == ["models of data.csv", "data.csv"]
    for search, count in {"model": 6, "mod dat": 1, "BES model": 5, "odel": 0, "": 7}.items():
        assert services.data.list(user, Filter(project.id, search=search, count=True, limit=1)).count == count, search
    row = services.data.list(user, Filter(project.id, search="models")).rows[0]
    services.data.edit(user, row.id, name="other.csv", aliases=["Production"])
    assert names(services, user, project, search="models") == []
    assert names(services, user, project, search="prod") == ["other.csv"]


@pytest.mark.parametrize("ordering", ["-ctime", "ctime", "name", "-size"])
def test_pages_go_on_behind_a_file(services: Services, project: Project, user: User, ordering: str) -> None:
    add(services, project, user, [f"f{number}" for number in range(7)], tags=("t",))
    for filters in ({}, {"search": "f"}, {"tags": ("t",)}):
        whole = services.data.list(user, Filter(project.id, ordering=ordering, **filters)).rows
        found: list[str] = []
        for _ in range(4):
            before = found[-1] if found else None
            page = services.data.list(user, Filter(project.id, ordering=ordering, limit=2, before=before, **filters))
            found += [row.id for row in page.rows]
        assert found == [row.id for row in whole]
        assert len(found) == 7


def test_a_lost_attempt_takes_names_and_versions_along(
    services: Services, project: Project, environment: str, user: User
) -> None:
    def output(digit: str) -> dict[str, Any]:
        sha = digit * 64
        versions = ["dataset://d/v" + digit]
        return {"name": f"m{digit}", "size": 1, "sha256": sha, "uri": f"valo://{sha}", "aliases": ["best"],
                "dataset_versions": versions}  # fmt: skip

    project.submit()
    first = begun(services, environment)
    keep(services, output("1"), output("2"))
    (made,) = services.runs.outputs(first.token, [output("1")])
    services.runs.end(first.token, {"status": "complete"})
    lost_id = project.submit().id
    lost = begun(services, environment)
    services.runs.outputs(lost.token, [output("2")])
    with pytest.raises(InputUnavailable, match="still being made"):
        project.submit(inputs={"data": ["dataset://d/v2"]})
    services.pool.lost(lost_id, 1, "power cut")
    row, _, _ = services.aliases.resolve(user, project.id, "best")
    assert row.datum_id == made["datum"]
    (dataset,), versions = services.datasets.list(user, project.id)
    assert [version.name for version in versions.rows[dataset.id]] == ["v1"]
    waiting = project.submit(inputs={"data": ["datum://best", "dataset://d/latest"]})
    assert waiting.inputs[0]["uris"] == [f"datum://{made['datum']}", "dataset://d/v1"]
