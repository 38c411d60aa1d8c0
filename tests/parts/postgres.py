"""A private PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.parts.ports import free_port


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    postgres = shutil.which("postgres")
    if postgres is None:
        raise RuntimeError("PostgreSQL is not installed; .ci/system-packages installs it.")
    return Path(postgres).parent


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that lives while the context does, without a database name at its end."""
    programs, port = _programs(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="valo-pg-"))
    # PostgreSQL refuses to run as root
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    cluster = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "valo", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, env=environment, cwd=folder, timeout=120, **as_account,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
            stdout=log, stderr=log, env=environment, cwd=folder, **as_account,
        )  # fmt: skip
    try:
        _wait(port, process, folder / "log")
        yield f"postgresql://valo@127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(f"postgresql://valo@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def new_database(server: str) -> str:
    """The address of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"{server}/{name}"
