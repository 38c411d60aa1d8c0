"""Puts the routes on tornado."""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import Any

from tornado import web

from valo_jupyter.api.handler import MAX_JSON, Binding, RouteHandler
from valo_jupyter.api.routing import ROUTES, RUN_API, Route
from valo_jupyter.domain import errors


def handlers(binding: Binding) -> list[tuple[str, type[web.RequestHandler], dict[str, Any]]]:
    """Tornado's URL specifications for all registered routes."""
    grouped: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in ROUTES:
        if binding.machines and not route.pattern.startswith(RUN_API):
            continue
        grouped[route.regex][route.method] = route
    specs = []
    # patterns without placeholders first: `/commits/latest` is no commit's id
    for regex, routes in sorted(grouped.items(), key=lambda item: (item[0].count("(?P"), item[0])):
        streamed = any(route.body == "file" for route in routes.values())
        kind = StreamedHandler if streamed else RouteHandler
        specs.append((regex, kind, {"routes": routes, "binding": binding}))
    return [*specs, (r".*", Missing, {"routes": {}, "binding": binding})]


@web.stream_request_body
class StreamedHandler(RouteHandler):
    """For routes whose bodies may be of any size: the body goes to a file as it arrives."""

    refusal: errors.ValoError | None = None

    async def prepare(self) -> None:
        await super().prepare()
        if self._finished or self.refusal:
            return
        self.request.connection.set_max_body_size(1 << 42)  # type: ignore[union-attr]
        self.spooled = self.binding.spool / secrets.token_hex(8)
        self._file = self.spooled.open("xb")

    def _turn_away(self, error: errors.ValoError) -> None:
        # an answer while the caller still sends would be lost with the connection; what it sends is dropped, and
        # more than tornado's usual bound ends the connection
        self.refusal = error

    def data_received(self, chunk: bytes) -> None:
        if self.spooled is not None:
            self._file.write(chunk)

    async def _answer(self, **path: str) -> None:
        if self.refusal:
            return self.refuse(self.refusal)
        self._file.close()
        if self.route.body == "memory":
            assert self.spooled is not None
            if self.spooled.stat().st_size > MAX_JSON:
                return self.refuse(errors.TooLarge())
            self.request.body = self.spooled.read_bytes()
        await super()._answer(**path)

    get = post = put = patch = delete = _answer

    def on_connection_close(self) -> None:
        if self.spooled is not None:
            self._file.close()
            self.spooled.unlink(missing_ok=True)


class Missing(RouteHandler):
    async def prepare(self) -> None:
        try:
            self._check_host()
            await self._authenticated(None)
            raise errors.NotFound(f"There is nothing at {self.request.path}.")
        except errors.ValoError as error:
            self.refuse(error)
