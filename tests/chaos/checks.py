"""What must hold for an execution, whatever was done to the processes that ran it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.chaos.ledger import seconds
from tests.chaos.workload import Case
from valo_jupyter.db.tables import attempts, data, metadata_points
from valo_jupyter.services import Services
from valo_jupyter.services.pool import MAX_ATTEMPTS


@dataclass(frozen=True)
class Line:
    """One line of an execution's side effects."""

    attempt: int
    pid: int
    time: float
    what: str


@dataclass
class Records:
    """Everything that is known of one execution after its end."""

    row: Any
    attempts: list[Any]
    events: list[dict[str, Any]]
    outputs: list[Any]
    points: list[dict[str, Any]]
    trace: list[Line]

    @classmethod
    def read(cls, services: Services, row: Any, traces: Path) -> Records:
        with services.database.read() as connection:
            made = sa.select(attempts).where(attempts.c.execution_id == row.id).order_by(attempts.c.number)
            stored = sa.select(data).where(data.c.output_execution_id == row.id)
            points = sa.select(metadata_points.c["values"]).where(metadata_points.c.execution_id == row.id)
            return cls(
                row,
                list(connection.execute(made)),
                list(services.stream.all(row.id)),
                list(connection.execute(stored)),
                list(connection.execute(points).scalars()),
                _read_trace(traces / row.id),
            )


def problems(case: Case, known: Records, *, killed: bool) -> list[str]:
    """What does not add up; `killed`: its own kernel or shell was killed."""
    return [
        *_of_the_end(case, known, killed),
        *_of_attempts(known),
        *_of_the_stream(known),
        *_of_side_effects(known),
        *(_of_success(case, known) if known.row.status == "complete" else []),
    ]


def _of_the_end(case: Case, known: Records, killed: bool) -> list[str]:
    row, detail = known.row, known.row.status_detail or ""
    lost = sum(made.status == "lost" and made.started is not None for made in known.attempts)
    if lost > row.requeue + 1:
        return [f"{lost} machines were lost, though it may be queued again {row.requeue} times only"]
    if row.status == "complete" and "complete" in case.kind.ends:
        return []
    if row.status == "stopped" and case.stopped and re.search("stopped by|the environment was deleted", detail):
        return []
    if row.status in case.kind.ends and case.kind.reason in detail:
        return []
    if killed and row.status in ("crashed", "error") and re.search(r"killed|signal 9|exit code 137", detail):
        return []
    if (
        row.status == "crashed"
        and "machine lost" in detail
        and (lost == row.requeue + 1 or row.attempt >= MAX_ATTEMPTS)
    ):
        return []
    return [f"it ended as {row.status}: {detail!r}"]


def _of_attempts(known: Records) -> list[str]:
    found = []
    numbers = [made.number for made in known.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"its attempts are numbered {numbers}")
    if any(made.status == "open" for made in known.attempts):
        found.append("an attempt is still open")
    return found


def _of_the_stream(known: Records) -> list[str]:
    due, attempt, number = 1, 0, 0
    for event in known.events:
        where = f"at event {event['seq']}"
        if event["seq"] != due:
            return [f"the stream goes on with {event['seq']} where {due} is due"]
        due += event.get("n", 1)
        if event["a"] < attempt:
            return [f"attempt {event['a']} wrote after attempt {attempt} {where}"]
        if event["a"] > attempt:
            attempt, number = event["a"], 0
        if event["w"] not in (number, number + event.get("n", 1)):
            return [f"the machine's number {event['w']} follows {number} {where}"]
        number = event["w"]
    return []


def _of_side_effects(known: Records) -> list[str]:
    """No attempt does anything any more when it has ended, or the next one has passed its start gate."""
    found = []
    ends = {made.number: seconds(made.ended) for made in known.attempts if made.ended}
    gates = {made.number: seconds(made.started) for made in known.attempts if made.started}
    reached = 0
    for line in known.trace:
        if line.attempt < reached:
            found.append(f"attempt {line.attempt} did “{line.what}” after attempt {reached} had begun")
        reached = max(reached, line.attempt)
        later = [number for number, gate in gates.items() if number > line.attempt and line.time > gate]
        if later:
            found.append(f"attempt {line.attempt} did “{line.what}” after the start gate of attempt {later[0]}")
        if line.time > ends.get(line.attempt, line.time):
            found.append(f"attempt {line.attempt} did “{line.what}” after its end")
        if line.attempt not in gates:
            found.append(f"attempt {line.attempt} did “{line.what}” and never passed a start gate")
    return [f"{found[0]} (and {len(found) - 1} more)"] if found else []


def _of_success(case: Case, known: Records) -> list[str]:
    found = []
    last = max(event["a"] for event in known.events)
    mine = [event for event in known.events if event["a"] == last]
    printed = [
        line
        for event in mine
        if event["k"] == "log" and event["s"] == "stdout"
        for line in event["text"].split("\n")
        if line.startswith("line ")
    ]
    expected = [f"line {number}" for number in range(case.kind.lines)]
    if printed != expected:
        off = Counter(printed)
        off.subtract(expected)
        wrong = {line: count for line, count in off.items() if count} or "only their order"
        found.append(f"lines printed are not those of the log of attempt {last}: {str(wrong)[:300]}")
    steps = [event["values"]["step"] for event in mine if event["k"] == "metadata"]
    wanted = [] if case.kind.name == "shell" else [n for n in range(case.kind.lines) if n % 5 == 4]
    wanted = [n for n in wanted if case.kind.name != "flood" or n >= 30_000]
    if steps != wanted:
        found.append(f"its stream has the metadata steps {steps}")
    if sorted(point["step"] for point in known.points) != wanted:
        found.append(f"its metadata has the steps {[point['step'] for point in known.points]}")
    names = Counter(output.name for output in known.outputs)
    if names != Counter(["result.txt", *([case.kind.notebook] if case.kind.notebook else [])]):
        found.append(f"its outputs are {dict(names)}")
    if not any(line.attempt == last and line.what == "end" for line in known.trace):
        found.append("it is complete without having come to its end")
    return found


def _read_trace(path: Path) -> list[Line]:
    if not path.exists():
        return []
    lines = []
    for text in path.read_text().splitlines():
        attempt, pid, at, what = text.split(" ", 3)
        lines.append(Line(int(attempt), int(pid), float(at), what))
    return lines
