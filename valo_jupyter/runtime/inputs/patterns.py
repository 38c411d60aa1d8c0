"""Addresses that name many files: `*`, `?`, `[…]` within a folder, `**` through folders."""

from __future__ import annotations

import posixpath
import re

_WILD = re.compile(r"[*?\[]")


def is_pattern(key: str) -> bool:
    return _WILD.search(key) is not None


def fixed_part(pattern: str) -> str:
    """What the keys that the pattern matches begin with: a store is listed below it only."""
    found = _WILD.search(pattern)
    return pattern[: found.start()] if found else pattern


def compiled(pattern: str) -> re.Pattern[str]:
    """Matches whole keys."""
    parts = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        elif pattern[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            parts.append("[^/]")
            at += 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            parts.append(f"(?!/)[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]")
            at = end + 1
        else:
            parts.append(re.escape(pattern[at]))
            at += 1
    return re.compile("".join(parts), re.DOTALL)


def kept(name: str, pattern: str, keep: str) -> str:
    """A matched file's name in its input's folder, with as much of its path as `keep` (none, suffix, full) says."""
    if keep == "full":
        return name
    if keep != "suffix":
        return posixpath.basename(name)
    root = posixpath.dirname(fixed_part(pattern))
    return name[len(root) :].lstrip("/") if root and name.startswith(root + "/") else name
