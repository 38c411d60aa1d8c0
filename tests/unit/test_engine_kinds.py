"""The kinds of engines and the checks of their options."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from valo_jupyter.engines.hosts import Host, parse
from valo_jupyter.engines.kinds import KINDS, InvalidOptions, check_options

KNOWN = "gpu1 ssh-ed25519 AAAA"


def problems(kind: str, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidOptions) as caught:
        check_options(kind, options)
    assert caught.value.code == "invalid_environment"
    return caught.value.details


def test_every_kind_is_complete() -> None:
    assert list(KINDS) == ["local", "ssh", "slurm", "kubernetes", "ec2", "azure", "gcp", "openstack"]
    for name, kind in KINDS.items():
        shown = kind.to_json()
        assert shown["kind"] == name
        assert shown["tested"] in ("here", "recorded")
        assert shown["title"]
        assert shown["description"]
        assert (shown["install"] is None) == (name == "local")
        names = [option["name"] for option in shown["options"]]
        assert len(set(names)) == len(names)
        for option in kind.options:
            # a default fits its own type
            assert option.default in (None, [], "") or option.problem(option.default) is None
            assert not (option.secret and option.default)


def test_asking_for_kinds_imports_no_engine() -> None:
    code = (
        "import sys; from valo_jupyter.engines.kinds import KINDS; [kind.to_json() for kind in KINDS.values()];"
        "print([name for name in ('dask', 'distributed', 'asyncssh', 'boto3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_defaults_are_filled_in() -> None:
    checked = check_options("ssh", {"hosts": ["ana@gpu1"], "known_hosts": KNOWN, "python": None})
    assert checked["python"] == "python3"
    assert checked["environment"] == {}
    assert checked["accept_new_hosts"] is False
    assert checked["key"] is None
    assert check_options("local", {}) == {}


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems("ssh", hosts=[], python=3, environment={"a b": "c"}, color="red", key={"set": True})
    assert set(found) == {f"options.{name}" for name in ("hosts", "python", "environment", "color", "key")}
    assert found["options.python"] == "Python on the machine must be a text of one line, not 3."
    assert "no option 'color'; it has hosts" in found["options.color"]
    # what was given for a secret shows nowhere
    assert "set" not in found["options.key"]


def test_an_unknown_kind_names_those_there_are() -> None:
    assert problems("mainframe")["engine"].startswith("There is no engine 'mainframe'; there are local, ssh")


def test_hosts_are_trusted_by_their_keys_or_at_first_sight_only() -> None:
    assert "ssh-keyscan" in problems("ssh", hosts=["gpu1"])["options.known_hosts"]
    assert check_options("ssh", {"hosts": ["gpu1"], "accept_new_hosts": True})["known_hosts"] == ""
    both = problems("ssh", hosts=["gpu1"], known_hosts=KNOWN, key=private_key(), key_file="/k")
    assert set(both) == {"options.key_file"}


def private_key(passphrase: bytes | None = None) -> str:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
    return ed25519.Ed25519PrivateKey.generate().private_bytes(*form, lock).decode()


def test_a_key_that_no_host_could_take_is_refused_when_it_is_saved() -> None:
    def wrong(key: str, passphrase: str | None = None) -> dict[str, str]:
        options = {"hosts": ["gpu1"], "accept_new_hosts": True, "key": key, "passphrase": passphrase}
        try:
            check_options("ssh", options)
        except InvalidOptions as error:
            return error.details
        return {}

    key, locked = private_key(), private_key(b"secret")
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    assert "public key" in wrong(line)["options.key"]
    assert "whole text" in wrong("/home/ana/.ssh/id_ed25519")["options.key"]
    assert "damaged" in wrong(key[: len(key) // 2])["options.key"]
    assert "whole text" in wrong(key.replace("\n", "\ud800\n", 3))["options.key"]
    assert "give it" in wrong(locked)["options.passphrase"]
    assert "cannot be opened" in wrong(locked, "other")["options.passphrase"]
    assert wrong(key) == wrong(f"\n{key}\n") == wrong(key, "not needed") == wrong(locked, "secret") == {}
    # keys are not among what is said
    assert not any(part in str(wrong(key[:200])) for part in key.split("\n")[1:3])


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("gpu1", Host("gpu1")),
        ("ana@gpu1.example.org", Host("gpu1.example.org", user="ana")),
        ("ana@10.0.0.5:2222", Host("10.0.0.5", 2222, "ana")),
        ("[fe80::1%eth0]:2222", Host("fe80::1%eth0", 2222)),
        ("ana@::1", Host("::1", user="ana")),
        ("ana@corp.example@gpu1", Host("gpu1", user="ana@corp.example")),
        ({"host": "gpu1", "machines": 4}, Host("gpu1", machines=4)),
        ({"host": "gpu1", "port": 23, "user": "bo", "machines": 2}, Host("gpu1", 23, "bo", 2)),
    ],
)
def test_ways_to_write_a_host(value: Any, host: Host) -> None:
    assert Host.parse(value) == host
    assert Host.parse(str(host)) == Host(host.host, host.port, host.user)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "'' is no name or address"),
        ("gpu1:ssh", "'ssh' in 'gpu1:ssh' is no port"),
        ("gpu1:0", "The port of gpu1 is a whole number from 1 to 65535"),
        ("-oProxyCommand=x", "is no name or address of a host"),
        ("-l@gpu1", "'-l' is no name of a user on gpu1"),
        ("gpu1 gpu2", "is no name or address"),
        ({"host": "gpu1", "machines": 0}, "The number of machines on gpu1 is a whole number from 1 to 1000, not 0"),
        ({"host": "gpu1", "machines": True}, "not True"),
        ({"host": "gpu1", "slots": 2}, "A host has no 'slots'; it has host, port, user, machines"),
        (7, 'A host is "user@host:port" or an object, not 7'),
    ],
)
def test_what_is_no_host(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Host.parse(value)


def test_a_host_is_there_once() -> None:
    with pytest.raises(ValueError, match="ana@gpu1 is there twice"):
        parse(["ana@gpu1", {"host": "gpu1", "user": "ana", "machines": 2}])
