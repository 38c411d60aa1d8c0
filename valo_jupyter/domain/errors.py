"""One tree of errors; the docstring is what a user reads when nothing better is known, `code` is what travels."""

from __future__ import annotations

from typing import Any


class ValoError(Exception):
    """Valo could not do this."""

    code = "error"

    def __init__(self, message: str | None = None, /, **details: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.details = details

    @property
    def message(self) -> str:
        return str(self.args[0])

    def to_json(self) -> dict[str, Any]:
        """`{"code", "message", "details"}`, the form of every error on the wire."""
        return {"code": self.code, "message": self.message, "details": self.details}


class Invalid(ValoError):
    """The request is not understood."""

    code = "invalid"


class NotFound(ValoError):
    """No such object, or you may not see it."""

    code = "not_found"


class Unauthenticated(ValoError):
    """Log in first: the token is missing or no longer valid."""

    code = "not_authenticated"


class Forbidden(ValoError):
    """You may not do this."""

    code = "forbidden"


class NotAllowed(Forbidden):
    """You may not do this; an administrator may."""

    code = "not_allowed"


class Conflict(ValoError):
    """The object is not in a state that allows this."""

    code = "conflict"


class Overtaken(ValoError):
    """Something else changed it at the same moment; try again."""

    code = "overtaken"


class IllegalTransition(Conflict):
    """The execution cannot go from its state to the one asked for."""

    code = "illegal_transition"


class StaleAttempt(Conflict):
    """This attempt is no longer the valid writer of its execution."""

    code = "stale_attempt"


class MissingObjects(Conflict):
    """The pack builds on commits that this server does not have; send a full one."""

    code = "missing_objects"


class TooLarge(ValoError):
    """This is larger than the server accepts."""

    code = "too_large"


class UnknownParameter(Invalid):
    """The notebook or step has no such parameter."""

    code = "unknown_parameter"


class WrongParameterType(Invalid):
    """The value does not fit the parameter's type."""

    code = "wrong_parameter_type"


class ConfirmSnapshot(Conflict):
    """The folder to be sent is unusually large or personal; say what to send."""

    code = "confirm_snapshot"


class SecretsFound(Conflict):
    """Values that look like secrets are about to be sent; say what to do with them."""

    code = "secrets_found"


class SnapshotFailed(ValoError):
    """The notebook's folder could not be recorded."""

    code = "snapshot_failed"


class ServerUnreachable(ValoError):
    """The Valo server does not answer; start it with `jupyter valo start`."""

    code = "server_unreachable"


class KernelMissing(ValoError):
    """The notebook's kernel is not installed on the machine."""

    code = "kernel_missing"


class InputUnavailable(ValoError):
    """An input could not be had."""

    code = "input_unavailable"


class StateFolder(ValoError):
    """The state folder cannot be used."""

    code = "state_folder"


class ImageUnavailable(ValoError):
    """The image could not be had."""

    code = "image_unavailable"


class ImageNotFound(ImageUnavailable):
    """The registry has no such image."""

    code = "image_not_found"


class NoRegistryEntry(ImageUnavailable):
    """No entry of the private registries is for this image; add one in the settings of registries."""

    code = "no_registry_entry"


class RegistryRefused(ImageUnavailable):
    """The registry refused the credentials."""

    code = "registry_refused"


class RegistryRateLimited(ImageUnavailable):
    """The registry answers no more for a while: too many pulls."""

    code = "registry_rate_limited"


class RegistryUnreachable(ImageUnavailable):
    """The registry does not answer."""

    code = "registry_unreachable"
