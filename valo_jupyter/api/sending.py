"""Sends a file in pieces, or one range of it; or what is made on the way."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
            start, end = byte_range(handler.request.headers.get("Range"), size)
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


async def send_stream(
    handler: RequestHandler, pieces: Iterator[bytes], in_thread: Callable[..., Awaitable[Any]]
) -> None:
    """The pieces, each made by a thread. Where one cannot be, the connection is cut: what came is not the whole."""
    try:
        while (piece := await in_thread(next, pieces, None)) is not None:
            handler.write(piece)
            await handler.flush()
    except iostream.StreamClosedError:
        return
    except Exception:
        stream = getattr(handler.request.connection, "stream", None)
        if stream is not None:
            stream.close()
        raise
    finally:
        await in_thread(getattr(pieces, "close", lambda: None))
    handler.finish()


def disposition(name: str, *, inline: bool = False) -> str:
    """A `Content-Disposition` with the file's name, whatever letters that has."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def byte_range(header: str | None, size: int) -> tuple[int, int]:
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
