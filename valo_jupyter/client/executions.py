"""One execution, seen from outside: its state, events, log, metadata, outputs and tags."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from valo_jupyter.client.cells import Cell
from valo_jupyter.client.differences import Difference
from valo_jupyter.client.events import Batch, read_stream
from valo_jupyter.client.failed import ExecutionFailed, WaitedTooLong
from valo_jupyter.client.outputs import Outputs
from valo_jupyter.domain.executions import Status

if TYPE_CHECKING:
    from valo_jupyter.client.client import Client

#: seconds the server holds a question that has no answer yet
HOLD = 25.0


@dataclass(frozen=True)
class LogLine:
    """A line as it was written: `stream` is stdout, stderr, or status for the machine's own words."""

    time: str
    stream: str
    text: str

    def __str__(self) -> str:
        return self.text


class Execution:
    """An execution of one server.

    `data` is its JSON as last seen; the properties ask again for what may have changed.
    """

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        self._client = client
        self.data = data

    def __repr__(self) -> str:
        return f"<Execution #{self.counter} {self.data['title'] or self.data['step']} {self.data['status']}>"

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def counter(self) -> int:
        return self.data["counter"]

    @property
    def title(self) -> str:
        return self.data["title"]

    @property
    def path(self) -> str:
        """Its address below the API's root."""
        return f"executions/{self.id}/"

    @property
    def status(self) -> Status:
        """As it is now."""
        if not Status(self.data["status"]).ended:
            self.refresh()
        return Status(self.data["status"])

    @property
    def tags(self) -> list[str]:
        return list(self.refresh().data["tags"])

    def refresh(self) -> Execution:
        """Ask the server for the whole record, but for the events and metadata points."""
        self.data = self._client.http.get(self.path, {"exclude": "metadata,events"})
        return self

    def follow(self, after: int | None = None, *, hold: float = HOLD) -> Iterator[Batch]:
        """Batches of events as they happen until the execution has ended; an empty batch each `hold` seconds at least.

        Parameters
        ----------
        after
            The number of the last event already seen; from the first one without it.
        hold
            Seconds to wait for news before an empty batch, at most 25.
        """
        yield from read_stream(self._client.http, self.path, after or 0, hold=hold, follow=True)

    def batches(self, after: int = 0, *, tail: int | None = None) -> Iterator[Batch]:
        """What there is after event number `after`, or of the last `tail` log lines, without waiting."""
        yield from read_stream(self._client.http, self.path, after, hold=0.0, follow=False, tail=tail)

    def events(self, after: int = 0, *, wait: bool = False) -> Iterator[dict[str, Any]]:
        """The events after number `after`; with `wait` also those to come, until the execution has ended."""
        for batch in self.follow(after) if wait else self.batches(after):
            yield from batch.events

    def logs(self, *, follow: bool = False, tail: int | None = None) -> Iterator[LogLine]:
        """The log's lines; with `follow` until the execution has ended; with `tail` from its last lines on."""
        for batch in read_stream(self._client.http, self.path, 0, hold=HOLD, follow=follow, tail=tail):
            for event in batch.events:
                if event["k"] == "log":
                    for text in event["text"].split("\n"):
                        yield LogLine(event.get("t", ""), event["s"], text)

    def wait(self, timeout: float | None = None, *, raise_on_failure: bool = True) -> Execution:
        """Until it has ended.

        Raises
        ------
        ExecutionFailed
            It ended other than complete (unless `raise_on_failure` is false); carries the failing cell's error.
        WaitedTooLong
            `timeout` seconds passed; the execution goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        last = self.refresh().data
        while not Status(last["status"]).ended:
            left = HOLD if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise WaitedTooLong(f"#{self.counter} is still {last['status']} after {timeout:g} s; it goes on.")
            last = self._changed_after(last, min(HOLD, left)) or last
        self.refresh()
        if raise_on_failure and self.data["status"] != Status.COMPLETE:
            raise ExecutionFailed.of(self.data)
        return self

    @property
    def cells(self) -> list[Cell]:
        """The code cells in the notebook's order, with the time, memory and cost of each."""
        return [Cell.of(item) for item in self._client.http.get(f"{self.path}cells/")["results"]]

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """Every JSON object that was printed, in order, each with the time in `_time`."""
        return [_values(point) for point in self._client.http.get(f"{self.path}metadata/")["results"]]

    def metadata_frame(self) -> Any:
        """The metadata as a pandas DataFrame, a row for each point; needs pandas."""
        import pandas

        return pandas.DataFrame(self.metadata)

    @property
    def outputs(self) -> Outputs:
        """Its files by name."""
        query = {"output_execution": self.id, "limit": 5000}
        return Outputs(self._client.http, self._client.http.get("data/", query)["results"])

    def upload_again(self) -> dict[str, Any]:
        """Bring outputs to the store that did not take them: `{"moved", "left", "problem"}`."""
        return self._client.http.send("POST", f"{self.path}upload/", json_body={}, timeout=3600.0)

    def trace(self, direction: str = "both", depth: int = 3) -> dict[str, Any]:
        """Its code, inputs and outputs, and what uses those; as `Datum.trace`."""
        return self._client.http.get(f"{self.path}trace/", {"direction": direction, "depth": depth})

    def notebook(self) -> dict[str, Any]:
        """The executed notebook, also while it runs."""
        return self._client.http.get(f"{self.path}notebook/")

    def source(self) -> dict[str, Any]:
        """The notebook as it was submitted."""
        return self._client.http.get(f"{self.path}source/")

    def diff(self, other: Execution) -> Difference:
        """What is not the same in `other`."""
        # notebooks may be large, and others may be compared first
        return Difference(self._client.http.get(f"{self.path}diff/", {"other": other.id}, timeout=120.0))

    def tag(self, *names: str) -> Execution:
        """Add tags."""
        return self._set_tags([*self.tags, *names])

    def untag(self, *names: str) -> Execution:
        """Remove tags."""
        return self._set_tags([tag for tag in self.tags if tag not in names])

    def stop(self) -> Execution:
        """Ask it to stop; what it has written so far is kept."""
        self._client.http.post(f"{self.path}stop/", repeatable=True)
        return self.refresh()

    def rerun(self, **changes: Any) -> Execution:
        """The same again; `changes` may be parameters, inputs, environment, tags, title."""
        return Execution(self._client, self._client.http.post(f"{self.path}copy/", changes))

    def _changed_after(self, seen: dict[str, Any], hold: float) -> dict[str, Any] | None:
        """Its record when it is newer than `seen`, or None after `hold` seconds; no word of its log travels."""
        query = {
            "project": seen["project"]["id"],
            "counter": self.counter,
            "changed_after": seen["revision"],
            "wait": f"{hold:.3f}",
        }
        found = self._client.http.get("executions/", query, timeout=hold + self._client.http.timeout)["results"]
        return found[0] if found else None

    def _set_tags(self, tags: list[str]) -> Execution:
        self._client.http.patch(self.path, {"tags": list(dict.fromkeys(tags))})
        return self.refresh()


def _values(point: dict[str, Any]) -> dict[str, Any]:
    """A point without its number and time of arrival, unless the execution printed such a value itself."""
    values = {name: value for name, value in point.items() if name != "seq"}
    if isinstance(values.get("time"), str):
        del values["time"]
    return values
