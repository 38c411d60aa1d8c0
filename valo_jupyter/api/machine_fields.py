"""What machines send of files and events, field by field; see `docs/developer/wire.md`."""

from __future__ import annotations

from typing import Any

from valo_jupyter.api.fields import checked
from valo_jupyter.domain import clock
from valo_jupyter.domain.errors import Invalid

_FILE = {
    "name": "string",
    "uri": "string",
    "size": "integer",
    "md5": "string",
    "sha1": "string",
    "sha256": "string",
    "version": "string",
    "store": "string",
}
_INPUT = {**_FILE, "input": "string", "datum": "string"}
# what a sidecar names is looked at one by one, and what is wrong with it is said in the log
_OUTPUT = {**_FILE, "wanted_store": "string", "metadata": "object", "tags": "strings", "aliases": "array"}
_OUTPUT["dataset_versions"] = "array"

_EVENT = {"k": "string", "n": "integer", "t": "string"}
#: what is read of an event, and must be there; of other ones nothing is
_READ = {
    "log": {"s": "string", "text": "string"},
    "metadata": {"values": "object"},
    "cell": {"cell": "integer", "code": "integer", "of": "integer", "state": "string"},
    "progress": {"what": "string"},
}

END = {
    "status": "string",
    "reason": "string",
    "exit_code": "integer",
    "error": "object",
    "seconds": "object",
    "peak_memory_bytes": "integer",
    "capture": "object",
}


def inputs(items: Any) -> list[dict[str, Any]]:
    return [checked(item, _INPUT, ("input", "name", "uri", "size", "sha256")) for item in _objects(items)]


def outputs(items: Any) -> list[dict[str, Any]]:
    return [checked(item, _OUTPUT, ("name", "uri", "size", "sha256")) for item in _objects(items)]


def events(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_event(item) for item in items]


def _event(given: dict[str, Any]) -> dict[str, Any]:
    event = checked(given, _EVENT, ("k",))
    fields = _READ.get(event["k"], {})
    checked(event, fields, tuple(name for name in fields if name != "text"))
    # an empty line is one, too
    if "text" in fields and event.get("text") is None:
        raise Invalid("`text` is missing.", text="`text` is missing.")
    if event.get("n", 1) is None or event.get("n", 1) < 1:
        raise Invalid("`n` of an event is 1 or more.")
    if event.get("t") is not None:
        try:
            clock.parse(event["t"])
        except ValueError:
            raise Invalid("`t` of an event is a time such as 2026-01-01T10:00:00.123456.") from None
    # these the server gives
    return {name: value for name, value in event.items() if name not in ("seq", "a")}


def _objects(items: Any) -> list[dict[str, Any]]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Invalid("The body is a list of files.")
    return items
