"""Slurm's commands, asked by the name of a job: a number may come to be another job's after a restart of Slurm."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_COMMAND_SECONDS = 60.0

#: what comes from elsewhere into this process's environment and would change what sbatch is asked for, or is ours
_PRIVATE = ("VALO_", "VH_", "DASK_", "SLURM_", "SLURMD_")
_KEPT = frozenset({"SLURM_CONF", "SLURM_CONF_SERVER"})

#: the states of jobs that have ended, in words
_WORDS = {
    "CANCELLED": "was cancelled in Slurm",
    "FAILED": "failed",
    "TIMEOUT": "reached its time limit",
    "NODE_FAIL": "lost its node, which failed",
    "PREEMPTED": "was preempted by another job",
    "OUT_OF_MEMORY": "ran out of its memory",
    "DEADLINE": "reached its deadline",
    "BOOT_FAIL": "could not start: its node failed to boot",
    "REVOKED": "was revoked",
    "COMPLETED": "has ended",
}


class SlurmFailed(Exception):
    """A command of Slurm's failed, or is not there; the text is what it said.

    `unclear`: Slurm may have done it all the same.
    """

    def __init__(self, text: str, *, unclear: bool = False) -> None:
        super().__init__(text)
        self.unclear = unclear


@dataclass(frozen=True)
class Job:
    """A job as Slurm sees it."""

    id: str
    name: str
    state: str
    node: str
    exit_code: str
    time_limit: str
    reason: str

    @property
    def alive(self) -> bool:
        return self.state not in _WORDS

    @property
    def waits(self) -> bool:
        return self.state in ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")

    @property
    def unconfirmed(self) -> bool:
        """It has ended for Slurm, but no node said that its processes have."""
        return self.state in ("NODE_FAIL", "BOOT_FAIL")

    def ending(self) -> str:
        """How it ended, in words."""
        words = _WORDS.get(self.state, f"is {self.state.lower()}")
        if self.state == "TIMEOUT":
            words = f"{words} of {self.time_limit}"
        elif self.state == "FAILED" and self.exit_code.isdigit():
            # Slurm shows what wait() gave
            code = os.waitstatus_to_exitcode(int(self.exit_code))
            words = f"{words} with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
        node = f" on {self.node}" if self.node else ""
        reason = f" ({self.reason})" if self.reason not in _NO_REASONS else ""
        return f"the Slurm job {self.id}{node} {words}{reason}"


#: in messages of commands whose question Slurm may have got, but whose answer did not come
_NO_ANSWER = ("Unable to contact", "timed out", "Zero Bytes", "Unexpected message")

#: reasons that say no more than the state does
_NO_REASONS = ("", "NonZeroExitCode", "JobLaunchFailure", "TimeLimit")

_FIELDS = ("jobid", "name", "state", "nodelist", "exit_code", "timelimit", "reason")


async def jobs(names: Iterable[str] | None) -> list[Job]:
    """This account's jobs of these names, or all of them; also those that ended a short time ago.

    Raises
    ------
    SlurmFailed
        It does not answer.
    """
    command = ["squeue", "--noheader", f"--user={getpass.getuser()}", "--states=all"]
    if names is not None:
        command.append(f"--name={','.join(names)}")
    said = await ask([*command, f"--Format={','.join(f'{field}:|' for field in _FIELDS)}"])
    rows = (line.strip().split("|") for line in said.splitlines())
    found = [Job(*row[: len(_FIELDS)]) for row in rows if len(row) >= len(_FIELDS)]
    return [replace(job, reason="" if job.reason == "None" else job.reason.strip("()")) for job in found]


async def kills_all_processes() -> bool:
    """Whether a job that has ended has left no process, not even one that turned away from its parent."""
    return "proctrack/cgroup" in await ask(["scontrol", "show", "config"])


async def cancel(name: str) -> None:
    """Cancel this account's job of this name, if there is one."""
    await ask(["scancel", f"--user={getpass.getuser()}", f"--name={name}"])


async def ask(command: Sequence[str]) -> str:
    """What a command of Slurm's prints.

    Raises
    ------
    SlurmFailed
        With its error in its own words, or that it is not installed or did not answer.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise SlurmFailed(f"{command[0]} could not be run on the server: {error.strerror}") from error
    try:
        out, wrong = await asyncio.wait_for(process.communicate(), _COMMAND_SECONDS)
    except (asyncio.TimeoutError, asyncio.CancelledError) as error:
        if process.returncode is None:
            process.kill()
        if isinstance(error, asyncio.CancelledError):
            raise
        raise SlurmFailed(f"{command[0]} did not answer within {_COMMAND_SECONDS:.0f} s", unclear=True) from error
    if process.returncode:
        said = " ".join(wrong.decode("utf-8", "replace").split()) or f"{command[0]} exited with {process.returncode}"
        raise SlurmFailed(said, unclear=any(mark in said for mark in _NO_ANSWER))
    return out.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(_PRIVATE)}
