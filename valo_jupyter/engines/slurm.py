"""Machines that are jobs of a Slurm cluster."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dask_jobqueue.slurm import SLURMJob

from valo_jupyter.domain.state import write_private
from valo_jupyter.engines import bundle, slurm_queue
from valo_jupyter.engines.logs import tail
from valo_jupyter.engines.provider import Provider, Refused, Sight
from valo_jupyter.engines.provider_engine import ProviderEngine
from valo_jupyter.engines.slurm_queue import SlurmFailed

#: reasons why a job waits, in words; https://slurm.schedmd.com/job_reason_codes.html
_WAITS = {
    "Resources": "for nodes that are free",
    "Priority": "for jobs before it",
    "ReqNodeNotAvail": "for a node that is not available",
    "PartitionDown": "because the partition is down",
    "PartitionInactive": "because the partition is inactive",
    "PartitionTimeLimit": "but asks for more time than the partition allows",
    "PartitionNodeLimit": "but asks for nodes that the partition does not have",
    "PartitionConfig": "but asks for what the partition does not have",
    "BeginTime": "for its time to begin",
    "QOSMaxJobsPerUserLimit": "because this account runs as many jobs as its quality of service allows",
    "AssocMaxJobsLimit": "because this account runs as many jobs as it may",
}


class SlurmEngine(ProviderEngine):
    """One machine is one job. The server runs on a host where sbatch works, with a folder that the nodes share."""

    kind = "slurm"

    def open_provider(self) -> Provider:
        return _Slurm(self)

    def configuration(self, name: str) -> dict[str, Any]:
        # a node's own, since a machine tells by its processes what others on its computer have left
        local = self.options["node_folder"] or f"{_shared(self.options)}/nodes/$SLURMD_NODENAME"
        return super().configuration(name) | {"folder": local}


class _MachineJob(SLURMJob):
    """A batch script that becomes the machine's program."""

    def __init__(self, name: str, options: dict[str, Any], command: str, log: Path) -> None:
        directives = [
            "--no-requeue",  # a machine's name is never used twice
            f"--output={log}",
            f"--chdir={log.parent}",
            # what else this process has in its environment is its own, and Slurm keeps it
            "--export=HOME,USER,LOGNAME,SHELL,PATH,LANG",
            "--open-mode=append",
            *([f"--qos={options['qos']}"] if options["qos"] else []),
            *([f"--gpus={options['gpus']}"] if options["gpus"] else []),
            *options["directives"],
        ]
        variables = [f"export {key}={shlex.quote(value)}" for key, value in options["environment"].items()]
        super().__init__(
            name=name,
            job_name=name,
            queue=options["partition"],
            account=options["account"],
            walltime=options["walltime"],
            cores=options["cpus"],
            memory=options["memory"],
            job_mem=options["memory"],
            processes=1,
            python=options["python"],
            job_directives_skip=[] if options["walltime"] else ["-t "],
            job_extra_directives=directives,
            job_script_prologue=[*variables, *options["setup"].splitlines()],
            worker_extra_args=[],
        )
        self._command_template = command

    @staticmethod
    async def _call(cmd: list[str], **kwargs: Any) -> str:  # type: ignore[override]
        return await slurm_queue.ask(cmd)


class _Slurm(Provider):
    # after a restart of its controller Slurm may not know a job whose processes still run
    forgets_only_ended = False

    def __init__(self, engine: SlurmEngine) -> None:
        self._options = engine.options
        self._prefix = engine.claim.prefix
        self._folder = _shared(engine.options)
        self._thorough: bool | None = None
        self._packing = asyncio.Lock()

    async def give(self, name: str, config: dict[str, Any]) -> None:
        try:
            for folder in (self._folder, self._folder / "log", self._folder / "start"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            async with self._packing:
                self._wheel = await asyncio.to_thread(bundle.wheel, self._folder / "wheels")
            write_private(self._folder / "bootstrap.sh", bundle.bootstrap())
            # not in the script, which Slurm keeps; it is removed as soon as it has been opened
            write_private(self._start_file(name), json.dumps(config) + "\n")
        except OSError as error:
            raise Refused(f"the folder {self._folder} cannot be written: {error.strerror}") from error
        try:
            await _MachineJob(name, self._options, self._command(name), self._log(name)).start()
        except SlurmFailed as failed:
            raise Refused(f"Slurm says: {failed}", unclear=failed.unclear) from failed

    async def look(self, names: Collection[str] | None = None) -> dict[str, Sight]:
        try:
            if self._thorough is None:
                self._thorough = await slurm_queue.kills_all_processes()
            jobs = await slurm_queue.jobs(names)
        except SlurmFailed as failed:
            raise Refused(str(failed)) from failed
        return {job.name: self._sight(job) for job in jobs if job.name.startswith(self._prefix)}

    def _sight(self, job: slurm_queue.Job) -> Sight:
        if job.waits:
            why = _WAITS.get(job.reason.split(",")[0], "")
            reason = f"it waits in Slurm's queue{' ' if why else ''}{why} ({job.reason})" if job.reason else ""
            return Sight("waiting", reason)
        if job.alive:
            return Sight("running")
        return Sight("ended", job.ending(), confirmed=not job.unconfirmed and self._cleared(job.name))

    def _cleared(self, name: str) -> bool:
        """Whether what left the job's processes has ended as well: the machine's record goes when it has."""
        return bool(self._thorough) or not any(self._folder.glob(f"nodes/*/machines/{name}.json"))

    async def take_back(self, name: str) -> None:
        # a job that starts without it ends at once
        self._start_file(name).unlink(missing_ok=True)
        try:
            await slurm_queue.cancel(name)
        except SlurmFailed as failed:
            raise Refused(str(failed)) from failed

    async def said(self, name: str) -> str:
        return tail(self._log(name))

    async def close(self) -> None:
        pass

    def _start_file(self, name: str) -> Path:
        return self._folder / "start" / f"{name}.json"

    def _log(self, name: str) -> Path:
        return self._folder / "log" / f"{name}.log"

    def _command(self, name: str) -> str:
        start = shlex.quote(str(self._start_file(name)))
        program = [str(self._folder / "bootstrap.sh"), str(self._wheel), str(self._folder), self._options["python"]]
        return f"[ -e {start} ] || exit 0\nexec 3< {start}\nrm -f {start}\nexec sh {shlex.join(program)} <&3 3<&-"


def _shared(options: dict[str, Any]) -> Path:
    return Path(options["folder"]).expanduser().absolute()
