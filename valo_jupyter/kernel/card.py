"""A view as HTML in Lab's own colours; everything that comes from outside is escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from valo_jupyter.client import human, summary
from valo_jupyter.domain.executions import Status
from valo_jupyter.kernel.view import View

STATIC = Path(__file__).parent / "static"
FILES = 8
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
        _files(data),
        _tags(data),
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
    mark = f'<span aria-hidden="true">{summary.MARKS[data["status"]]}</span> #{data["counter"]}'
    return (
        f'<div class="valo-head"><span class="valo-mark">{mark}</span>'
        f'<span class="valo-title">{_text(data["title"] or data["step"])}</span>'
        f'<span class="valo-words" aria-live="polite">{_text(words)}{again}</span>{actions}</div>'
    )


def _button(action: str, word: str) -> str:
    return f'<button type="button" data-valo-action="{action}">{word}</button>'


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


def _files(data: dict[str, Any]) -> str:
    outputs = [output for output in data.get("outputs") or [] if not output.get("purged")]
    if not outputs:
        return ""
    shown = [
        f'<span class="valo-file" title="{_text(output["uri"])}">{_text(output["name"], 60)} '
        f"<small>{human.size(output['size'])}</small> {_labels(output.get('tags') or [])}</span>"
        for output in outputs[:FILES]
    ]
    more = f"<small>and {len(outputs) - FILES} more</small>" if len(outputs) > FILES else ""
    return f'<div class="valo-files">{"".join(shown)}{more}</div>'


def _tags(data: dict[str, Any]) -> str:
    tags = _labels(data.get("tags") or [])
    return f'<div class="valo-tags">{tags}</div>' if tags else ""


def _labels(tags: list[str]) -> str:
    return "".join(f'<span class="valo-tag">{_text(tag, 60)}</span>' for tag in tags)


def _strip(data: dict[str, Any]) -> str:
    """What went in, through the execution, to what came out."""
    line = summary.lineage(data, limit=5)
    sources = "".join(f"<span>{escape(name)}</span>" for name in line.sources)
    results = "".join(f"<span>{escape(name)}</span>" for name in line.results) or "<span>no files yet</span>"
    if Status(data["status"]).ended and not line.results:
        results = "<span>no files</span>"
    return (
        f'<div class="valo-strip" aria-label="Trace"><span class="valo-side">{sources}</span>'
        f'<span aria-hidden="true">→</span><b>{escape(line.label)}</b><span aria-hidden="true">→</span>'
        f'<span class="valo-side">{results}</span></div>'
    )


def _note(view: View, buttons: bool) -> str:
    counter = view.data["counter"]
    words = view.note
    if not words and not buttons:
        ended = Status(view.data["status"]).ended
        words = f"Run again: %valo rerun {counter}" if ended else f"As of then; live: %valo show {counter}"
    return f'<div class="valo-note">{_text(words, 300)}</div>' if words else ""


def _text(text: str, limit: int = 200) -> str:
    return escape(human.plain(text, limit))
