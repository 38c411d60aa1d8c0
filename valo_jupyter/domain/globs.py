"""Patterns in addresses: `*` and `?` stay within a folder, `**` does not, `[…]` is one of several letters."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    return _SPECIAL.search(text) is not None


def fixed_part(pattern: str) -> str:
    """What everything that matches begins with."""
    found = _SPECIAL.search(pattern)
    return pattern if found is None else pattern[: found.start()]


def folder_part(pattern: str) -> str:
    """The folders, with a slash at the end, that everything that matches is in; empty when there are none."""
    return fixed_part(pattern).rpartition("/")[0] + "/" if "/" in fixed_part(pattern) else ""


def compiled(pattern: str) -> re.Pattern[str]:
    """Matches whole keys. `a/**/b` is also `a/b`; a `[` that nothing closes stands for itself."""
    built, at = [], 0
    while at < len(pattern):
        letter = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            built.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            built.append(".*")
            at += 2
        elif letter == "[" and (end := pattern.find("]", at + 2)) > 0:
            built.append(_letters(pattern[at + 1 : end]))
            at = end + 1
        else:
            built.append({"*": "[^/]*", "?": "[^/]"}.get(letter) or re.escape(letter))
            at += 1
    try:
        return re.compile("".join(built) + r"\Z", re.DOTALL)
    except re.error:
        # such as [z-a]: nothing is between these letters
        return re.compile(r"(?!)")


def _letters(inside: str) -> str:
    negated = inside[0] in "!^"
    letters = re.sub(r"([\\\[\]&~|^])", r"\\\1", inside[1:] if negated else inside)
    return f"[^/{letters}]" if negated else f"(?!/)[{letters}]"
