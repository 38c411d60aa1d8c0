"""What S3 and boto3 say when they refuse, as the errors of stores."""

from __future__ import annotations

from botocore import exceptions as boto

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

#: the credentials were good once: those found on the machine, or of a role, may have followers
OUTDATED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidAccessKeyId"})
_UNKNOWN_TOKEN = frozenset({"InvalidToken", "InvalidClientTokenId", "InvalidSecurity"})
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "ContentSHA256Mismatch"})
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect"}
)
_LATER = frozenset(
    {
        "SlowDown", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "InternalError",
        "InternalFailure", "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete",
    }
)  # fmt: skip
#: what each method needs to be allowed
_ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


class NotAllowed(Denied):
    """The account is known, and may not do this."""


def refusal(
    method: str, uri: str, place: str, status: int, code: str, message: str, region: str | None = None
) -> StoreError:
    """The error that an answer stands for.

    Parameters
    ----------
    uri, place
        The object (or bucket) that was asked for, and the bucket with its service, as people know them.
    region
        Where the service says that the bucket is.
    """
    said = f" The service says: {message}" if message else ""
    if code in _DAMAGED:
        return Corrupt(f"{uri} was damaged on its way to the store, which refused it.")
    if status == 412 or code == "PreconditionFailed":
        if method == "GET":
            return Changed(f"{uri} was replaced while it was being read; read it again.")
        return Exists(f"There is another object {uri}, which is not overwritten; take another name.")
    if code == "NoSuchBucket":
        return Misconfigured(f"There is no {place}; make it, or correct its name.")
    if code in _ELSEWHERE or status in (301, 307):
        known = f"it is in {region}" if region else "the service says so"
        return Misconfigured(f"The {place} is not in the region of the settings: {known}. Set `region`.")
    if code in OUTDATED or code in _UNKNOWN_TOKEN:
        return Denied(
            f"The {place} does not take the access key or its token: unknown, expired or revoked. Give another."
        )
    if code == "SignatureDoesNotMatch":
        return Denied(f"The {place} takes the access key, but not with this secret key. Give the right one.")
    if code == "RequestTimeTooSkewed":
        return Denied(
            f"The clocks of this machine and of the service are too far apart for {place}; set this one right."
        )
    if code == "InvalidObjectState":
        return StoreError(f"{uri} is archived: restore it first, which may take hours.")
    if status == 404:
        return NotFound(f"There is no object {uri}.")
    if status in (401, 403):
        missing = ", or there is no such object" if method in ("GET", "HEAD") else ""
        return NotAllowed(f"The account may not do this with {uri} ({_ACTIONS.get(method, method)}){missing}.{said}")
    if _later(status, code) or status == 409:
        return Unavailable(f"The {place} answered {status} {code}".rstrip() + ".")
    return StoreError(f"The {place} answered {status} {code} for {uri}.{said}")


def role_refusal(role: str, status: int, code: str, message: str) -> StoreError:
    """The error that an answer stands for which gives no credentials of the role."""
    said = f" The service says: {message}" if message else ""
    if _later(status, code):
        return Unavailable(
            f"The role {role} cannot be taken on now: the service answered {status} {code}".rstrip() + "."
        )
    if code in OUTDATED or code in _UNKNOWN_TOKEN:
        return Denied(
            f"The role {role} cannot be taken on: the access key or its token is unknown, expired or revoked. "
            "Give another."
        )
    if status in (401, 403) or code == "AccessDenied":
        return Denied(
            f"The role {role} cannot be taken on: the account needs sts:AssumeRole, and the role has to trust it.{said}"
        )
    return Misconfigured(
        f"The role {role} cannot be taken on ({status} {code}): correct `role_arn`, or leave it out where the service "
        f"has no such thing.{said}"
    )


def _later(status: int, code: str) -> bool:
    """Whether the same may be answered otherwise later; who is asked too often says so with 400, too."""
    return worth_retrying(status) or code in _LATER or code.startswith("Throttl")


def failure(error: boto.BotoCoreError, place: str) -> StoreError:
    """What kept boto3 from asking at all."""
    if isinstance(error, boto.SSLError):
        return Misconfigured(f"The certificate of {place} is not trusted; give those of its authority (`ca`).")
    if isinstance(error, (boto.ConnectionError, boto.HTTPClientError)):
        return Unavailable(f"The {place} does not answer.")
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)):
        return Misconfigured(
            f"There are no credentials for {place}: none are given, and none are found on this machine "
            "(profile, environment, role). Give an access key with its secret key."
        )
    if isinstance(error, (boto.CredentialRetrievalError, boto.TokenRetrievalError, boto.SSOError)):
        return Denied(f"The machine's credentials for {place} cannot be had ({type(error).__name__}); log in anew.")
    # the others speak of parameters, profiles and names: theirs are the better words
    return Misconfigured(f"The settings of {place} cannot work: {error}")
