"""What can go wrong between a store and its user."""

from __future__ import annotations

from valo_jupyter.domain import errors


class StoreError(errors.ValoError):
    """The data store could not do this."""

    code = "store_error"


class NotFound(StoreError, errors.NotFound):
    """The store has no such object."""

    code = "not_found"


class Denied(StoreError, errors.Forbidden):
    """The store does not allow this."""

    code = "store_denied"


class Exists(StoreError, errors.Conflict):
    """The store has another object under this key; nothing was overwritten."""

    code = "store_exists"


class Changed(StoreError, errors.Conflict):
    """The object or file changed while it was being read."""

    code = "store_changed"


class Corrupt(StoreError):
    """The content is not what its checksum says."""

    code = "store_corrupt"


class Unavailable(StoreError):
    """The store does not answer, or has no room left; a later try may succeed."""

    code = "store_unavailable"


class NoRoom(StoreError):
    """The disk has no room for the file; free some, or use another machine."""

    code = "no_room"


class Misconfigured(StoreError, errors.Invalid):
    """The store's settings cannot work."""

    code = "store_misconfigured"


class Cancelled(StoreError):
    """The transfer was stopped on request."""

    code = "store_cancelled"
