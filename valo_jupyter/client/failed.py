"""What waiting for an execution may end in, other than success."""

from __future__ import annotations

from typing import Any

from valo_jupyter.client.human import uncoloured
from valo_jupyter.domain.errors import ValoError


class ExecutionFailed(ValoError):
    """The execution did not complete."""

    code = "execution_failed"

    @classmethod
    def of(cls, data: dict[str, Any]) -> ExecutionFailed:
        """From an execution's JSON; the message has the reason and, when a cell raised, its traceback."""
        message = f"#{data['counter']} ended {data['status']}"
        if data.get("status_detail"):
            message += f": {data['status_detail']}"
        error = data.get("error") or {}
        if error.get("traceback"):
            message += f"\n{error['traceback']}"
        return cls(uncoloured(message), status=data["status"], error=data.get("error"))


class WaitedTooLong(ValoError, TimeoutError):
    """The execution goes on; the time to wait for it is over."""

    code = "waited_too_long"
