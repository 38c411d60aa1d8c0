"""A private Slurm: munged, slurmctld and some slurmd on this computer, in a folder of their own."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.parts.ports import free_port

_CONF = """
ClusterName=valo-test
SlurmctldHost={host}({address})
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=1000,bf_interval=1
ReturnToService=2
SlurmdTimeout=6
SlurmctldTimeout=10
KillWait=2
MinJobAge=60
JobRequeue=1
MpiDefault=none
PlugStackConfig=/dev/null
"""


class Slurm:
    """Three nodes of one processor each; `environment` leads Slurm's commands to them."""

    def __init__(self, nodes: int = 3) -> None:
        # under /tmp for its short name, which the path of munge's socket needs
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._configure()

    def _configure(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        (self.folder / "state").mkdir(mode=0o700)
        host = socket.gethostname().split(".")[0]
        conf = _CONF.format(
            host=host, address="127.0.0.1", user=getpass.getuser(), folder=self.folder, port=free_port()
        )
        for node in self.nodes:
            (self.folder / node).mkdir()
            conf += f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={free_port()} "
            conf += "CPUs=1 RealMemory=900 State=UNKNOWN\n"
        conf += f"PartitionName=main Nodes={','.join(self.nodes)} Default=YES MaxTime=60 State=UP\n"
        conf += f"PartitionName=other Nodes={self.nodes[0]} MaxTime=60 State=UP\n"
        (self.folder / "slurm.conf").write_text(conf)

    # life

    def start(self) -> Slurm:
        munge = self.folder / "munge.socket"
        self._run(
            "munged",
            "munged",
            "--foreground",
            f"--socket={munge}",
            f"--key-file={self.folder / 'munge.key'}",
            f"--pid-file={self.folder / 'munged.pid'}",
            f"--log-file={self.folder / 'munged.log'}",
            f"--seed-file={self.folder / 'munged.seed'}",
            "--num-threads=2",
            "--force",
        )
        self._until(munge.exists, 10)
        self.start_controller()
        for node in self.nodes:
            self.start_node(node)
        self._until(lambda: self.states() == dict.fromkeys(self.nodes, "IDLE"), 30)
        return self

    def start_controller(self) -> None:
        self._run("slurmctld", "slurmctld", "-D")
        self._until(lambda: "UP" in self.ask("scontrol", "ping", check=False), 20)

    def start_node(self, node: str) -> None:
        self._run(node, "slurmd", "-D", "-N", node)

    def kill(self, daemon: str) -> None:
        """SIGKILL for `slurmctld` or a node."""
        process = self._daemons.pop(daemon)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End everything, jobs too, and forget it."""
        with suppress(subprocess.SubprocessError):
            self.ask("scancel", "--full", "--signal=KILL", "--me", check=False)
            self.ask("scancel", "--me", check=False)
        for process in reversed(self._daemons.values()):
            process.terminate()
        for process in self._daemons.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[psutil.Process]:
        """What Slurm started on its nodes and still runs: job steps, and what is in the jobs."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                environment = process.environ()
                ours = environment.get("SLURM_CONF") == self.environment["SLURM_CONF"]
                if ours and "SLURM_JOB_ID" in environment and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    # questions

    def ask(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True, timeout=30)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.decode()}")
        return done.stdout.decode()

    def states(self) -> dict[str, str]:
        """The state of each node, as `IDLE`, `MIXED`, `DOWN`."""
        lines = self.ask("sinfo", "--noheader", "--Node", "--partition=main", "--format=%N %T", check=False)
        return {node: state.upper() for node, state in (line.split() for line in lines.splitlines())}

    def jobs(self) -> list[dict[str, Any]]:
        """Jobs that have not ended: `id`, `name`, `state`, `node`, `reason`."""
        lines = self.ask("squeue", "--noheader", "--states=PD,R,CG,CF,S", "--format=%i|%j|%T|%N|%r").splitlines()
        return [dict(zip(("id", "name", "state", "node", "reason"), line.split("|"), strict=True)) for line in lines]

    # parts

    def _run(self, name: str, *command: str) -> None:
        path = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin:/usr/local/sbin")
        assert path, f"{command[0]} is not installed: the tests need slurm-wlm and munge"
        with open(self.folder / f"{name}.out", "ab") as output:
            self._daemons[name] = subprocess.Popen(
                [path, *command[1:]],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _until(self, condition: Callable[[], Any], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            for name, process in self._daemons.items():
                assert process.poll() is None, f"{name} ended: {self._said()}"
            time.sleep(0.1)
        raise AssertionError(f"Slurm did not start within {seconds:.0f} s: {self._said()}")

    def _said(self) -> str:
        texts = {path.name: path.read_text("utf-8", "replace")[-1500:] for path in self.folder.glob("*.log")}
        texts |= {path.name: path.read_text("utf-8", "replace")[-1500:] for path in self.folder.glob("*.out")}
        return json.dumps(texts, indent=1)
