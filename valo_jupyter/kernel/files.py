"""Files as a cell shows them: with thumbnails, links, and traces as text."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from html import escape
from typing import Any

from valo_jupyter.client import data_words, human
from valo_jupyter.client.data import Datum
from valo_jupyter.client.outputs import Output
from valo_jupyter.domain.errors import ValoError
from valo_jupyter.kernel.card import content_address
from valo_jupyter.kernel.shown import Table

#: a notebook keeps what is shown: small images only, and not many
_LARGEST = 200_000
_THUMBNAILS = 12
_IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}


class Files:
    """A table of files; images are seen, and each name leads to its content where a Jupyter server is around."""

    def __init__(self, files: Iterable[Output], places: Iterable[str] | None = None, empty: str = "No files.") -> None:
        self.files = list(files)
        self._places = list(places) if places is not None else [file.uri for file in self.files]
        self._empty = empty

    def __repr__(self) -> str:
        rows = [
            [file.name, human.size(file.size), ", ".join(file.data.get("tags") or []), place]
            for file, place in zip(self.files, self._places, strict=True)
        ]
        return repr(Table(["name", "size", "tags", "where"], rows, self._empty))

    def _repr_html_(self) -> str:
        if not self.files:
            return f"<p>{escape(self._empty)}</p>"
        seen = 0
        rows = []
        for file, place in zip(self.files, self._places, strict=True):
            image = thumbnail(file) if seen < _THUMBNAILS else ""
            seen += bool(image)
            cells = [image, named(file), human.size(file.size), _tags(file), escape(human.plain(place, 80))]
            rows.append("".join(f'<td style="text-align: left">{cell}</td>' for cell in cells))
        head = "".join(f'<th style="text-align: left">{cell}</th>' for cell in ("", "name", "size", "tags", "where"))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Trace:
    """A trace as two trees, in letters of one width."""

    def __init__(self, trace: dict[str, Any], start: str) -> None:
        self.graph = trace
        self._lines = data_words.trace_lines(trace, start)

    def __repr__(self) -> str:
        return "\n".join(self._lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class ShownDatum(Datum):
    """A file as a cell shows it: all that is known of it, and an image itself."""

    def __repr__(self) -> str:
        return "\n".join(human.table(data_words.datum_facts(self.data)))

    def _repr_html_(self) -> str:
        facts = Table([self.name, ""], data_words.datum_facts(self.data), "")
        return f"{thumbnail(self)}{facts._repr_html_()}"


def thumbnail(file: Output) -> str:
    """The image itself, for a small one; empty for all else."""
    kind = _IMAGES.get(os.path.splitext(file.name)[1].lower())
    if kind is None or not 0 < file.size <= _LARGEST or file.data.get("purged"):
        return ""
    try:
        content = file.path().read_bytes()
    except (ValoError, OSError):
        return ""  # the table is worth showing without it
    encoded = base64.b64encode(content).decode()
    size = "max-width: 160px; max-height: 96px"
    return f'<img alt="{escape(human.plain(file.name, 80))}" style="{size}" src="data:image/{kind};base64,{encoded}">'


def named(file: Output) -> str:
    """The name, as a link to the content through the Jupyter server of this kernel."""
    name = escape(human.plain(file.name, 80))
    address = content_address(file.id)
    if address is None or file.data.get("purged"):
        return name
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{name}</a>'


def _tags(file: Output) -> str:
    return escape(human.plain(", ".join(file.data.get("tags") or []), 60))
