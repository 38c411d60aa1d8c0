"""The listener that machines report to: the run API alone, for the tokens of attempts alone."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.state import StateFolder

VARIABLE = "VALO_MACHINES"


@dataclass(frozen=True)
class Address:
    """Where machines elsewhere find this server."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `host:port`, an IPv6 address in brackets."""
        try:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname, parts.port if not parts.path else None
        except ValueError:
            host = port = None
        if not host or port is None:
            raise Invalid(f"{text!r} is no address for machines: name a host and a port, such as 10.0.0.5:8790.")
        return cls(host, port)

    @classmethod
    def configured(cls, state: StateFolder) -> Address | None:
        """`VALO_MACHINES`, else `machines` in the state folder's `settings.json`; None: this computer alone."""
        if text := os.environ.get(VARIABLE):
            return cls.parse(text)
        given = state.settings().get("machines")
        if given is None:
            return None
        host, port = (given.get("host"), given.get("port", 0)) if isinstance(given, dict) else (None, None)
        if not isinstance(host, str) or not host or not isinstance(port, int):
            raise Invalid('`machines` in settings.json is {"host": "10.0.0.5", "port": 8790}.')
        return cls(host, port)

    @property
    def interface(self) -> str:
        """What to bind: an address as it is; a name may stand for an address that is not this computer's own."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return ""

    def url(self, port: int) -> str:
        return f"https://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"


def tls(state: StateFolder, address: Address) -> tuple[ssl.SSLContext, str]:
    """What the listener shows, signed by this server's own authority; and the path of that authority's certificate."""
    from valo_jupyter.engines.credentials import Credentials

    names = {address.host, socket.gethostname(), "localhost", "127.0.0.1"}
    credentials = Credentials.of_server(state.root / "tls", sorted(names))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(credentials.certificate, credentials.key)
    return context, credentials.ca
