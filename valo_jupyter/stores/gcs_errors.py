"""What Google's refusals mean, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

from valo_jupyter.stores.errors import (
    Changed,
    Corrupt,
    Denied,
    Exists,
    Misconfigured,
    NotFound,
    StoreError,
    Unavailable,
)
from valo_jupyter.stores.retrying import worth_retrying
from valo_jupyter.stores.sessions import reaching, unreachable

#: step of the check → the permission, and the smallest role that has it
NEEDS = {
    "list": ("storage.objects.list", "Storage Object Viewer"),
    "read": ("storage.objects.get", "Storage Object Viewer"),
    "write": ("storage.objects.create", "Storage Object Creator"),
    "delete": ("storage.objects.delete", "Storage Object User"),
}


@contextmanager
def asking(step: str, uri: str, service: str) -> Iterator[None]:
    """The errors of Google's libraries become ours; `step` as in the check."""
    try:
        with reaching(service):
            yield
    except GoogleAPICallError as error:
        raise refusal(int(error.code or 0), str(error.message), step, uri) from None
    except RetryError as error:
        raise unreachable(service, error) from None
    except GoogleAuthError as error:
        raise _no_token(error) from None


def refused(answer: requests.Response, step: str, uri: str) -> StoreError:
    """As `refusal`."""
    return refusal(answer.status_code, answer.text[:2000], step, uri)


def refusal(status: int, words: str, step: str, uri: str) -> StoreError:
    """What an answer means that is no success; `words` are Google's."""
    if status == 401:
        return Denied(f"Google does not know us any more for {uri}; give the store a new key of a service account.")
    if status == 403:
        if "retention" in words or " hold" in words:
            return Denied(f"Google refuses to {_verb(step)} {uri}: a hold or the bucket's retention protects it.")
        permission, role = NEEDS.get(step, NEEDS["list"])
        return Denied(
            f"Google refuses to {_verb(step)} {uri}: the account lacks {permission}; give it the role {role} on the"
            " bucket."
        )
    if status == 404 and (step in ("auth", "list") or "bucket does not exist" in words):
        return Misconfigured(f"There is no bucket for {uri}; make it, or change the store's options.")
    if status == 404:
        return NotFound(f"There is no {uri}.")
    if status == 412 and step == "write":
        return Exists(f"There is already an object {uri}, which is not overwritten; take another name.")
    if status == 412:
        return Changed(f"{uri} was replaced meanwhile; try again.")
    if status == 400 and "CRC32C" in words:
        return Corrupt(f"What arrived at {uri} is not what was sent; try again.")
    if worth_retrying(status):
        return Unavailable(f"Google answers {status}.")
    return StoreError(f"Google cannot {_verb(step)} {uri} (status {status}).")


def _verb(step: str) -> str:
    return "log in for" if step == "auth" else step


def _no_token(error: GoogleAuthError) -> StoreError:
    if isinstance(error, DefaultCredentialsError):
        return Denied(
            "This machine has no Google credentials; give the store the key of a service account, or the machine one."
        )
    if isinstance(error, TransportError) or getattr(error, "retryable", False):
        return Unavailable("Google's token service does not answer.")
    return Denied(
        "Google does not accept the key of the service account: it is wrong, deleted or disabled, or this machine's"
        " clock is; make a new one and give it to the store."
    )
