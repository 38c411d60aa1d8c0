"""Why a file that the user has is not on the machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

#: how Python, and most programs, name a path that does not exist
_QUOTED = re.compile(r"""(['"`‘“])(?P<path>[^'"`’”\n]+)['"`’”]""")


def rule_for(path: str, left_out: Iterable[Mapping[str, str]]) -> str | None:
    """What is said of a project-relative path that the snapshot does not have, or None when it knows nothing of it."""
    wanted = posixpath.normpath(path)
    for entry in left_out:
        known = entry["path"]
        inside = known.endswith("/") and (wanted + "/").startswith(known)
        if inside or wanted == known.rstrip("/"):
            return f"{known} exists on your side but was left out of the snapshot by {entry['rule']}"
    return None


def explain_missing(message: str, left_out: Iterable[Mapping[str, str]], *, repository: Path, cwd: Path) -> str | None:
    """The same for the first path that an error message names (`[Errno 2] No such file or directory: 'data/x.csv'`).

    A relative path is taken as from `cwd`, the folder that the code ran in, and then as from the top of the project.
    """
    entries = list(left_out)
    if not entries:
        return None
    candidates = [match["path"] for match in _QUOTED.finditer(message)] or message.rsplit(": ", 1)[-1:]
    for candidate in candidates:
        for base in (cwd, repository):
            relative = posixpath.relpath(posixpath.join(base.as_posix(), candidate), repository.as_posix())
            if not relative.startswith("../") and (found := rule_for(relative, entries)):
                return found
    return None
