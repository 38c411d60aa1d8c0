"""The authority of a server: made once, kept, and of no use to others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from valo_jupyter.engines.credentials import Credentials


def test_the_engines_are_made_once_and_each_machine_has_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    engine = Credentials.in_folder(folder)
    one, other = (Credentials.of_machine(folder, name) for name in ("m-1", "m-2"))
    assert Credentials.in_folder(folder) == engine
    assert one["ca"] == other["ca"] == Path(engine.ca).read_text()
    assert len({one["key"], other["key"], Path(engine.key).read_text()}) == 3
    # those of machines are kept nowhere here
    assert {path.name for path in folder.glob("*.pem")} == {"ca.pem", "ca-key.pem", "engine.pem", "engine-key.pem"}
    for path in folder.glob("*.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    authority = x509.load_pem_x509_certificate(one["ca"].encode())
    for text in (Path(engine.certificate).read_text(), one["certificate"], other["certificate"]):
        x509.load_pem_x509_certificate(text.encode()).verify_directly_issued_by(authority)


def test_what_an_earlier_version_left_is_removed(tmp_path: Path) -> None:
    for name in ("certificate.pem", "key.pem", "machine.pem", "machine-key.pem"):
        (tmp_path / name).write_text("what it was")
    Credentials.in_folder(tmp_path)
    assert {path.name for path in tmp_path.glob("*.pem")} == {"ca.pem", "ca-key.pem", "engine.pem", "engine-key.pem"}


def test_it_is_renewed_after_some_years(tmp_path: Path) -> None:
    engine = Credentials.in_folder(tmp_path)
    before = Path(engine.ca).read_text(), Path(engine.certificate).read_text()
    long_ago = time.time() - 6 * 365 * 86400
    os.utime(tmp_path / "ca.pem", (long_ago, long_ago))
    Credentials.in_folder(tmp_path)
    assert not {Path(engine.ca).read_text(), Path(engine.certificate).read_text()} & set(before)


def test_the_listeners_certificate_names_its_addresses(tmp_path: Path) -> None:
    ca = Credentials.in_folder(tmp_path).ca
    before = Path(ca).read_text()
    made = Credentials.of_server(tmp_path, ["10.0.0.5", "valo.example.org"])
    assert Path(made.ca).read_text() == before
    certificate = x509.load_pem_x509_certificate(Path(made.certificate).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["valo.example.org"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.5"]
    # a machine that has its own certificate cannot stand for the server with it
    machine = x509.load_pem_x509_certificate(Credentials.of_machine(tmp_path, "10.0.0.5")["certificate"].encode())
    names = machine.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [(type(one), one.value) for one in names] == [(x509.UniformResourceIdentifier, "valo:machine/10.0.0.5")]
    usages = machine.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_two_processes_at_once_make_one_authority(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from valo_jupyter.engines.credentials import Credentials; "
    code += "print(Path(Credentials.in_folder(Path(sys.argv[1])).key).read_text())"
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(3)]
    assert len({one.communicate(timeout=60)[0] for one in both}) == 1
