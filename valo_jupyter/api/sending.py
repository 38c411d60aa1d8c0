"""Sends a file in pieces, or one range of it."""

from __future__ import annotations

import os
from pathlib import Path

from tornado import iostream
from tornado.web import RequestHandler

CHUNK = 256 * 1024


async def send_file(handler: RequestHandler, path: Path, *, remove: bool = False) -> None:
    """The file in pieces; one range of it when asked, so that a download can go on where it was cut."""
    try:
        with path.open("rb") as file:
            if remove:
                path.unlink()  # what is open can still be read
            size = os.fstat(file.fileno()).st_size
            start, end = _range(handler.request.headers.get("Range"), size)
            if (start, end) != (0, size):
                handler.set_status(206)
                handler.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            handler.set_header("Accept-Ranges", "bytes")
            handler.set_header("Content-Length", str(end - start))
            file.seek(start)
            left = end - start
            while left:
                block = file.read(min(CHUNK, left))
                if not block:
                    break
                left -= len(block)
                handler.write(block)
                await handler.flush()
        handler.finish()
    except iostream.StreamClosedError:
        pass


def _range(header: str | None, size: int) -> tuple[int, int]:
    """`(start, end)` of a single byte range; the whole for none or one that is not understood."""
    if not header or not header.startswith("bytes=") or "," in header:
        return 0, size
    first, _, last = header[len("bytes=") :].partition("-")
    try:
        if not first:
            return max(0, size - int(last)), size
        start = int(first)
        end = min(int(last) + 1, size) if last else size
    except ValueError:
        return 0, size
    return (start, end) if 0 <= start < end else (0, size)
