"""A request: who asks, the route in a thread, waiting, errors and files, in one place."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tornado import iostream, web
from tornado.httputil import HTTPServerRequest

from valo_jupyter.api.hub import Hub
from valo_jupyter.api.routing import RUN_API, AskAgain, Reply, Request, Route
from valo_jupyter.api.sending import send_file, send_stream
from valo_jupyter.domain import errors, storable
from valo_jupyter.services import Services
from valo_jupyter.stores.errors import StoreError

log = logging.getLogger("valo.web")

STATUS: tuple[tuple[type[errors.ValoError], int], ...] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.TooLarge, 413),
    (errors.Conflict, 409),
    (errors.Overtaken, 409),
    (errors.Invalid, 400),
    (errors.InputUnavailable, 400),
    (errors.ImageUnavailable, 400),
    (StoreError, 502),
)
MAX_JSON = 64 * 1024 * 1024
MAX_WAIT = 25.0
#: content from users never runs in our origin
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


@dataclasses.dataclass(frozen=True)
class Binding:
    """What every handler shares."""

    services: Services
    hub: Hub
    executor: ThreadPoolExecutor
    #: host names that may be asked for; empty: any
    hosts: frozenset[str]
    #: called for every authenticated request of a user
    used: Callable[[], None]
    #: for machines: the run API alone, and no token of a user
    machines: bool = False

    @property
    def spool(self) -> Path:
        return self.services.state.uploads


class RouteHandler(web.RequestHandler):
    def initialize(self, routes: dict[str, Route], binding: Binding) -> None:
        self.routes = routes
        self.binding = binding
        self.spooled: Path | None = None

    def set_default_headers(self) -> None:
        for name, value in SAFE.items():
            self.set_header(name, value)

    def check_xsrf_cookie(self) -> None:
        """No cookie authenticates here, so there is nothing to forge."""

    async def prepare(self) -> None:
        self.request_model: Request | None = None
        try:
            self._check_host()
            route = self.routes.get(self.request.method or "")
            if route is None:
                await self._refuse_method()
                return
            self.route = route
            self.request_model = await self._authenticated(route)
        except errors.ValoError as error:
            self._turn_away(error)

    def _turn_away(self, error: errors.ValoError) -> None:
        """Refuse before the body is taken."""
        self.refuse(error)

    async def _refuse_method(self) -> None:
        # even that a method is not allowed is told only to those who are known
        await self._authenticated(None)
        self.set_header("Allow", ", ".join(self.routes))
        self.set_status(405)
        self.finish({"code": "method_not_allowed", "message": "Use one of: " + ", ".join(self.routes) + "."})

    def _check_host(self) -> None:
        hosts = self.binding.hosts
        name = self.request.host.rsplit(":", 1)[0].strip("[]").lower()
        if hosts and name not in hosts:
            raise errors.Forbidden(f"This server does not answer to the name {name!r}.")

    async def _authenticated(self, route: Route | None) -> Request:
        request = _model(self.binding.services, self.request, self.path_kwargs)
        auth = route.auth if route else "attempt" if self.binding.machines else "user"
        if auth == "signed":
            return request
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not token.strip():
            raise errors.Unauthenticated()
        services = self.binding.services
        known = {"attempt": services.runs, "trial": services.trials, "machine": services.starts}
        if auth in known:
            # before the body is taken: a stranger's is not written anywhere
            await self._in_thread(known[auth].check, token.strip())
            return dataclasses.replace(request, attempt_token=token.strip())
        user = await self._in_thread(self.binding.services.accounts.by_token, token.strip())
        self.binding.used()
        return dataclasses.replace(request, user_or_none=user)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.binding.executor, function, *arguments)

    async def _answer(self, **_path: str) -> None:
        assert self.request_model is not None
        request = dataclasses.replace(
            self.request_model, body=self.request.body, file=self.spooled, fields=self.route.checked
        )
        self.binding.hub.busy += 1
        try:
            reply = await self._reply(request)
        except errors.ValoError as error:
            self.refuse(error)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("%s %s failed (%s)", self.request.method, self.request.path, reference)
            self.set_status(500)
            message = f"The server failed; its log has the reason under {reference} (`jupyter valo status` says where)."
            self.finish({"code": "internal", "message": message})
        else:
            await self._send(reply)
        finally:
            self.binding.hub.busy -= 1

    get = post = put = patch = delete = _answer

    async def _reply(self, request: Request) -> Reply:
        if not self.route.waits:
            return await self._in_thread(self.route.handler, request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(_seconds(request.one("wait")), MAX_WAIT)
        while True:
            change = self.binding.hub.next()
            left = 0.0 if self.binding.hub.closed else deadline - loop.time()
            try:
                return await self._in_thread(self.route.handler, dataclasses.replace(request, may_wait=left > 0))
            except AskAgain:
                await self.binding.hub.wait(change, left)
            if self.request.connection is not None and self._gone():
                raise errors.Conflict("The caller has gone.")

    def _gone(self) -> bool:
        stream = getattr(self.request.connection, "stream", None)
        return stream is not None and stream.closed()

    async def _send(self, reply: Reply) -> None:
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if reply.file is not None:
            await send_file(self, reply.file, remove=reply.remove_file)
        elif reply.stream is not None:
            await send_stream(self, reply.stream, self._in_thread)
        elif reply.content is not None:
            self.finish(reply.content)
        elif reply.status == 204:
            self.finish()
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(storable.dumps(reply.value, ensure_ascii=False).encode("utf-8", "replace"))

    def refuse(self, error: errors.ValoError) -> None:
        status = next((number for kind, number in STATUS if isinstance(error, kind)), 500)
        if isinstance(error, errors.Overtaken) and self.request.path.startswith(RUN_API):
            # by 409 a machine would know that its attempt is over; so it asks again
            status = 503
        self.set_status(status)
        if status == 401:
            self.set_header("WWW-Authenticate", "Token")
        body: dict[str, Any] = error.to_json()
        if error.code == "does_not_exist":
            # the form in which `vh` looks for a mistyped environment
            body["environment"] = [{"code": error.code, "message": error.message}]
        self.finish(json.dumps(body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish({"code": "refused", "message": f"The request was refused ({status_code}: {self._reason})."})

    def on_finish(self) -> None:
        if self.spooled is not None:
            self.spooled.unlink(missing_ok=True)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (iostream.StreamClosedError, web.HTTPError)):
            super().log_exception(typ, value, tb)


def _model(services: Services, request: HTTPServerRequest, path: dict[str, Any]) -> Request:
    query = {
        name: [value.decode("utf-8", "replace") for value in values] for name, values in request.query_arguments.items()
    }
    return Request(
        services=services,
        base_url=f"{request.protocol}://{request.host}",
        path={
            name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name, value in path.items()
        },
        query=query,
        headers=request.headers,
    )


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text)) if text else 0.0
    except ValueError:
        return 0.0
