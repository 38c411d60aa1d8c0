"""The executions of the chaos: what each is, and how it may end."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat.v4 as v4

_HERE = Path(__file__).parent

#: for what no more than this may take
LIMIT_SECONDS = 3.0


@dataclass(frozen=True)
class Kind:
    """A kind of execution, and its ends when nobody disturbs it."""

    name: str
    share: int
    ends: tuple[str, ...] = ("complete",)
    #: what the reason says of an end that is no success
    reason: str = ""
    notebook: str | None = None
    #: numbered lines that it prints
    lines: int = 30
    fields: tuple[tuple[str, Any], ...] = ()


KINDS = (
    Kind("count", 6),
    Kind("count.ipynb", 8, notebook="count.ipynb"),
    Kind("shell", 2, lines=20),
    Kind("daemon", 3),
    Kind("daemon.ipynb", 2, notebook="daemon.ipynb"),
    Kind("flood", 2, lines=30_020),
    Kind("fails", 2, ends=("error",), reason="exit code 1", lines=5),
    Kind("fails.ipynb", 2, ends=("error",), reason="ValueError: as it should", notebook="fails.ipynb", lines=5),
    Kind("limited", 1, ends=("error",), reason="time limit", fields=(("time_limit", LIMIT_SECONDS),)),
    # these go on until they are stopped
    Kind("long", 2, ends=("stopped",), reason="stopped by"),
    Kind("long.ipynb", 2, ends=("stopped",), reason="stopped by", notebook="long.ipynb"),
    Kind("stubborn", 1, ends=("stopped",), reason="stopped by"),
)

STEPS = {
    "count": ["python work.py count"],
    "shell": [". ./work.sh"],
    "daemon": ["python work.py daemon"],
    "flood": ["python work.py flood"],
    "fails": ["python work.py fails"],
    "limited": ["python work.py long"],
    "long": ["python work.py long"],
    "stubborn": ["python work.py stubborn"],
}

_NOTEBOOKS = {
    "count.ipynb": ["import work", "work.count(15)", "work.count(15, first=15)", "work.keep()"],
    "daemon.ipynb": ["import work", "work.leave_daemon()", "work.count(30)", "work.keep()"],
    "fails.ipynb": ["import work", "work.count(5)", "raise ValueError('as it should')", "work.keep()"],
    "long.ipynb": ["import work", "work.count(10_000, 0.1)", "work.keep()"],
}


def write_code(folder: Path) -> None:
    """The project's files, but for its valohai.yaml."""
    folder.mkdir()
    for name in ("work.py", "work.sh"):
        (folder / name).write_bytes((_HERE / name).read_bytes())
    for name, cells in _NOTEBOOKS.items():
        # identifiers of their own would make the snapshot another one each time
        made = [v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(cells)]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        (folder / name).write_text(v4.writes(v4.new_notebook(cells=made, metadata={"kernelspec": spec})))


@dataclass
class Case:
    """One execution: planned, then submitted."""

    kind: Kind
    #: seconds after the begin of the storm
    at: float
    environment: str
    requeue: int
    stop_at: float | None
    id: str = ""
    stopped: bool = False

    def __str__(self) -> str:
        return f"{self.kind.name} in {self.environment} (requeue {self.requeue})"


def plan_cases(dice: random.Random, count: int, environments: list[str], seconds: float) -> list[Case]:
    """`count` executions over `seconds`, a third of them at once."""
    cases = []
    for number in range(count):
        kind = dice.choices(KINDS, [kind.share for kind in KINDS])[0]
        at = 0.0 if number < count // 3 else dice.uniform(0, seconds)
        stop_at = dice.uniform(at, max(at + 8, seconds)) if "stopped" in kind.ends else None
        cases.append(Case(kind, at, dice.choice(environments), dice.choice((0, 1, 1, 3, 10)), stop_at))
    return sorted(cases, key=lambda case: case.at)
