"""Leaves out what libraries import only in case: it would cost every process memory, or seconds."""

from __future__ import annotations

import sys

#: Dask looks for numpy and pandas objects to send, and there are none (11 MB); jsonschema tries to build a grammar
#: for checking IRIs, which no notebook has (0.8 s); papermill's notebooks are files here, and are in no cloud (0.3 s)
_NEVER_USED = (
    "numpy",
    "pandas",
    "rfc3987_syntax",
    "papermill.s3",
    "papermill.adl",
    "papermill.abs",
    "gcsfs",
    "pyarrow",
    "github",
)


def forgo() -> None:
    """Make optional imports fail in this process, which must be one of ours alone: user code never runs in it."""
    for name in _NEVER_USED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
