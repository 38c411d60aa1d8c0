"""The Python API: reads and steers the executions of one server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from valo_jupyter.client import data as files
from valo_jupyter.client import datasets, environments, registries, stores
from valo_jupyter.client.data import Datum
from valo_jupyter.client.datasets import Dataset, DatasetVersion
from valo_jupyter.client.differences import Difference
from valo_jupyter.client.environments import Environment
from valo_jupyter.client.executions import Execution
from valo_jupyter.client.find import find_server
from valo_jupyter.client.http import Http
from valo_jupyter.client.lookup import Lookup, listed
from valo_jupyter.client.registries import Registry
from valo_jupyter.client.stores import Store


class Client:
    """A server, as one account sees it.

    `valo_jupyter.Client` is this and `run`. Without arguments it finds the server as `find_server` says: `VALO_URL` and
    `VALO_TOKEN`, the server of the Jupyter server around this kernel, else the local one, which it starts.

    Parameters
    ----------
    url, token : str, optional
        The server and the account's API token.
    project : str, optional
        Name or id of the project that plain counters such as `12` belong to.
    start : bool
        Whether a local server may be started.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, project: str | None = None, start: bool = True
    ) -> None:
        server = find_server(url, token, start=start)
        self.http = Http(server.url, server.token, moved=server.moved, token_from=server.token_from)
        self._lookup = Lookup(self.http, project, self._home())

    @property
    def url(self) -> str:
        return self.http.url

    def __repr__(self) -> str:
        return f"<Client {self.url}>"

    def me(self) -> dict[str, Any]:
        """The account behind the token: `id`, `username`."""
        return self.http.get("users/me/")

    def projects(self) -> list[dict[str, Any]]:
        """The projects that this account may see."""
        return self._lookup.projects()

    def environments(self) -> list[Environment]:
        """The environments that executions can be placed in; disabled ones too."""
        return [Environment(self, data) for data in self.http.get("environments/", {"limit": 1000})["results"]]

    def environment(self, name: str) -> Environment:
        """One environment, by slug, id or name."""
        return environments.find(self, name)

    def create_environment(
        self, name: str, *, engine: str = "local", options: dict[str, Any] | None = None, **settings: Any
    ) -> Environment:
        """Make an environment.

        Parameters
        ----------
        engine, options
            Its kind, and what that asks for; `engines` lists both.
        settings
            As in its JSON: `min_scale`, `max_scale`, `per_user_quota`, `image`, …

        Raises
        ------
        Invalid
            Something is wrong; `details` has a sentence for each setting.
        """
        given = {"name": name, "engine": engine, "options": options or {}, **settings}
        return Environment(self, self.http.post("environments/", given))

    def engines(self) -> list[dict[str, Any]]:
        """The kinds of engines, with the options of each, and whether what they need is installed."""
        return self.http.get("engines/")["results"]

    def registries(self) -> list[Registry]:
        """The entries for private registries; their passwords are never shown."""
        return [Registry(self, data) for data in self.http.get("registries/")["results"]]

    def registry(self, name: str) -> Registry:
        """One entry, by its pattern or id."""
        return registries.find(self, name)

    def create_registry(self, match: str, *, type: str = "generic", username: str = "", password: str) -> Registry:
        """Keep credentials for the images that `match`, such as `docker.io/myusername/*`."""
        given = {"match": match, "type": type, "username": username, "password": password}
        return Registry(self, self.http.post("registries/", given))

    def stores(self, *, project: str | None = None) -> list[Store]:
        """The data stores of the project named here or for this client, else of the current folder's, else of all."""
        scope = self._lookup.scope(project)
        return [store for one in scope for store in stores.of_project(self, one)]

    def store(self, name: str, *, project: str | None = None) -> Store:
        """One store of the project, by its name or id."""
        return stores.find(self, self._lookup.one(project), name)

    def store_types(self) -> list[dict[str, Any]]:
        """The kinds of stores, with the options and credentials of each, and whether what they need is installed."""
        return self.http.get("store-types/")["results"]

    def create_store(
        self,
        name: str,
        *,
        type: str,
        options: Mapping[str, Any],
        credentials: Mapping[str, Any] | None = None,
        default: bool = False,
        project: str | None = None,
    ) -> Store:
        """Let the project use a bucket or container of your own.

        Parameters
        ----------
        type, options
            Its kind (`s3`, `azure`, `gcs`, `swift`), and what that asks for; `store_types` lists both.
        credentials
            Written and never read again; without any, those of the machine are used.
        default
            Outputs of the project go there.

        Raises
        ------
        Invalid
            Something is wrong; `details` has a sentence for each setting.
        """
        home = self._lookup.one(project)
        return stores.create(self, home, name, type=type, options=options, credentials=credentials, default=default)

    def data(
        self,
        search: str | None = None,
        *,
        tag: str | Iterable[str] | None = None,
        alias: str | None = None,
        store: str | None = None,
        execution: int | str | None = None,
        project: str | None = None,
        limit: int = 20,
    ) -> list[Datum]:
        """The newest files first.

        Parameters
        ----------
        search
            Words; a file has all, each as the beginning of a word of its name, of a tag or an alias.
        tag
            Of several tags a file has all.
        store
            Name or id of a store, or `built-in`.
        execution
            What it made or used; its number, `project:12` or id.
        """
        query = {
            "search": search,
            "tag": listed(tag),
            "alias": alias,
            "store": store,
            "execution": None if execution is None else self.execution(execution).id,
            "ordering": "-ctime",
        }
        found = self._lookup.newest("data/", self._lookup.scope(project), query, limit)
        return [Datum(self, item) for item in found]

    def datum(self, reference: str, *, project: str | None = None) -> Datum:
        """One file, by its id, an alias, or `datum://` and either."""
        return files.find(self, self._lookup.scope(project), reference)

    def open(self, address: str, mode: str = "rb", **options: Any) -> IO[Any]:
        """Open a local copy of a file for reading: `pandas.read_csv(client.open("datum://train"))`."""
        return self.datum(address).open(mode, **options)

    def upload(
        self,
        path: str | Path,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        alias: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        store: str | None = None,
        project: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Datum:
        """Keep a file of this machine with the project, as a datum that executions can use.

        Parameters
        ----------
        name
            What it is called there; its own name without it.
        alias
            From now on, `datum://<alias>` stands for it.
        store
            Name or id; the project's default without it.
        progress
            Called with the bytes sent, and in all.
        """
        properties = {"tags": list(tags), "aliases": [alias] if alias else [], "metadata": dict(metadata or {})}
        home = self._lookup.one(project)
        return files.upload(
            self, home, Path(path).expanduser(), name=name, properties=properties, store=store, progress=progress
        )

    def datasets(self, *, project: str | None = None) -> list[Dataset]:
        """Named sets of files."""
        return datasets.of_projects(self, self._lookup.scope(project))

    def dataset(self, name: str, *, project: str | None = None) -> Dataset:
        """One dataset, by its name or id."""
        return datasets.find(self, self._lookup.scope(project), name)

    def create_dataset_version(
        self,
        dataset: str,
        name: str,
        *,
        files: Iterable[str | Datum] | Mapping[str, str | Datum] = (),
        patterns: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        project: str | None = None,
    ) -> DatasetVersion:
        """Make a version, which never changes; the dataset is made with its first one.

        Parameters
        ----------
        files
            Data, or ids and aliases of such; a mapping names them within the version.
        patterns
            Names of the project's files, or addresses in its stores, with `*`: `s3://bucket/images/*.png`.
        """
        home = self._lookup.one(project)
        return datasets.create_version(
            self, home, dataset, name, files=files, patterns=patterns, metadata=metadata or {}
        )

    def executions(
        self,
        *,
        project: str | None = None,
        status: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        notebook: str | None = None,
        search: str | None = None,
        limit: int = 20,
        everywhere: bool = False,
    ) -> list[Execution]:
        """The newest first, of the project named here or for this client, else of the current folder's, else of all.

        Parameters
        ----------
        status
            States; `incomplete` stands for all that have not ended.
        tag
            Of several tags an execution has all.
        notebook
            Its path in the project.
        everywhere
            Of all projects in any case.
        limit
            At most so many, at least 1.
        """
        query = {"status": listed(status), "tag": listed(tag), "notebook": notebook, "search": search}
        scope = self._lookup.scope(project, everywhere=everywhere)
        found = self._lookup.newest("executions/", scope, {**query, "ordering": "-counter"}, limit)
        return [Execution(self, item) for item in found]

    def execution(self, reference: int | str) -> Execution:
        """One execution: its counter, `#12`, `project:12`, `project:latest` or its id.

        A plain counter belongs to this client's project, else to the current folder's; elsewhere it is looked for in
        all projects.

        Raises
        ------
        NotFound
            There is none, or it stands for one in each of several projects.
        """
        return Execution(self, self._lookup.record(str(reference).strip()))

    def diff(self, left: int | str, right: int | str) -> Difference:
        """What differs between two executions: facts, files of their code, and their notebooks cell by cell."""
        return self.execution(left).diff(self.execution(right))

    def reference(self, execution: Execution) -> str:
        """The shortest name that leads back to `execution` from here: `12` or `project:12`."""
        return self._lookup.short(execution.data)

    def _home(self) -> str | None:
        """`<host>:<folder>` of the project that this process works in; a plain client works in none."""
        return None
