"""Where a web address may lead on to: not from a public network into a private one, which whoever runs it may reach."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from valo_jupyter.stores.errors import Denied

STATUSES = frozenset({301, 302, 303, 307, 308})
#: of one request
MOST = 10
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def follow(url: str, location: str, headers: Mapping[str, str], *, inside: bool) -> tuple[str, dict[str, str]]:
    """The next address, and the headers that may go there: credentials are for one server only.

    Parameters
    ----------
    inside
        A redirect may lead into a private network.

    Raises
    ------
    Denied
        It may not, and this one does.
    """
    target = urljoin(url, location)
    here, there = urlsplit(url), urlsplit(target)
    if not inside and is_private(there.hostname or "") and not is_private(here.hostname or ""):
        raise Denied(
            f"{here.hostname} leads on to {there.hostname}, which is in a private network: such a redirect is not "
            'followed. Name that address itself, or set "private_redirects": true in the server\'s settings.json.'
        )
    same = (here.scheme, here.netloc.rpartition("@")[2]) == (there.scheme, there.netloc.rpartition("@")[2])
    return target, {name: value for name, value in headers.items() if same or name.lower() not in _CREDENTIALS}


def is_private(host: str) -> bool:
    """Whether any address of the host is none of the public internet; False where it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found)
