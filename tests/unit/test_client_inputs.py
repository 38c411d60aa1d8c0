"""Addresses of inputs, as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.submit.inputs import in_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "notebooks" / "data").mkdir(parents=True)
    (folder / "train.csv").touch()
    (folder / "notebooks" / "beside.csv").touch()
    (folder / "notebooks" / "data" / "part.csv").touch()
    (tmp_path / "outside.csv").touch()
    return folder


def located(project: Path, *addresses: str, here: str = ".") -> list[str]:
    notebook = project / "notebooks" / "train.ipynb"
    return in_project({"data": addresses}, project, notebook, here=project / here)["data"]


def test_a_path_is_one_in_the_project(project: Path) -> None:
    assert located(project, "train.csv", "notebooks/data") == ["train.csv", "notebooks/data"]
    assert located(project, str(project / "train.csv")) == ["train.csv"]


def test_a_path_beside_the_notebook_or_in_the_current_folder_counts(project: Path) -> None:
    assert located(project, "beside.csv", "../train.csv") == ["notebooks/beside.csv", "train.csv"]
    assert located(project, "part.csv", here="notebooks/data") == ["notebooks/data/part.csv"]


def test_addresses_and_patterns_are_left_alone(project: Path) -> None:
    given = ["https://host/a.csv?b=1", "valo://abc", "s3://bucket/key", "data/*.csv"]
    assert located(project, *given) == given


def test_a_file_that_is_not_sent_along_is_refused_with_advice(project: Path) -> None:
    with pytest.raises(InputUnavailable, match="not in the project folder"):
        located(project, "../outside.csv")
    with pytest.raises(InputUnavailable, match=r"no file nowhere\.csv"):
        located(project, "nowhere.csv")


def test_one_address_may_stand_alone(project: Path) -> None:
    assert in_project({"data": "train.csv"}, project, project / "n.ipynb") == {"data": ["train.csv"]}
