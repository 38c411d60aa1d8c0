"""`%valo`: what is understood, what is completed, and cards that cannot be tricked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from valo_jupyter.kernel import card, complete, load
from valo_jupyter.kernel.magics import Commands
from valo_jupyter.kernel.shown import Table
from valo_jupyter.kernel.view import LOG_LINES, POINTS, Gathered, View, shown_line

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J'


def execution(**changes: Any) -> dict[str, Any]:
    """An execution as the API shows it."""
    return {
        "id": "e", "counter": 12, "status": "started", "status_detail": "cell 4 of 20", "queue_position": None,
        "title": "train", "step": "train", "commit": {"identifier": "~abcdef0123456789", "adhoc": True},
        "project": {"id": "p", "name": "digits"}, "environment": {"id": "x", "name": "local", "slug": "local"},
        "duration": 72.0, "notebook": {"path": "nb/train.ipynb"}, "error": None, "parameters": {}, "inputs": [],
        "progress": {"cell": 5, "code": 4, "of": 20, "fraction": 0.15}, "tags": [], "git": None, "left_out": [],
        "machine": None, "capture": None, "outputs": [], "cumulative_metadata": {}, **changes,
    }  # fmt: skip


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    # no history: it would be written at the very end of all tests, into a home that is gone by then
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


def test_loading_imports_nothing_of_ours_but_the_magic() -> None:
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance(); "
        "before = set(sys.modules); shell.run_line_magic('load_ext', 'valo_jupyter'); print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("IPython.")}
    assert loaded == {"valo_jupyter", "valo_jupyter.kernel"}


def test_help_lists_every_command(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    load(shell)
    shell.run_line_magic("valo", "")
    printed = capsys.readouterr().out
    for name in ("run", "list", "show N", "logs N", "outputs N", "metadata N", "stop N", "tag N", "wait N"):
        assert f"%valo {name}" in printed


@pytest.mark.parametrize("line", ["fly", "show", "run -p", "run 'unclosed", "list --limit many"])
def test_mistakes_are_told_without_ending_the_kernel(line: str) -> None:
    with pytest.raises(UsageError, match="%valo"):
        Commands().run(line)


def test_options_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert Commands().run("run -h") is None
    assert "--notebook-only" in capsys.readouterr().out


def test_a_kernel_without_jupyter_asks_for_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALO_URL", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"%valo run notebook\.ipynb"):
        Commands().run("run")


def test_a_notebook_that_sends_itself_off_runs_through(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VH_JOB_ID", "job")
    assert Commands().run("run") is None
    assert "inside an execution" in capsys.readouterr().out


def test_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "lr = 0.1\nlayers = 2", "outputs": []}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "train.ipynb").write_text(json.dumps(notebook))
    monkeypatch.chdir(tmp_path)
    assert complete.candidates("%valo s", None) == ["show", "stop", "stores"]
    assert complete.candidates("%valo run tr", None) == ["train.ipynb"]
    assert complete.candidates("%valo run train.ipynb -p l", None) == ["lr=", "layers="]
    assert "--title" in complete.candidates("%%valo --t", None)
    assert "--notebook-only" in complete.candidates("%valo run --", None)
    assert complete.candidates("%valo show ", None) == []


def test_nothing_from_outside_becomes_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    data = execution(
        title=EVIL, status="error", status_detail=EVIL, tags=[EVIL], notebook={"path": EVIL},
        error={"ename": EVIL, "evalue": EVIL}, cumulative_metadata={EVIL: EVIL, "loss": 1.0},
        inputs=[{"name": "i", "urls": [EVIL], "files": [{"name": EVIL, "uri": EVIL, "size": 1}]}],
        outputs=[{"id": "o", "name": EVIL, "size": 1, "uri": EVIL, "purged": False},
                 {"id": "o", "name": f"{EVIL}.png", "size": 1, "uri": EVIL, "purged": False}],
    )  # fmt: skip
    monkeypatch.setenv("VALO_JUPYTER_URL", "http://127.0.0.1:8888/")
    view = View(data, log=(EVIL,), series={EVIL: (1.0, 2.0)}, note=EVIL)
    html = card.card(view, buttons=True)
    elements = Elements(html).found
    assert {tag for tag, _ in elements} <= {
        "div", "span", "button", "pre", "b", "small", "svg", "title", "polyline", "input", "img"
    }  # fmt: skip
    assert [attributes["src"] for tag, attributes in elements if tag == "img"] == ["/valo/api/v0/data/o/content/"]
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    # a tag that is removed is named as it is
    assert "\x1b" not in html.replace(f'data-valo-value="{escape(EVIL)}"', "")


def test_buttons_are_there_while_they_are_of_use() -> None:
    def buttons(status: str) -> list[str | None]:
        html = card.card(View(execution(status=status)), buttons=True)
        return [attributes["data-valo-action"] for tag, attributes in Elements(html).found if tag == "button"]

    assert buttons("started") == ["stop", "rerun"]
    assert buttons("stopping") == ["rerun"]
    assert buttons("complete") == ["rerun"]
    assert "<button" not in card.page(View(execution()))


def test_a_card_says_state_progress_course_and_trace() -> None:
    data = execution(
        outputs=[{"id": "o", "name": "model.npz", "size": 2048, "uri": "valo://1", "purged": False}],
        cumulative_metadata={"loss": 0.25, "note": "ok"},
    )
    html = card.card(View(data, log=("epoch 3",), series={"loss": (1.0, 0.5, 0.25)}), buttons=True)
    for expected in ("#12", "cell 4 of 20 · 1 m 12 s", 'aria-valuenow="15"', "epoch 3", "0.25", "model.npz", "2.0 kB"):
        assert expected in html
    assert "from 1 to 0.25, 3 points" in html
    assert "nb/train.ipynb ~abcdef0" in html


def test_links_lead_into_lab_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = execution(
        inputs=[{"name": "i", "urls": [], "files": [{"name": "train.csv", "uri": "u", "size": 1, "id": "d1"}]}],
        outputs=[{"id": "o1", "name": "model.npz", "size": 2048, "uri": "valo://1", "purged": False}],
    )

    def links(html: str) -> list[str | None]:
        return [found["data-valo-open"] for _, found in Elements(html).found if "data-valo-open" in found]

    assert links(card.page(View(data))) == []
    monkeypatch.setenv("VALO_JUPYTER_URL", "http://127.0.0.1:8888/user/ana/")
    assert links(card.page(View(data))) == [
        "execution:e", "datum:o1", "datum:d1", "execution:e:details", "execution:e:trace", "datum:o1"
    ]  # fmt: skip


def test_tags_can_be_edited_while_the_card_is_live() -> None:
    data = execution(tags=["a<b"])
    live, left = Elements(card.card(View(data), buttons=True)).found, Elements(card.page(View(data))).found
    acted = [
        (found["data-valo-action"], found.get("data-valo-value")) for _, found in live if "data-valo-action" in found
    ]
    assert acted[-2:] == [("untag", "a<b"), ("tag", None)]
    assert {tag for tag, _ in left} <= {"style", "div", "span", "b"}


def test_memory_is_bounded_whatever_is_printed() -> None:
    gathered = Gathered()
    many = "\n".join(f"line {number}" for number in range(50_000))
    gathered.take([{"k": "log", "s": "stdout", "text": many, "n": 50_000}])
    gathered.take({"k": "metadata", "values": {"loss": number, "epoch": number}} for number in range(5_000))
    gathered.take({"k": "metadata", "values": {f"metric{number}": 1}} for number in range(100))
    assert gathered.log[-1] == "line 49999"
    assert len(gathered.log) == LOG_LINES
    assert len(gathered.series["loss"]) == POINTS
    assert len(gathered.series) <= 4
    assert "epoch" not in gathered.series


def test_another_attempt_begins_anew() -> None:
    gathered = Gathered()
    gathered.take([{"k": "log", "s": "stdout", "text": "a"}, {"k": "metadata", "values": {"loss": 1}}])
    gathered.take([{"k": "status", "status": "queued", "reason": "machine lost"}])
    assert (gathered.log, gathered.series) == ((), {})


def test_a_progress_bar_in_the_log_is_shown_as_it_ended() -> None:
    assert shown_line("10 %\r50 %\r\x1b[32m100 %\x1b[0m") == "100 %"
    assert shown_line("windows\r") == "windows"
    assert len(shown_line("x" * 100_000)) < 400


def test_tables_are_escaped_and_plain() -> None:
    table = Table(["name"], [[EVIL]], "none")
    assert {tag for tag, _ in Elements(table._repr_html_()).found} == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "\x1b" not in repr(table)
    assert repr(Table(["name"], [], "No files.")) == "No files."
