"""A certificate authority of the tests' own."""

from __future__ import annotations

import ipaddress
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority for a test run; `file` is for `SSL_CERT_FILE`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = certificate_for("Test authority", self.key)
        self.file = folder / "authority.pem"
        self.file.write_bytes(pem(self.certificate))

    def issue(self, *names: str) -> tuple[Path, Path]:
        """Files of a certificate for the names or addresses, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = certificate_for(names[0], key, self.certificate, self.key, list(names))
        stem = self.folder / uuid.uuid4().hex
        stem.with_suffix(".pem").write_bytes(pem(certificate))
        stem.with_suffix(".key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return stem.with_suffix(".pem"), stem.with_suffix(".key")


def certificate_for(
    title: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None = None,
    issuer_key: ec.EllipticCurvePrivateKey | None = None,
    names: list[str] | None = None,
) -> x509.Certificate:
    """A certificate for a day; without an issuer, one that signs for itself and for others."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
