"""The OpenAPI document, made from the routes themselves."""

from __future__ import annotations

import re
from typing import Any

from valo_jupyter import __version__
from valo_jupyter.api.fields import schema as schema_of
from valo_jupyter.api.routing import ROUTES, Reply, Request, Route, route

SECURITY = {
    "user": [{"token": []}],
    "attempt": [{"attempt": []}],
    "trial": [{"attempt": []}],
    "machine": [{"attempt": []}],
    "signed": [],
}


@route("GET", "/api/schema/")
def schema(request: Request) -> Reply:
    """This document."""
    return Reply(document(request.base_url))


def document(base_url: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for entry in ROUTES:
        pattern = entry.pattern.replace("...}", "}")
        paths.setdefault(pattern, {})[entry.method.lower()] = _operation(entry)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Valo",
            "version": __version__,
            "description": "Run notebooks remotely and trace the results.",
        },
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Token <token>`, as `jupyter valo token` prints it",
                },
                "attempt": {"type": "http", "scheme": "bearer", "description": "an attempt's token; for machines"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "details": {"type": "object"},
                    },
                }
            },
        },
    }


def _operation(entry: Route) -> dict[str, Any]:
    summary = (entry.handler.__doc__ or "").strip()
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)", entry.pattern)
    ]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in entry.query]
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    operation: dict[str, Any] = {
        "operationId": f"{entry.handler.__module__.rsplit('.', 1)[-1]}_{entry.handler.__name__}",
        "summary": summary,
        "parameters": parameters,
        "security": SECURITY[entry.auth],
        "responses": {"2XX": {"description": "done"}, "4XX": {"description": "refused, with the reason", **error}},
    }
    if entry.fields:
        operation["requestBody"] = {"content": {"application/json": {"schema": schema_of(entry.fields)}}}
    elif entry.body == "file":
        operation["requestBody"] = {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        }
    return operation
