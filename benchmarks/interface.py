"""The interface in a real JupyterLab and Chromium: its start, its list, its button, its size, its log."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from benchmarks.listing import _fill
from benchmarks.table import Row, medians
from tests.parts.lab import EXTENSION, Lab, chromium, jupyter_lab, kernel_ready
from valo_jupyter.db.tables import executions
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.services import Services

FEW, MANY = 50, 10_000
SHORT, LONG = 1_000, 1_000_000
#: what a browser calls a long task, ms
TASK = 50
LIMIT_KB = 350

#: Scrolls by the wheel's steps: what a step takes, the longest task, how many rows there are.
_SCROLL = """async () => {
    const scroller = document.querySelector('#valo-sidebar .valo-Rows');
    const all = scroller.firstElementChild;
    const frame = () => new Promise(requestAnimationFrame);
    const tasks = [];
    const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(({ duration }) => duration)));
    // everything is loaded before it is measured how it scrolls
    while (document.querySelector('#valo-sidebar .valo-Row-missing') || scroller.scrollTop < 1) {
        scroller.scrollTop = all.offsetHeight;
        await frame();
        if (all.offsetHeight <= scroller.clientHeight) { break; }
    }
    scroller.scrollTop = 0;
    await frame();
    observer.observe({ type: 'longtask' });
    const times = [];
    let rows = 0;
    let by = 120;
    for (let step = 0; step < 300; step++) {
        const before = performance.now();
        const top = scroller.scrollTop;
        scroller.scrollTop += by;
        // a short list is walked to and fro
        if (scroller.scrollTop === top) { by = -by; scroller.scrollTop += by; }
        await frame();
        times.push(performance.now() - before);
        rows = Math.max(rows, document.querySelectorAll('#valo-sidebar .valo-Row').length);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
    observer.disconnect();
    times.sort((a, b) => a - b);
    return { step: times[times.length >> 1], longest: Math.max(0, ...tasks), rows };
}"""

#: From the click to the mark with the server's number.
_CLICK = """() => new Promise(resolve => {
    const panel = window.jupyterapp.shell.currentWidget.node;
    const marks = () => [...panel.querySelectorAll('.valo-Mark[data-counter]')];
    const numbers = () => marks().map(({ dataset }) => +dataset.counter);
    const before = Math.max(0, ...numbers());
    const start = performance.now();
    const observer = new MutationObserver(() => {
        if (Math.max(0, ...numbers()) > before) {
            observer.disconnect();
            resolve(performance.now() - start);
        }
    });
    observer.observe(panel, { subtree: true, childList: true, attributes: true });
    panel.querySelector('.valo-Run-button').click();
})"""

#: What cannot be done without: Lab saves, and one request takes the snapshot and submits.
_BARE = """async () => {
    const { context } = window.jupyterapp.shell.currentWidget;
    const token = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
    const start = performance.now();
    await context.save();
    const answer = await fetch('/valo/run', {
        method: 'POST', body: JSON.stringify({ path: context.path }), headers: { 'X-XSRFToken': token }
    });
    await answer.json();
    return performance.now() - start;
}"""

#: From the command to the last line of the log on the screen.
_LOG = """async id => {
    const start = performance.now();
    await window.jupyterapp.commands.execute('valo:open-execution', { id, tab: 'log' });
    const node = document.getElementById(`valo-execution-${id}`);
    while (!node.querySelector('[role=log]')?.textContent.includes('the last line')) {
        await new Promise(requestAnimationFrame);
    }
    const taken = performance.now() - start;
    for (const widget of window.jupyterapp.shell.widgets('main')) {
        if (widget.id === node.id) { widget.close(); }
    }
    await new Promise(resolve => setTimeout(resolve, 300));
    return taken;
}"""


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, jupyter_lab(Path(folder)) as lab, chromium() as browser:
        projects, logs = _seed(Path(folder) / "valo")
        lab.write("bench.ipynb", "print('hello')")
        found = [_size(), _start(lab, browser, Path(folder))]
        with _page(browser) as page:
            page.goto(lab.lab("bench.ipynb", workspace="bench"))
            kernel_ready(page)
            found.append(_click(page))
            found.extend(_scroll(page, *projects))
            found.append(_log(page, *logs))
        return found


def _seed(home: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two projects with few and many executions, two executions with a short and a long log."""
    services = Services.open(StateFolder(home))
    user = services.accounts.ensure("bench")
    few, many = _fill(services, user, FEW), _fill(services, user, MANY)
    logs = []
    with services.database.read() as connection:
        query = sa.select(executions.c.id).where(executions.c.project_id == few, executions.c.status == "complete")
        ids = list(connection.execute(query.limit(2)).scalars())
    for execution, lines in zip(ids, (SHORT, LONG), strict=True):
        with open(services.state.events / f"{execution}.jsonl", "w", encoding="utf-8") as stream:
            for first in range(1, lines + 1, SHORT):
                text = [f"line {number} of the log, as long as lines are" for number in range(first, first + SHORT)]
                if first + SHORT > lines:
                    text[-1] = "the last line"
                event = {"seq": first, "n": SHORT, "t": "2026-01-01T10:00:00.000000", "a": 1, "w": first, "k": "log"}
                stream.write(json.dumps({**event, "s": "stdout", "text": "\n".join(text)}) + "\n")
        logs.append(execution)
    services.close()
    return (few, many), (logs[0], logs[1])


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    yield page
    context.close()


def _size() -> Row:
    files = [path for path in (EXTENSION / "static").rglob("*") if path.suffix in (".js", ".css")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in files) / 1000
    return Row("the extension, gzip", f"its limit, {LIMIT_KB} KB", size, LIMIT_KB, 1, 0.5, "KB")


def _start(lab: Lab, browser: Browser, folder: Path) -> Row:
    """Until Lab says that everything is restored, each time in a browser that knows nothing yet."""
    config = folder / "config/labconfig/page_config.json"
    own = json.loads(config.read_text())

    def started(disabled: dict[str, bool]) -> Callable[[], float]:
        def measure() -> float:
            config.write_text(json.dumps({"disabledExtensions": {**own["disabledExtensions"], **disabled}}))
            with _page(browser) as page:
                page.goto(lab.lab("bench.ipynb", workspace="start"))
                page.wait_for_function("() => window.jupyterapp?.shell.currentWidget")
                return page.evaluate("() => window.jupyterapp.restored.then(() => performance.now())")

        return measure

    ours, peers = medians(started({}), started({"valo-jupyter": True}), runs=5)
    config.write_text(json.dumps(own))
    return Row("JupyterLab's start with the extension", "without it", ours, peers, 1.1, 1.02, "ms")


def _click(page: Page) -> Row:
    def bare() -> float:
        taken = page.evaluate(_BARE)
        page.wait_for_timeout(1500)
        return taken

    def click() -> float:
        taken = page.evaluate(_CLICK)
        page.wait_for_timeout(1500)
        return taken

    ours, peers = medians(click, bare, runs=9)
    return Row("click → mark with its number", "save, snapshot and one POST", ours, peers, 1.5, 1.1, "ms")


def _scroll(page: Page, few: str, many: str) -> list[Row]:
    page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
    seen: dict[str, list[dict[str, float]]] = {few: [], many: []}

    def scrolled(project: str, count: int) -> Callable[[], float]:
        def measure() -> float:
            page.locator("#valo-sidebar select.valo-Project").select_option(project)
            page.wait_for_function(
                "count => document.querySelector('#valo-sidebar .valo-Mark')?.dataset.counter === String(count)",
                arg=count,
            )
            found = page.evaluate(_SCROLL)
            seen[project].append(found)
            return found["step"]

        return measure

    ours, peers = medians(scrolled(many, MANY), scrolled(few, FEW), runs=3)
    most = {project: max(found["rows"] for found in each) for project, each in seen.items()}
    longest = max(found["longest"] for found in seen[many])
    return [
        Row(f"a step of scrolling {MANY:,} executions", f"{FEW} executions", ours, peers, 1.2, 1, "ms"),
        Row(f"rows in the page among {MANY:,}", f"among {FEW}", most[many], most[few], 1.05, 1, "rows"),
        Row(f"longest task while {MANY:,} scroll", f"a long task, {TASK} ms", longest, TASK, 1, 0.5, "ms"),
    ]


def _log(page: Page, short: str, long: str) -> Row:
    ours, peers = medians(
        lambda: page.evaluate(_LOG, long),
        lambda: page.evaluate(_LOG, short),
        runs=5,
    )
    return Row(f"opening a log of {LONG:,} lines", f"of {SHORT:,}", ours, peers, 2, 1.1, "ms")
