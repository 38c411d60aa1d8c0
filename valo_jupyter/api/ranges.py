"""What `Content-Range` says of a body that is a part of a file."""

from __future__ import annotations

import re

from valo_jupyter.domain.errors import Invalid


def part_of(header: str | None, size: int) -> tuple[int, int]:
    """`(where the body begins in the file, how large that is)`; the whole file without a header."""
    if not header or header == "bytes */0":
        return 0, size
    match = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", header)
    if match is None or int(match[2]) - int(match[1]) + 1 != size:
        raise Invalid(
            f"The body has {size} bytes; its Content-Range says {header!r}, where such as bytes 0-8388607/10000000 is "
            "meant."
        )
    return int(match[1]), int(match[3])
