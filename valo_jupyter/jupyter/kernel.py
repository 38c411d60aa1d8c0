"""Tells a kernel which notebook it serves and which Valo server to use."""

from __future__ import annotations

import hmac
import json
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated

from valo_jupyter.domain.errors import Forbidden, Invalid, ServerUnreachable
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.connection import Server
from valo_jupyter.jupyter.paths import local_root


class KernelHandler(ValoHandler):
    """
    `GET valo/kernel?kernel_id=`

    A kernel has no login of the Jupyter server's, whichever way people log in there; it has the secret that this server
    put into its environment instead.
    """

    _track_activity = False

    def check_xsrf_cookie(self) -> None:
        """A kernel has no cookies, and the secret cannot be sent by a foreign page."""

    @allow_unauthenticated
    async def get(self) -> None:
        given = self.request.headers.get("X-Valo-Kernel-Secret", "")
        if not hmac.compare_digest(given.encode(), self.context.kernel_secret.encode()):
            raise Forbidden("This address is for kernels of this Jupyter server only.")
        kernel_id = self.get_query_argument("kernel_id", "")
        if not kernel_id:
            raise Invalid("Say which kernel: valo/kernel?kernel_id=….")
        root = local_root(self.contents_manager)
        server = await self._server()
        self.finish(
            json.dumps(
                {
                    "path": await self._path(kernel_id),
                    "root_dir": str(root) if root else None,
                    "server": {"url": server.url, "token": server.token, "mode": server.mode} if server else None,
                }
            )
        )

    async def _path(self, kernel_id: str) -> str | None:
        """The notebook of the kernel; a console opened on it shares the kernel but is no notebook."""
        sessions: list[dict[str, Any]] = await ensure_async(self.session_manager.list_sessions())
        own = [s for s in sessions if (s.get("kernel") or {}).get("id") == kernel_id and s.get("type") == "notebook"]
        path = own[0]["path"] if own else None
        return path.removeprefix("RTC:") if path else None

    async def _server(self) -> Server | None:
        valo = self.context.valo
        try:
            server = valo.known()
            if server is None:
                # the kernel waits for it itself, and says so to its user
                valo.start(self.context.executor)
        except ServerUnreachable as error:
            self.log.warning("%s", error.message)
            return None
        return server
