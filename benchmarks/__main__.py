"""Prints the table; with names, only those parts of it."""

from __future__ import annotations

import importlib
import sys

from benchmarks.table import show

PARTS = (
    *("main_job", "cells", "containers", "scale", "snapshot", "listing", "data", "line", "imports", "memory", "idle"),
    *("stores", "interface"),
)


def main() -> int:
    wanted = sys.argv[1:] or PARTS
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    found = []
    for name in wanted:
        print(f"… {name}", file=sys.stderr, flush=True)
        found.extend(importlib.import_module(f"benchmarks.{name}").rows())
    show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
