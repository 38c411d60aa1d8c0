"""What the extension's handlers share: the connection, threads for blocking work, and errors as the wire has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from valo_jupyter.client.client import Client
from valo_jupyter.domain import errors
from valo_jupyter.jupyter.connection import Server, Valo

Result = TypeVar("Result")

#: The status of each kind of error; the most particular class counts.
STATUS: dict[type[errors.ValoError], int] = {
    errors.ValoError: 500,
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.KernelMissing: 400,
    errors.ServerUnreachable: 503,
}


def status_of(error: errors.ValoError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


@dataclass(frozen=True)
class Context:
    """What the extension gives each of its handlers."""

    valo: Valo
    executor: Executor
    kernel_secret: str


class ValoHandler(APIHandler):
    """A route: authenticated, authorized as `valo`; its errors leave as `{"code", "message", "details"}`."""

    auth_resource = "valo"
    context: Context

    def initialize(self, context: Context) -> None:
        self.context = context

    async def in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.context.executor, work, *arguments)

    async def server(self) -> Server:
        return await self.context.valo.server(self.context.executor)

    async def client(self) -> Client:
        server = await self.server()
        return Client(server.url, server.token, start=False)

    async def check_authorized(self, action: str) -> None:
        """For what happens before the method's own decorators: a body that streams in, say."""
        user = self.current_user
        if user is None or not await ensure_async(
            self.authorizer.is_authorized(self, user, action, self.auth_resource)
        ):
            raise HTTPError(403, f"User is not authorized to {action} on resource: {self.auth_resource}.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, errors.ValoError):
            self.set_status(status_of(error))
            self.finish(json.dumps(error.to_json(), default=str))
        else:
            super().write_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, errors.ValoError) and status_of(value) < 500:
            return  # the user's to mend, and told so
        if isinstance(value, errors.ServerUnreachable):
            self.log.warning("%s", value.message)
            return
        super().log_exception(typ, value, tb)
