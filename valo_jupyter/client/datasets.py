"""Datasets: named sets of files, each version of which never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.data import Datum
from valo_jupyter.client.record import Record
from valo_jupyter.client.targets import check_targets, target_of
from valo_jupyter.domain.errors import NotFound

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client

SCHEME = "dataset://"


class DatasetVersion(Record):
    """A version of a dataset; a mapping of its JSON as last seen."""

    collection = "dataset-versions"

    def __repr__(self) -> str:
        return f"<DatasetVersion {self.data['uri']} {self.data['count']} files>"

    @property
    def address(self) -> str:
        """`dataset://<name>/<version>`: what an input is given to use it."""
        return self.data["uri"]

    @property
    def files(self) -> dict[str, Datum]:
        """Its files, by their names in it."""
        found = self._client.http.get(self.path)["files"]
        return {item["name"]: Datum(self._client, item["datum"]) for item in found}

    def download(self, folder: str | Path = ".", *, overwrite: bool = False) -> list[Path]:
        """Write all files below `folder`; none is when one is refused as a download."""
        targets = {target_of(folder, name): datum for name, datum in self.files.items()}
        check_targets([(target, datum.data) for target, datum in targets.items()], overwrite=overwrite)
        return [datum.save(target, overwrite=overwrite) for target, datum in targets.items()]


class Dataset(Record):
    """A dataset; a mapping of its JSON as last seen."""

    collection = "datasets"

    def __repr__(self) -> str:
        return f"<Dataset {self.data['name']} {len(self.data['versions'])} versions>"

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def versions(self) -> list[DatasetVersion]:
        """The newest first."""
        return [DatasetVersion(self._client, item) for item in self._client.http.get(self.path)["versions"]]

    def version(self, name: str = "latest") -> DatasetVersion:
        """One version by its name; `latest` is the newest."""
        found = self.versions
        for version in found:
            if name in ("latest", version["name"]):
                return version
        known = ", ".join(version["name"] for version in found)
        raise NotFound(f"The dataset {self.name} has no version {name!r}. It has: {known or 'none'}.")


def of_projects(client: Client, projects: Iterable[str]) -> list[Dataset]:
    pages = [client.http.get("datasets/", {"project": project, "limit": 9000}) for project in projects]
    return [Dataset(client, item) for page in pages for item in page["results"]]


def find(client: Client, projects: list[str], name: str) -> Dataset:
    """The dataset by its name, its id or `dataset://name…`."""
    name = name.removeprefix(SCHEME).partition("/")[0]
    found = of_projects(client, projects)
    for dataset in found:
        if name in (dataset["id"], dataset["name"]):
            return dataset
    known = ", ".join(dataset["name"] for dataset in found)
    raise NotFound(f"There is no dataset {name!r}. There are: {known or 'none'}.")


def create_version(
    client: Client,
    project: str,
    dataset: str,
    name: str,
    *,
    files: Iterable[str | Datum] | Mapping[str, str | Datum],
    patterns: Iterable[str],
    metadata: Mapping[str, Any],
) -> DatasetVersion:
    """Make a version of files (by name in it, or under their own names) and of what patterns find."""
    named = files.items() if isinstance(files, Mapping) else ((None, file) for file in files)
    items = [{"datum": _id(client, project, file), **({"name": key} if key else {})} for key, file in named]
    given = {
        "project": project,
        "dataset": dataset,
        "name": name,
        "files": items,
        "patterns": list(patterns),
        "metadata": dict(metadata),
    }
    return DatasetVersion(client, client.http.post("dataset-versions/", given))


def _id(client: Client, project: str, file: str | Datum) -> str:
    from valo_jupyter.client import data

    return file.id if isinstance(file, Datum) else data.find(client, [project], file).id
