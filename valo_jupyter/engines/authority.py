"""A server's own certificate authority. Only the process that makes certificates imports this."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from valo_jupyter.domain.state import write_private
from valo_jupyter.engines.credentials import common_name

_DAYS = 3650
#: longer than a machine lives
_MACHINE_DAYS = 400
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """A new one in `ca.pem` and `ca-key.pem`; what an earlier one has signed is worth nothing any more."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named("Valo")
        signed = (
            _certificate(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder, signed, key)
        made._write("ca", signed, key)
        return made

    @classmethod
    def open(cls, folder: Path) -> Authority:
        certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "it was made above"
        return cls(folder, certificate, key)

    def issue(self, role: str, *, client: bool = False, hosts: list[str] | None = None) -> None:
        """A certificate in `<role>.pem` and its key in `<role>-key.pem`.

        `client`: it may open connections, too. `hosts`: names and addresses that it is valid for; without any it is
        nobody's who checks names.
        """
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])]
        self._write(role, *self._sign(common_name(role), usages, [_host(one) for one in hosts or ()]))

    def issue_to(self, address: str) -> dict[str, str]:
        """Those of a machine that `address` names, as texts that are kept nowhere here.

        Nobody takes it for a server: Dask checks no names, and machines unpickle what their scheduler says.
        """
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [x509.UniformResourceIdentifier(address)]
        certificate, key = self._sign(common_name("machine"), usages, names, days=_MACHINE_DAYS)
        return {"certificate": certificate.public_bytes(_PEM).decode(), "key": _secret(key)}

    def _sign(
        self,
        name: str,
        usages: Sequence[x509.ObjectIdentifier],
        names: Sequence[x509.GeneralName],
        *,
        days: int = _DAYS,
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        unsigned = (
            _certificate(_named(name), self.certificate.subject, key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(own, critical=False)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        if names:
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return unsigned.sign(self.key, hashes.SHA256()), key

    def _write(self, role: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        write_private(self.folder / f"{role}-key.pem", _secret(key))
        write_private(self.folder / f"{role}.pem", certificate.public_bytes(_PEM).decode())


def _secret(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = _DAYS
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # clocks of machines differ
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
