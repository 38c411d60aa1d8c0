"""The words by which files are searched."""

from __future__ import annotations

import re

#: letters of a word that count
LONGEST = 64


def words_of(*texts: str) -> list[str]:
    """The words of all texts, without repeats, in the form in which they are compared."""
    found = (word[:LONGEST] for text in texts for word in re.findall(r"[^\W_]+", text.casefold()))
    return list(dict.fromkeys(found))
