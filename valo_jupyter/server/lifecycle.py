"""Starts, stops and replaces the local server, whoever asks and however many at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
from packaging.version import InvalidVersion, Version

from valo_jupyter import __version__
from valo_jupyter.domain.errors import Conflict, ServerUnreachable
from valo_jupyter.domain.errors import StateFolder as StateFolderError
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.logs import tail
from valo_jupyter.engines.processes import MachineRecord, ProcessId, machines_folder, records
from valo_jupyter.server.answering import answering_web
from valo_jupyter.server.companion import ENGINE, WEB
from valo_jupyter.server.locks import Lock, holder, is_held, refuse_network
from valo_jupyter.server.wake import ask_engine

_GUARD_SECONDS = 60.0
_BOOT_SECONDS = 30.0
_ENGINE_SECONDS = 10.0
_END_SECONDS = 15.0


def start(state: StateFolder) -> dict[str, Any]:
    """Make sure that a server of this version (or a newer one) runs; its `status`.

    A server of an older version is replaced: its engine ends when its executions have.

    Raises
    ------
    StateFolder
        The state folder is on a network file system or cannot be written.
    ServerUnreachable
        It did not start; the message has the end of its log.
    """
    _prepare(state)
    if _is_current(state):
        return status(state)
    guard = _guard(state)
    try:
        if not _is_current(state):
            _replace(state)
            _make_database(state)
            started = WEB.launch(state)
            ENGINE.launch(state)
            _until(lambda: answering_web(state) is not None or _failed(state, started), _BOOT_SECONDS)
            if answering_web(state) is None:
                log = tail(state.log / "web.log", 15)
                raise ServerUnreachable(f"The Valo server did not start. The end of {state.log / 'web.log'}:\n{log}")
            # executions are taken before it answers; only who asks for its number has to wait
            _until(lambda: ask_engine(state, "status") is not None, _ENGINE_SECONDS)
    finally:
        guard.release()
    return status(state)


def stop(state: StateFolder, force: bool = False) -> dict[str, Any]:
    """Stop the server; `{"message"}`.

    Raises
    ------
    Conflict
        Executions run, and `force` was not given.
    """
    if not state.root.is_dir():
        return {"message": "No Valo server is running."}
    guard = _guard(state)
    try:
        running = [record for record in records(machines_folder(state)) if _runs(record)]
        if running and not force:
            count = "An execution is" if len(running) == 1 else f"{len(running)} executions are"
            raise Conflict(
                f"{count} running. Wait, cancel, or stop with --force: what runs is ended, and run again "
                "from its beginning at the next start.",
                executions=[record.execution_id for record in running],
            )
        was = is_held(state.lock("web")) or is_held(state.lock("engine"))
        _end_engines(state, running)
        _end_web(state)
        state.server_file.unlink(missing_ok=True)
    finally:
        guard.release()
    return {"message": "The Valo server is stopped." if was else "No Valo server is running."}


def status(state: StateFolder) -> dict[str, Any]:
    """What is running: `url` is None when no server answers."""
    web = answering_web(state)
    engine = ask_engine(state, "status") or {}
    machines = engine.get("machines", [])
    return {
        "url": web["url"] if web else None,
        "pid": web["pid"] if web else None,
        "engine_pid": engine.get("pid"),
        "version": web.get("version") if web else None,
        "state_folder": str(state.root),
        "started": web.get("started") if web else None,
        "executions": [record.execution_id for record in records(machines_folder(state)) if _runs(record)],
        "machines": machines,
        "problems": engine.get("problems", {}),
    }


def _prepare(state: StateFolder) -> None:
    refuse_network(state.root)
    try:
        state.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        writable = os.access(state.root, os.W_OK)
        why = "it is not writable"
    except OSError as error:
        writable, why = False, error.strerror or str(error)
    if not writable:
        raise StateFolderError(
            f"Valo cannot keep its state in {state.root}: {why}. Set VALO_HOME to a folder of yours on a local disk.",
            folder=str(state.root),
        )


def _make_database(state: StateFolder) -> None:
    """Make a new state folder's database here: in the long-lived processes the migration tool would stay for good."""
    if not state.database.exists():
        from valo_jupyter.services import Services

        Services.open(state).close()


def _guard(state: StateFolder) -> Lock:
    guard = Lock.take(state.lock("start"), patience=_GUARD_SECONDS)
    if guard is None:
        by = (holder(state.lock("start")) or {}).get("pid")
        raise ServerUnreachable(
            f"Process {by} has been starting or stopping the Valo server for {_GUARD_SECONDS:.0f} s. "
            f"See {state.log}, and end that process if it hangs."
        )
    return guard


def _is_current(state: StateFolder) -> bool:
    web = answering_web(state)
    return web is not None and not _older(web.get("version"))


def _older(version: str | None) -> bool:
    try:
        return Version(version or "0") < Version(__version__)
    except InvalidVersion:
        return True


def _failed(state: StateFolder, started: int | None) -> bool:
    """True when the process that was started has ended, and no other one took its place."""
    return started is not None and not psutil.pid_exists(started) and not is_held(state.lock("web"))


def _replace(state: StateFolder) -> None:
    """Make room: an old engine drains, an old web process, or one that answers nobody, ends."""
    if is_held(state.lock("web")):
        # it may only just be starting
        web_answers = _until(lambda: answering_web(state) is not None, _BOOT_SECONDS)
        if web_answers and not _older((state.read_server() or {}).get("version")):
            return
        _end_web(state)
    engine = holder(state.lock("engine"))
    if engine is not None and _older(engine.get("version")):
        ask_engine(state, "drain")
        if not _until(lambda: not is_held(state.lock("engine")), _END_SECONDS):
            _kill(engine)


def _end_web(state: StateFolder) -> None:
    web = holder(state.lock("web"))
    if web is not None:
        _signal(web, signal.SIGTERM)
        if not _until(lambda: not _process(web).alive(), _END_SECONDS):
            _kill(web)


def _end_engines(state: StateFolder, running: list[MachineRecord]) -> None:
    engine = holder(state.lock("engine"))
    if engine is not None:
        if ask_engine(state, "stop") is None:
            _signal(engine, signal.SIGTERM)
        if not _until(lambda: not _process(engine).alive(), _END_SECONDS):
            _kill(engine)
    # engines of older versions that still drained
    drained = {record.engine for record in running if record.engine and record.engine.alive()}
    for old in drained:
        os.kill(old.pid, signal.SIGTERM)
    _until(lambda: not any(old.alive() for old in drained), _END_SECONDS)


def _runs(record: MachineRecord) -> bool:
    return record.execution_id is not None and record.machine.alive()


def _kill(held: dict[str, Any]) -> None:
    _signal(held, signal.SIGKILL)


def _signal(held: dict[str, Any], number: signal.Signals) -> None:
    process = _process(held)
    if process.alive():
        os.kill(process.pid, number)


def _process(held: dict[str, Any]) -> ProcessId:
    # a lock that says nothing of its holder is one that has just been taken, or released
    return ProcessId(held.get("pid", -1), held.get("started", 0.0))


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.03)
    return condition()
