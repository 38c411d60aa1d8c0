"""What Azure's refusals mean, and what to do about them. The SDK's own words may show addresses with signatures."""

from __future__ import annotations

import re

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

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
from valo_jupyter.stores.sessions import unreachable

#: step of the check → what it needs: as a role's action, and in a SAS token
NEEDS = {
    "list": ("containers/blobs/read on the container", "l"),
    "read": ("containers/blobs/read", "r"),
    "write": ("containers/blobs/write", "c"),
    "delete": ("containers/blobs/delete", "d"),
}
_UNKNOWN = ("AuthenticationFailed", "AuthorizationFailure", "InvalidAuthenticationInfo", "NoAuthenticationInformation")


def translated(error: AzureError, step: str, uri: str, service: str) -> StoreError:
    """The SDK's error as one of ours; `step` as in the check."""
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return unreachable(service, error)
    if isinstance(error, HttpResponseError) and error.status_code:
        code = getattr(error, "error_code", None) or ""
        # Azurite's own word for it is InvalidOperation
        wrong = "contentMD5" in str(error.message) and "match" in str(error.message)
        return refusal(int(error.status_code), "Md5Mismatch" if wrong else str(getattr(code, "value", code)), step, uri)
    if isinstance(error, ClientAuthenticationError):
        return _no_token(error)
    # a body that ended too soon, or made no sense
    return unreachable(service, error)


def refusal(status: int, code: str, step: str, uri: str) -> StoreError:
    """What an answer of Azure's means that is no success."""
    said = code or f"status {status}"
    if status in (401, 403):
        return Denied(f"Azure refuses to {_verb(step)} {uri} ({said}). {_remedy(step, code)}")
    if code in ("ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"):
        return Misconfigured(f"There is no container for {uri} ({said}); make it, or change the store's options.")
    if status == 404:
        return NotFound(f"There is no {uri}.")
    if status == 409 and code in ("BlobAlreadyExists", ""):
        return Exists(f"There is already an object {uri}, which is not overwritten; take another name.")
    if status == 412 and step == "read":
        return Changed(f"{uri} was replaced while it was being read; try again.")
    if status == 409 or status == 412:
        return Denied(f"Azure refuses to {_verb(step)} {uri} ({said}): a lease, a hold or a policy protects it.")
    if code in ("Md5Mismatch", "Crc64Mismatch"):
        return Corrupt(f"What arrived at {uri} is not what was sent; try again.")
    if code == "InvalidBlobOrBlock":
        return Denied(
            f"Azure refuses to write {uri}: blocks that another program left there are in the way for up to a week;"
            " take another name."
        )
    if worth_retrying(status):
        return Unavailable(f"Azure answers {status} ({said}).")
    return StoreError(f"Azure cannot {_verb(step)} {uri} ({said}, status {status}).")


def _verb(step: str) -> str:
    return {"auth": "log in for", "list": "list"}.get(step, step)


def _remedy(step: str, code: str) -> str:
    if code in _UNKNOWN:
        return (
            "The account key, SAS token or identity is wrong or has expired, or the account's network rules keep this"
            " machine out; enter it anew, and look at the rules."
        )
    if code == "AuthorizationSourceIPMismatch":
        return "The SAS token is not for this machine's address."
    if code == "KeyBasedAuthenticationNotPermitted":
        return "The account takes no keys; give the store a service principal, or none for this machine's identity."
    action, letter = NEEDS.get(step, NEEDS["list"])
    return (
        f"It needs the permission {action} (role Storage Blob Data {'Reader' if 'read' in action else 'Contributor'}),"
        f" or “{letter}” in the SAS token."
    )


def _no_token(error: ClientAuthenticationError) -> StoreError:
    found = re.search(r"AADSTS\d+", str(error))
    if found:
        return Denied(
            f"Microsoft Entra does not accept the service principal ({found[0]}); check tenant, client and secret."
        )
    if type(error).__name__ == "CredentialUnavailableError" or "DefaultAzureCredential" in str(error):
        return Denied(
            "This machine has no Azure identity; give the store an account key, a SAS token or a service principal,"
            " or the machine a managed identity."
        )
    return Denied("Microsoft Entra gave no token; check tenant, client and secret, and whether it can be reached.")
