"""Numbers of bytes as people write them."""

from __future__ import annotations

import re

from valo_jupyter.domain.errors import Invalid

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?\s*", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """`512MB`, `2G` (powers of 1000), `2Gi` (powers of 1024), or a plain number."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise Invalid(f"{text!r} is no size; write 512MB, 2G or 2Gi.")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("kmgtp".index(unit.lower()) + 1 if unit else 0))
