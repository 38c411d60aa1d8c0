"""The key that lets an engine and its machines trust each other, and nobody else on this computer."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from valo_jupyter.domain.state import write_private

_RENEW_AFTER_SECONDS = 5 * 365 * 86400


@dataclass(frozen=True)
class Credentials:
    """A certificate that is its own authority: whoever holds its key is one of us."""

    certificate: str
    key: str

    @classmethod
    def in_folder(cls, folder: Path) -> Credentials:
        """The credentials kept in `folder`, made when there are none. The caller holds the engine's lock."""
        found = cls(str(folder / "certificate.pem"), str(folder / "key.pem"))
        if not found._usable():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # in a process of its own: the library would stay in an engine's memory for what is done once
            command = [sys.executable, "-m", "valo_jupyter.engines.credentials", found.certificate, found.key]
            subprocess.run(command, check=True, timeout=60)
        return found

    def _usable(self) -> bool:
        try:
            age = time.time() - os.stat(self.certificate).st_mtime
            return os.access(self.key, os.R_OK) and age < _RENEW_AFTER_SECONDS
        except OSError:
            return False


def _generate(certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "valo-engine")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(key, secret.decode())
    write_private(certificate, signed.public_bytes(pem).decode())


if __name__ == "__main__":
    _generate(Path(sys.argv[1]), Path(sys.argv[2]))
