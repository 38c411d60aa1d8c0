"""All services over one database and one state folder."""

from __future__ import annotations

import os
from collections.abc import Callable

from valo_jupyter.db import Database
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.starts import Starts
from valo_jupyter.services.accounts import Accounts
from valo_jupyter.services.adoption import Adoption
from valo_jupyter.services.aliases import Aliases
from valo_jupyter.services.archives import Archives
from valo_jupyter.services.arrivals import Arrivals
from valo_jupyter.services.bringing import Bringing
from valo_jupyter.services.cells import Cells
from valo_jupyter.services.commits import Commits
from valo_jupyter.services.comparing import Comparing
from valo_jupyter.services.contents import Contents
from valo_jupyter.services.data import Data
from valo_jupyter.services.datasets import Datasets
from valo_jupyter.services.deliveries import Deliveries
from valo_jupyter.services.environments import Environments
from valo_jupyter.services.events import EventLog
from valo_jupyter.services.executions import Executions
from valo_jupyter.services.facts import web_is_there
from valo_jupyter.services.machines import Machines
from valo_jupyter.services.moves import Moves
from valo_jupyter.services.notebooks import Notebooks
from valo_jupyter.services.options import Options
from valo_jupyter.services.pool import Pool
from valo_jupyter.services.projects import Projects
from valo_jupyter.services.purging import Purging
from valo_jupyter.services.registries import Registries
from valo_jupyter.services.runs import Runs
from valo_jupyter.services.sealing import Seal
from valo_jupyter.services.stores import Stores
from valo_jupyter.services.traces import Traces
from valo_jupyter.services.trials import Trials
from valo_jupyter.services.uploads import Uploads
from valo_jupyter.stores.local import LocalStore


def _nothing() -> None:
    return None


class Services:
    """
    Parameters
    ----------
    changed
        Called, in any thread, when an execution's row or stream has changed.
    queued
        Called, in any thread, when something may be placed.
    """

    def __init__(
        self,
        database: Database,
        state: StateFolder,
        *,
        changed: Callable[[], None] = _nothing,
        queued: Callable[[], None] = _nothing,
    ) -> None:
        for folder in (state.root, state.jobs, state.store, state.cache, state.notebooks, state.uploads):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.database = database
        self.state = state
        self.seal = Seal(state.secret_file)
        self.stream = EventLog(state.events)
        moves = Moves(self.stream, changed)
        self.accounts = Accounts(database)
        self.projects = Projects(database, self.seal)
        self.options = Options(self.seal)
        self.environments = Environments(database, moves, self.options, queued)
        self.commits = Commits(database, state)
        self.executions = Executions(database, self.commits, moves, self.seal, queued)
        self.notebooks = Notebooks(state, self.commits)
        self.cells = Cells(database, self.executions, self.notebooks, self.stream)
        self.stores = Stores(database, self.seal)
        self.data = Data(database)
        self.comparing = Comparing(self.executions, self.commits, self.data, self.notebooks)
        self.traces = Traces(database)
        self.contents = Contents(database, state, self.stores)
        self.bringing = Bringing(database, moves, self.stores, self.contents)
        self.archives = Archives(database, state, self.contents)
        self.purging = Purging(database, self.contents)
        self.uploads = Uploads(database, state, self.stores)
        self.adoption = Adoption(database, self.stores)
        self.aliases = Aliases(database)
        self.uploads = Uploads(database, state, self.stores)
        self.datasets = Datasets(database, self.adoption)
        arrivals = Arrivals(self.stream, LocalStore(state.store), self.contents)
        self.runs = Runs(database, state, self.stream, moves, arrivals, self.projects, self.seal)
        self.deliveries = Deliveries(state, self.runs)
        self.starts = Starts(state)
        self.registries = Registries(database, state, self.seal)
        self.pool = Pool(database, moves)
        self.machines = Machines(database)
        self.trials = Trials(database, state, self.environments, self.options, wanted=queued, changed=changed)

    @classmethod
    def open(
        cls,
        state: StateFolder,
        database_url: str | None = None,
        *,
        changed: Callable[[], None] = _nothing,
        queued: Callable[[], None] = _nothing,
    ) -> Services:
        """Open (and make, and migrate) the database of a state folder.

        It is SQLite there, unless a URL is given here or, for the processes of one server alike, in
        `VALO_DATABASE_URL`.
        """
        database_url = database_url or os.environ.get("VALO_DATABASE_URL")
        state.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database(database_url) if database_url else Database.in_folder(state.database)
        database.migrate()
        services = cls(database, state, changed=changed, queued=queued)
        services.environments.ensure_local()
        return services

    def web_beat(self, process: str) -> None:
        """Say that the web process, which renews leases, is there."""
        with self.database.write() as connection:
            web_is_there(connection, process)

    def revision(self) -> tuple[int, int]:
        """Changes with everything that requests wait for, whichever process writes it."""
        return self.projects.revisions(), self.trials.revision()

    def close(self) -> None:
        self.database.close()
