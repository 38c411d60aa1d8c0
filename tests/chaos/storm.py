"""The storm: submits executions, does the faults that were planned, and afterwards looks at everything."""

from __future__ import annotations

import getpass
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests.chaos import checks, ledger
from tests.chaos.boxes import Box, Traces, boxes
from tests.chaos.faults import Fault, Freezer, Victim, machines, plan_faults, victims
from tests.chaos.outages import Outages
from tests.chaos.remains import remains
from tests.chaos.workload import STEPS, Case, plan_cases, write_code
from tests.parts import images
from tests.parts.docker import Engine
from tests.parts.local import LocalProject
from tests.parts.slurm import Slurm
from tests.parts.sshd import Sshd
from valo_jupyter.db.tables import executions
from valo_jupyter.domain.executions import ENDED
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.server import lifecycle
from valo_jupyter.server.locks import is_held

T = TypeVar("T")

#: where executions run, and the settings of that; the last one is deleted in the middle of the storm
LOCAL: dict[str, dict[str, Any]] = {
    "local": {"engine": "local", "max_scale": 2},
    "small": {"engine": "local", "max_scale": 1, "min_scale": 1},
    "wide": {"engine": "local", "max_scale": 3, "scale_down_grace_minutes": 0.05},
    "doomed": {"engine": "local", "max_scale": 2},
}
#: where they run in containers
BOXED = {"boxed": {"engine": "local", "max_scale": 2, "image": images.NOTEBOOK}}
DOOMED = "doomed"
#: for what is still waiting or running when the storm is over
SETTLE_SECONDS = 180.0
_STEP = 0.05


@dataclass(frozen=True)
class Size:
    executions: int
    seconds: float
    pause: float = 1.5
    #: who is frozen for long
    long: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grounds:
    """Where executions run: environments with their settings, and the other hosts these know."""

    wanted: dict[str, dict[str, Any]]
    hosts: tuple[Sshd, ...] = ()
    #: where machines on other hosts keep what is theirs
    folders: tuple[StateFolder, ...] = ()
    slurm: Slurm | None = None
    docker: Engine | None = None


class Storm:
    def __init__(
        self, seed: int, size: Size, state: StateFolder, folder: Path, grounds: Grounds = Grounds(LOCAL)
    ) -> None:
        dice = random.Random(seed)
        self.state = state
        self.size = size
        self.wanted = grounds.wanted
        self.folders = (state, *grounds.folders)
        self.docker = grounds.docker
        self.cases = plan_cases(dice, size.executions, list(self.wanted), size.seconds)
        self.faults = plan_faults(
            dice,
            size.seconds,
            pause=size.pause,
            long=size.long,
            hosts=bool(grounds.hosts),
            slurm=bool(grounds.slurm),
            boxes=bool(self.docker),
        )
        self.ledger = ledger.Ledger()
        self._outages = Outages(grounds.hosts, grounds.slurm, self.ledger.note)
        self.traces = folder / "traces"
        self.traces.mkdir()
        self._sent = Traces(self.traces, self.docker.gateway or "") if self.docker else None
        write_code(folder / "code")
        # the one account of a personal server: it may run the images of this computer
        self.project = LocalProject(state, folder / "code", STEPS, getpass.getuser())
        self._freezer = Freezer(lambda victim: self.ledger.note(f"thaw {victim.label} ({victim.name})"))
        #: executions whose own processes were killed
        self._killed: set[str] = set()
        #: folders that machines have made, outside of the state folder
        self._scratch: set[str] = set()
        self._enable_at: dict[str, float] = {}
        self._gone: set[str] = set()
        self._starter = ThreadPoolExecutor(1)
        self._starting: Future[Any] | None = None
        self._make_environments()

    # the storm

    def rage(self) -> None:
        """Submit and do the faults, each in its time; return when all is quiet again."""
        cases, faults = list(self.cases), list(self.faults)
        stops = [case for case in self.cases if case.stop_at is not None]
        begun = time.monotonic()
        while cases or faults or stops or self._freezer.frozen() or self._outages.last():
            now = time.monotonic() - begun
            # a disabled environment takes nothing
            for case in [case for case in cases if case.at <= now and case.environment not in self._enable_at]:
                self._submit(case)
                cases.remove(case)
            while faults and faults[0].at <= now:
                fault = faults.pop(0)
                # containers are few, and there for moments only
                if not self._do(fault) and fault.whom == "container" and now < self.size.seconds:
                    faults.append(replace(fault, at=now + 0.2 + fault.aim))
                    faults.sort(key=lambda fault: fault.at)
            for case in [case for case in stops if case.id and (case.stop_at or 0) <= now]:
                self._insist(self.project.services.executions.stop, self.project.user, case.id)
                self.ledger.note("asked to stop", case.id)
                case.stopped = True
                stops.remove(case)
            for slug in [slug for slug, at in self._enable_at.items() if at <= now]:
                del self._enable_at[slug]
                self._set(slug, enabled=True)
            if DOOMED in self.wanted and DOOMED not in self._gone and now > self.size.seconds / 2:
                self._delete(DOOMED)
            self._scratch |= {record.scratch for record in machines(self.folders)}
            self._keep_started()
            time.sleep(_STEP)
        for slug, settings in self.wanted.items():
            self._set(slug, **{"enabled": True, "per_user_quota": 0, "min_scale": 0, **settings})
        self.ledger.note("the storm is over")

    def settle(self) -> None:
        """Wait until every execution has ended."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._unfinished() and time.monotonic() < deadline:
            self._keep_started()
            time.sleep(0.2)
        if self._starting is not None:
            self._starting.result(timeout=120)

    def close(self) -> None:
        self._freezer.close()
        self._outages.close()
        self._starter.shutdown()
        if self._sent is not None:
            self._sent.close()
        self.project.close()

    # what is found afterwards

    def problems(self) -> list[str]:
        """What does not add up, each with what led to it."""
        found = []
        rows = self._rows()
        if self._sent is not None:
            self._sent.close()
        for case in self.cases:
            known = checks.Records.read(self.project.services, rows[case.id], self.traces)
            wrong = checks.problems(case, known, killed=case.id in self._killed)
            if wrong:
                story = self.ledger.of(case.id, ledger.story(known.events, known.attempts, known.trace))
                found.append(f"{case} {case.id}:\n" + "".join(f"  ! {each}\n" for each in wrong) + story)
        counters = sorted(row.counter for row in rows.values())
        if counters != list(range(1, len(self.cases) + 1)):
            found.append(f"counters are not unique and without gaps: {counters}")
        return found

    def remains(self) -> list[str]:
        """What is still there of executions that have ended, and of machines that have."""
        return remains(self.folders, {case.id for case in self.cases}, self._scratch, self.docker)

    def count_ends(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for row in self._rows().values():
            counts[row.status] += 1
        return dict(counts)

    # its parts

    def _submit(self, case: Case) -> None:
        fields = dict(case.kind.fields)
        fields |= {"environment": case.environment, "requeue": case.requeue}
        # asked again after a failure it must not be made a second time
        image = self.wanted[case.environment].get("image")
        traces = self._sent.address if self._sent and image else str(self.traces)
        fields |= {"idempotency_key": uuid.uuid4().hex, "environment_variables": {"CHAOS_TRACES": traces}}
        # for steps say that they need none
        fields |= {"image": image} if image else {}
        if case.kind.notebook:
            case.id = self._insist(self.project.submit_notebook, case.kind.notebook, **fields)
        else:
            case.id = self._insist(self.project.submit, case.kind.name, **fields)
        self.ledger.note(f"submitted: {case}", case.id)

    def _do(self, fault: Fault) -> bool:
        """False if there was nobody it could be done to."""
        if fault.what == "change":
            slug = list(self.wanted)[int(fault.aim * len(self.wanted))]
            number = int(fault.aim * 997) % 4
            if fault.whom == "enabled":
                self._enable_at[slug] = fault.at + fault.seconds
            self._set(
                slug, **{fault.whom: {"max_scale": 1 + number, "per_user_quota": number, "enabled": False}[fault.whom]}
            )
            return True
        if self._outages.do(fault):
            return True
        found: list[Victim] | list[Box] = victims(self.folders, fault.whom)
        if self.docker is not None and fault.whom == "container":
            found = boxes(self.docker, self.state, fault.what)
        if not found:
            return False
        victim = found[int(fault.aim * len(found))]
        if fault.what == "kill":
            victim.kill()
        else:
            self._freezer.freeze(victim, fault.seconds)
        if isinstance(victim, Box):
            self._killed |= {victim.execution_id} if fault.what == "kill" else set()
        elif fault.whom == "user":
            # the machine may have gone on to another execution this moment
            after = [each.execution_id for each in victims(self.folders, "user") if each.label == victim.label]
            self._killed |= {each for each in (victim.execution_id, *after) if each} if fault.what == "kill" else set()
        runs = f", which runs {victim.execution_id[:8]}" if victim.execution_id else ""
        self.ledger.note(f"{fault}: {victim.label} ({victim.name}){runs}")
        return True

    def _keep_started(self) -> None:
        """As the Jupyter extension does: neither process of the server is left to start the other one."""
        if self._starting is not None and self._starting.done():
            self._starting.result()
            self._starting = None
        if self._starting is None and not any(is_held(self.state.lock(kind)) for kind in ("web", "engine")):
            self.ledger.note("neither web nor engine is there: start")
            self._starting = self._starter.submit(lifecycle.start, self.state)

    def _make_environments(self) -> None:
        known = {row.slug for row in self.project.services.environments.list()}
        for slug, settings in self.wanted.items():
            if slug in known:
                self._set(slug, **settings)
            else:
                self.project.services.environments.create(self.project.user, {"name": slug, **settings})

    def _set(self, slug: str, **values: Any) -> None:
        if slug not in self._gone:
            self._insist(self.project.services.environments.edit, self.project.user, slug, values)
            self.ledger.note(f"{slug}: {values}")

    def _delete(self, slug: str) -> None:
        self._gone.add(slug)
        self._enable_at.pop(slug, None)
        self._insist(self.project.services.environments.delete, self.project.user, slug, stop=True)
        self.ledger.note(f"{slug} is deleted")
        for case in [case for case in self.cases if case.environment == slug]:
            if case.id:
                # those that had ended before stay as they are
                case.stopped = True
            else:
                case.environment = next(iter(self.wanted))

    def _rows(self) -> dict[str, Any]:
        with self.project.services.database.read() as connection:
            query = sa.select(executions).where(executions.c.project_id == self.project.id)
            return {row.id: row for row in connection.execute(query)}

    def _unfinished(self) -> bool:
        ended = {status.value for status in ENDED}
        return any(row.status not in ended for row in self._rows().values())

    @staticmethod
    def _insist(function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """A frozen process may hold the database's write lock; a client would ask again, too."""
        for _ in range(8):
            try:
                return function(*arguments, **options)
            except OperationalError:
                continue
        return function(*arguments, **options)
