"""Values of secret variables, replaced wherever they would be shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from valo_jupyter.domain.variables import SHORTEST_SECRET

MASKED = "***"
TOO_SHORT = f"shorter than {SHORTEST_SECRET} characters: too short to be hidden where it is printed"


class Mask:
    """Replaces secret values by `***`, also as JSON, Python and addresses write them.

    A value of several lines (a private key) is hidden line by line, so that a text keeps its number of lines.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            for line in secret.splitlines():
                forms |= _forms(line.strip())
            if len(secret.splitlines()) > 1:
                # one line where JSON or repr() wrote the ends of the lines as \n
                forms |= _forms(secret.strip())
        # longest first: a secret may be part of another one
        self._forms = sorted((form for form in forms if "\n" not in form), key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._forms)

    @classmethod
    def hides(cls, secret: str) -> bool:
        """False for a value that is too short: it would show."""
        return not secret.strip() or cls([secret]).text(secret) != secret

    def text(self, text: str) -> str:
        """`text` without secrets; the same object when there are none in it."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASKED)
        return text

    def lines(self, lines: list[str]) -> list[str]:
        """Many lines at once: one search in all of them, and a second pass only when something was found."""
        if not self._forms:
            return lines
        joined = "\n".join(lines)
        masked = self.text(joined)
        return lines if masked is joined else masked.split("\n")

    def value(self, value: Any, *, numbers: bool = False) -> Any:
        """The same for anything JSON can hold, names of keys included.

        `numbers`: one that shows a secret becomes text; not for what must keep its type.
        """
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                self.text(key) if isinstance(key, str) else key: self.value(item, numbers=numbers)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.value(item, numbers=numbers) for item in value]
        if numbers and isinstance(value, (int, float)):
            written = json.dumps(value)
            masked = self.text(written)
            return value if masked is written else masked
        return value


def _forms(secret: str) -> set[str]:
    if len(secret) < SHORTEST_SECRET:
        return set()
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    }
