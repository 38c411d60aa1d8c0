"""A view as HTML in Lab's own colours; everything that comes from outside is escaped.

`data-valo-open` is what Lab's extension opens at a click (`plugins/cards.ts`): `execution:<id>`, perhaps with a tab, or
`datum:<id>`. `data-valo-action` is what the kernel is told (`static/card.js`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from valo_jupyter.client import human, summary
from valo_jupyter.domain.executions import Status
from valo_jupyter.kernel.view import View
from valo_jupyter.submit.cell import CELL_ENDING

STATIC = Path(__file__).parent / "static"
FILES = 8
#: images that are seen while the card is live
_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
_THUMBNAILS, _LARGEST_IMAGE = 4, 5_000_000
_WIDTH, _HEIGHT = 120, 28


def card(view: View, *, buttons: bool) -> str:
    """The card; `buttons` only where something answers them."""
    data = view.data
    parts = [
        _head(view, buttons),
        _bar(data),
        _error(data),
        _log(view),
        _metrics(view),
        _cell_of_its_own(data),
        _files(data, thumbnails=buttons),
        _tags(data, buttons),
        _strip(data),
        _note(view, buttons),
    ]
    status = escape(data["status"])
    return (
        f'<div class="valo-card valo-is-{status}" role="group" aria-label="Execution #{data["counter"]}">'
        f"{''.join(parts)}</div>"
    )


def page(view: View) -> str:
    """The card with its style, for where no widget can be."""
    return f"<style>{style()}</style>{card(view, buttons=False)}"


@cache
def style() -> str:
    return (STATIC / "card.css").read_text()


def _head(view: View, buttons: bool) -> str:
    data = view.data
    status = Status(data["status"])
    words = summary.state_words(data)
    if not status.ended and data.get("duration") is not None:
        words += f" · {human.duration(data['duration'])}"
    again = f" · again of #{view.again_of}" if view.again_of is not None else ""
    actions = ""
    if buttons:
        stop = "" if status.ended or status is Status.STOPPING else _button("stop", "Stop")
        actions = f'<span class="valo-actions">{stop}{_button("rerun", "Run again")}</span>'
    mark = _open(
        f"execution:{data['id']}",
        f'<span aria-hidden="true">{summary.MARKS[data["status"]]}</span> #{data["counter"]}',
        f"Open execution #{data['counter']}",
    )
    return (
        f'<div class="valo-head"><span class="valo-mark">{mark}</span>'
        f'<span class="valo-title">{_text(data["title"] or data["step"])}</span>'
        f'<span class="valo-words" aria-live="polite">{_text(words)}{again}</span>{actions}</div>'
    )


def _button(action: str, word: str) -> str:
    return f'<button type="button" data-valo-action="{action}">{word}</button>'


def _open(what: str, shown: str, label: str) -> str:
    """`shown`, which is HTML, as a link to a page of Lab; only that where no Lab is around."""
    if not os.environ.get("VALO_JUPYTER_URL"):
        return shown
    return (
        f'<button type="button" class="valo-link" data-valo-open="{escape(what)}" aria-label="{escape(label)}">'
        f"{shown}</button>"
    )


def _bar(data: dict[str, Any]) -> str:
    progress = data.get("progress")
    if not progress or not progress.get("of"):
        return ""
    done = 100 if data["status"] == "complete" else round(100 * min(1.0, max(0.0, progress.get("fraction") or 0.0)))
    return (
        f'<div class="valo-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" '
        f'title="cell {int(progress["code"])} of {int(progress["of"])}"><div style="width:{done}%"></div></div>'
    )


def _error(data: dict[str, Any]) -> str:
    error = data.get("error") or {}
    if not error.get("ename"):
        return ""
    words = f"{error['ename']}: {error.get('evalue') or ''}"
    if human.plain(words) in summary.state_words(data):
        return ""
    return f'<div class="valo-failure">{_text(words, 500)}</div>'


def _log(view: View) -> str:
    if not view.log:
        return ""
    lines = "\n".join(escape("".join(c if c.isprintable() or c == "\t" else " " for c in line)) for line in view.log)
    return f'<pre class="valo-log" aria-label="Last lines of the log">{lines}</pre>'


def _metrics(view: View) -> str:
    last = summary.last_values(view.data)
    drawn = [
        f'<div class="valo-metric"><span>{_text(name, 30)}</span>{_line(values)}'
        f"<b>{_text(human.value(last.get(name, values[-1])), 30)}</b></div>"
        for name, values in view.series.items()
    ]
    told = [
        f'<div class="valo-metric"><span>{_text(name, 30)}</span><b>{_text(human.value(value), 60)}</b></div>'
        for name, value in list(last.items())[:8]
        if name not in view.series
    ]
    return f'<div class="valo-metrics">{"".join(drawn + told)}</div>' if drawn or told else ""


def _line(values: tuple[float, ...]) -> str:
    """A course as a small drawing on a scale of its own."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = " ".join(
        f"{_WIDTH * index / (len(values) - 1):.1f},{2 + (_HEIGHT - 4) * (high - value) / span:.1f}"
        for index, value in enumerate(values)
    )
    about = f"from {human.value(values[0])} to {human.value(values[-1])}, {len(values)} points"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(about)}"><title>{escape(about)}</title><polyline points="{points}"/></svg>'
    )


def _cell_of_its_own(data: dict[str, Any]) -> str:
    """What somebody may have forgotten who ran one cell alone."""
    path = (data.get("notebook") or {}).get("path") or ""
    if not path.endswith(CELL_ENDING) or (data.get("error") or {}).get("ename") != "NameError":
        return ""
    words = "%%valo runs this cell alone: what it uses must be imported and defined in it."
    return f'<div class="valo-note">{words}</div>'


def _files(data: dict[str, Any], *, thumbnails: bool) -> str:
    outputs = [output for output in data.get("outputs") or [] if not output.get("purged")]
    if not outputs:
        return ""
    images = [output for output in outputs[:FILES] if thumbnails and _is_image(output)][:_THUMBNAILS]
    shown = [
        f'<span class="valo-file" title="{_text(output["uri"])}">{_thumbnail(output) if output in images else ""}'
        f"{_file_link(output)} <small>{human.size(output['size'])}</small> {_labels(output.get('tags') or [])}</span>"
        for output in outputs[:FILES]
    ]
    more = f"<small>and {len(outputs) - FILES} more</small>" if len(outputs) > FILES else ""
    return f'<div class="valo-files">{"".join(shown)}{more}</div>'


def _file_link(output: dict[str, Any]) -> str:
    name = _text(output["name"], 60)
    return _open(f"datum:{output['id']}", name, f"Open {human.plain(output['name'], 60)}")


def _is_image(output: dict[str, Any]) -> bool:
    return PurePosixPath(output["name"]).suffix.lower() in _IMAGES and 0 < output["size"] <= _LARGEST_IMAGE


def _thumbnail(output: dict[str, Any]) -> str:
    """The image, through the Jupyter server of this kernel; nothing where there is none."""
    address = content_address(output["id"])
    return f'<img loading="lazy" alt="" src="{escape(address)}">' if address else ""


def _tags(data: dict[str, Any], editable: bool) -> str:
    tags = data.get("tags") or []
    if not editable:
        return f'<div class="valo-tags">{_labels(tags)}</div>' if tags else ""
    shown = "".join(
        f'<span class="valo-tag">{_text(tag, 60)}<button type="button" data-valo-action="untag" '
        f'data-valo-value="{escape(tag)}" aria-label="Remove the tag {_text(tag, 60)}">×</button></span>'
        for tag in tags
    )
    field = (
        '<input class="valo-new-tag" data-valo-action="tag" placeholder="+ tag" aria-label="Add a tag" maxlength="64">'
    )
    return f'<div class="valo-tags">{shown}{field}</div>'


def _labels(tags: list[str]) -> str:
    return "".join(f'<span class="valo-tag">{_text(tag, 60)}</span>' for tag in tags)


def _strip(data: dict[str, Any]) -> str:
    """What went in, through the execution, to what came out."""
    line = summary.lineage(data, limit=5)
    went_in = {file["name"]: file.get("id") for entry in data.get("inputs") or [] for file in entry.get("files") or []}
    came_out = {output["name"]: output["id"] for output in data.get("outputs") or []}
    sources = "".join(map(_linked(went_in, f"execution:{data['id']}:details"), line.sources))
    results = "".join(map(_linked(came_out), line.results)) or "<span>no files yet</span>"
    if Status(data["status"]).ended and not line.results:
        results = "<span>no files</span>"
    label = _open(f"execution:{data['id']}:trace", escape(line.label), f"Trace of execution {line.label}")
    return (
        f'<div class="valo-strip" aria-label="Trace"><span class="valo-side">{sources}</span>'
        f'<span aria-hidden="true">→</span><b>{label}</b><span aria-hidden="true">→</span>'
        f'<span class="valo-side">{results}</span></div>'
    )


def _linked(files: dict[str, str | None], other: str | None = None) -> Callable[[str], str]:
    """Shows a name of the strip: a file by its id; what is none, the code, leads to `other`."""

    def shown(name: str) -> str:
        datum = files.get(name)
        target = f"datum:{datum}" if datum else other if name not in files else None
        return f"<span>{_open(target, escape(name), f'Open {name}') if target else escape(name)}</span>"

    return shown


def content_address(datum: str) -> str | None:
    """Where the Jupyter server of this kernel has a file's content, as a path; None where there is no such server."""
    base = os.environ.get("VALO_JUPYTER_URL")
    return f"{urlsplit(base).path.rstrip('/')}/valo/api/v0/data/{datum}/content/" if base else None


def _note(view: View, buttons: bool) -> str:
    counter = view.data["counter"]
    words = view.note
    if not words and not buttons:
        ended = Status(view.data["status"]).ended
        words = f"Run again: %valo rerun {counter}" if ended else f"As of then; live: %valo show {counter}"
    return f'<div class="valo-note">{_text(words, 300)}</div>' if words else ""


def _text(text: str, limit: int = 200) -> str:
    return escape(human.plain(text, limit))
