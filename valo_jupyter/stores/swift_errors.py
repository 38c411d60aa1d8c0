"""What Swift and its SDK say when they refuse, as the errors of stores."""

from __future__ import annotations

from swiftclient.exceptions import ClientException

from valo_jupyter.stores.errors import Changed, Corrupt, Denied, Exists, NotFound, StoreError, Unavailable
from valo_jupyter.stores.retrying import worth_retrying


class NoRange(StoreError):
    """The range begins behind the end."""


def translated(error: ClientException, step: str, uri: str) -> StoreError:
    """What a refusal of Swift's means; the SDK's own words may show more than they should."""
    status = error.http_status or 0
    verb = {"auth": "use", "list": "list"}.get(step, step)
    if status in (401, 403):
        return Denied(f"Swift refuses to {verb} {uri}: the user may not, or its login has ended; look at its roles.")
    if status == 404:
        return NotFound(f"There is no {uri}.")
    if status == 412 and step == "read":
        return Changed(f"{uri} was replaced while it was being read; try again.")
    if status == 412:
        return Exists(f"There is already an object {uri}, which is not overwritten; take another name.")
    if status == 416:
        return NoRange(f"{uri} is not so long.")
    if status == 422:
        return Corrupt(f"What arrived at {uri} is not what was sent; try again.")
    if status == 413 or status == 507:
        return Denied(f"Swift has no room for {uri} ({status}): raise the quota, or remove something.")
    if worth_retrying(status):
        return Unavailable(f"Swift answers {status}.")
    if not status:
        return Unavailable("Swift's answer ended too soon.")
    return StoreError(f"Swift cannot {verb} {uri} (status {status}).")
