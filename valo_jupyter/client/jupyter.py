"""What a kernel can learn from the Jupyter server that started it: its notebook, and the Valo server to use."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import urllib3

SECONDS = 5.0


@dataclass(frozen=True)
class KernelContext:
    """`path` is the notebook's, below `root`; either may be unknown, as may the server."""

    path: str | None
    root: str | None
    url: str | None
    token: str | None

    @property
    def notebook(self) -> Path | None:
        return Path(self.root or ".") / self.path if self.path else None


def kernel_context() -> KernelContext | None:
    """None outside a kernel that a Jupyter server with the extension started, or when that server is gone."""
    url, secret, kernel = os.environ.get("VALO_JUPYTER_URL"), os.environ.get("VALO_KERNEL_SECRET"), kernel_id()
    if not (url and secret and kernel):
        return None
    address = f"{url.rstrip('/')}/valo/kernel?{urlencode({'kernel_id': kernel})}"
    try:
        # the Jupyter server is this machine's: no proxy, and no retries beyond the one that a restart needs
        answer = urllib3.PoolManager().request(
            "GET", address, headers={"X-Valo-Kernel-Secret": secret}, timeout=SECONDS, retries=1
        )
        found = json.loads(answer.data) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    if not isinstance(found, dict):
        return None
    server = found.get("server") or {}
    return KernelContext(found.get("path"), found.get("root_dir"), server.get("url"), server.get("token"))


def kernel_id() -> str | None:
    """The id of the kernel that this process is, from its connection file."""
    try:
        from ipykernel.connect import get_connection_file

        name = Path(get_connection_file()).name
    except (ImportError, RuntimeError):
        return None
    matched = re.fullmatch(r"kernel-(.+)\.json", name)
    return matched.group(1) if matched else None
