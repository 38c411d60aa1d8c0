"""Hosts that do not let us in, or have no room for a machine, and what is said of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.parts.sshd import Sshd, sshd
from valo_jupyter.engines.hosts import Host
from valo_jupyter.engines.kinds import check_options
from valo_jupyter.engines.provider import Refused
from valo_jupyter.engines.ssh_host import SshHost
from valo_jupyter.engines.ssh_trust import Trust

pytestmark = pytest.mark.slow

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd") / "here") as server:
        yield server


def new_key(folder: Path, passphrase: str = "") -> str:
    path = folder / f"key{len(list(folder.glob('key*')))}"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True, timeout=30)
    return path.read_text()


@asynccontextmanager
async def host_at(server: Sshd, scratch: Path, **options: Any) -> AsyncIterator[SshHost]:
    given = {
        "hosts": [server.host()],
        "key": server.key,
        "known_hosts": server.known_hosts,
        "python": sys.executable,
        "folder": str(scratch / "there"),
        "environment": {"PYTHONPATH": ROOT},
    }
    checked = check_options("ssh", given | options)

    async def found(host: SshHost, names: list[str]) -> None:
        pass

    host = SshHost(
        Host.parse(checked["hosts"][0]),
        Trust(checked, scratch / "accepted"),
        checked,
        label="test",
        wheels=scratch / "wheels",
        max_pause=300,
        server=lambda: "http://127.0.0.1:9",
        scheduler=lambda: "tls://127.0.0.1:9",
        found=found,
    )
    try:
        yield host
    finally:
        await host.close()


async def refusal(server: Sshd, scratch: Path, **options: Any) -> str:
    """What is said of a host that refuses."""
    async with host_at(server, scratch, **options) as host:
        with pytest.raises(Refused) as caught:
            await host.runtime()
        return str(caught.value)


@pytest.mark.asyncio
async def test_a_key_that_the_host_does_not_know(server: Sshd, tmp_path: Path) -> None:
    assert "does not let us in with this key: Permission denied" in await refusal(
        server, tmp_path, key=new_key(tmp_path)
    )


@pytest.mark.asyncio
async def test_a_key_that_cannot_be_read(server: Sshd, tmp_path: Path) -> None:
    # a file is looked at when it is used; a text was, when it was saved
    path = tmp_path / "id_ed25519"

    async def said(content: str, **options: Any) -> str:
        path.write_text(content)
        return await refusal(server, tmp_path, key=None, key_file=str(path), **options)

    assert "the private key cannot be used" in await said("no key at all")
    locked = new_key(tmp_path, "secret")
    assert "a key with a passphrase needs it" in await said(locked)
    # it opens, and only then the host says what it thinks of it
    assert "does not let us in" in await said(locked, passphrase="secret")
    assert "does not let us in" in await refusal(server, tmp_path, key=locked, passphrase="secret")
    wrong = await said(locked, passphrase="hunter2")
    assert "the private key cannot be used" in wrong
    assert "hunter2" not in wrong
    missing = await refusal(server, tmp_path, key=None, key_file=str(tmp_path / "none"))
    assert "cannot be read: No such file or directory" in missing


@pytest.mark.asyncio
async def test_a_host_whose_key_is_unknown(server: Sshd, tmp_path: Path) -> None:
    said = await refusal(server, tmp_path, known_hosts="elsewhere ssh-ed25519 " + _public(server))
    assert f"ssh-keyscan -p {server.port} 127.0.0.1" in said
    assert "is not known" in said


@pytest.mark.asyncio
async def test_a_host_that_shows_another_key_than_the_known_one(server: Sshd, tmp_path: Path) -> None:
    known = f"[127.0.0.1]:{server.port} ssh-ed25519 {_public_of(new_key(tmp_path), tmp_path)}"
    for options in ({}, {"accept_new_hosts": True}):
        assert "shows another host key than the known one" in await refusal(
            server, tmp_path, known_hosts=known, **options
        )


@pytest.mark.asyncio
async def test_a_new_host_is_accepted_once(server: Sshd, tmp_path: Path) -> None:
    async with host_at(server, tmp_path, known_hosts="", accept_new_hosts=True) as host:
        await host.connected()
    kept = tmp_path / "accepted"
    assert kept.read_text() == server.known_hosts
    assert kept.stat().st_mode & 0o777 == 0o600
    async with host_at(server, tmp_path, known_hosts="", accept_new_hosts=True) as host:
        await host.connected()
    assert kept.read_text() == server.known_hosts
    kept.write_text(server.known_hosts.replace(_public(server), _public_of(new_key(tmp_path), tmp_path)))
    assert "another host key" in await refusal(server, tmp_path, known_hosts="", accept_new_hosts=True)


@pytest.mark.asyncio
async def test_where_nobody_listens(server: Sshd, tmp_path: Path) -> None:
    said = await refusal(server, tmp_path, hosts=[{"host": "127.0.0.1", "port": 1}], accept_new_hosts=True)
    assert said == "127.0.0.1:1 cannot be reached: Connection refused"
    said = await refusal(server, tmp_path, hosts=["nobody.invalid"], accept_new_hosts=True)
    assert said.startswith("nobody.invalid cannot be found: ")


@pytest.mark.asyncio
async def test_a_host_without_a_python_that_will_do(server: Sshd, tmp_path: Path) -> None:
    assert "there is no python9" in await refusal(server, tmp_path, python="python9")
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && { echo Python 3.7.1; exit 0; }\nexit 1\n')
    old.chmod(0o755)
    assert "is Python 3.7.1, and a machine needs Python 3.10" in await refusal(server, tmp_path, python=str(old))


@pytest.mark.asyncio
async def test_a_host_whose_disk_is_full(server: Sshd, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "valo-test", str(small)], check=True, timeout=30)
    try:
        assert "No space left on device" in await refusal(server, tmp_path, folder=str(small))
        assert [path.name for path in (small / "wheels").iterdir()] == []
    finally:
        subprocess.run(["umount", str(small)], check=True, timeout=30)
    (tmp_path / "file").write_text("")
    assert "Not a directory" in await refusal(server, tmp_path, folder=str(tmp_path / "file" / "folder"))


@pytest.mark.asyncio
async def test_a_setup_and_a_login_shell_that_talk(server: Sshd, tmp_path: Path) -> None:
    setup = "echo 'modules: loaded \\n and \"more\"'\nexport COLOR='red $HOME'\n# done"
    async with host_at(server, tmp_path, setup=setup, environment={"QUOTE": "it's 100% \\"}) as host:
        assert await host.say('echo "$COLOR|$QUOTE"; cat', b"input") == "red $HOME|it's 100% \\\ninput"
    assert "no such module" in await refusal(server, tmp_path, setup="echo no such module >&2; exit 3")


@pytest.mark.asyncio
async def test_nothing_of_it_is_in_a_list_of_processes(server: Sshd, tmp_path: Path) -> None:
    async with host_at(server, tmp_path, environment={"WORD": "unspeakable"}) as host:
        process = await host.launch("cat > /dev/null", {"key": "unspeakable"})
        await host.say("true")
        seen = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
        lines = [path.read_bytes() for path in seen if path.exists()]
        assert not [line for line in lines if b"unspeakable" in line]
        process.stdin.write_eof()
        await asyncio.wait_for(process.wait_closed(), 20)
        assert process.exit_status == 0


@pytest.mark.asyncio
async def test_a_host_that_failed_is_left_out_for_longer_each_time(server: Sshd, tmp_path: Path) -> None:
    async with host_at(server, tmp_path, hosts=[server.host(3)]) as host:
        assert host.free == 3
        host.failed()
        first = host.pause
        assert host.free == 0
        # those that were started together fail together
        host.failed()
        assert host.pause == first
        host.succeeded()
        assert host.free == 3


def _public(server: Sshd) -> str:
    return server.known_hosts.split()[2]


def _public_of(key: str, folder: Path) -> str:
    (public,) = (path for path in folder.glob("key*.pub") if path.with_suffix("").read_text() == key)
    return public.read_text().split()[1]
