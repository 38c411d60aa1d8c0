"""One JupyterLab and one Chromium for all browser tests, a fresh context for each.

They end with their module: Playwright keeps an event loop running, beside which no other test could have its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.parts.lab import Lab, chromium, jupyter_lab, offline

RESULTS = Path(__file__).parents[2] / "test-results"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with jupyter_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def page(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that reaches this machine only; a picture of it is kept when the test fails."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    foreign = offline(context)
    context.tracing.start(screenshots=False, snapshots=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    # Notebook 7 raises some of its own while it starts
    page.on("pageerror", lambda error: errors.append(str(error)) if "valo-jupyter" in (error.stack or "") else None)
    yield page
    if request.node.stash.get(FAILED, True):
        RESULTS.mkdir(exist_ok=True)
        page.screenshot(path=RESULTS / f"{request.node.name}.png")
        context.tracing.stop(path=RESULTS / f"{request.node.name}.zip")
    context.close()
    assert not foreign, f"the interface asked for {foreign}"
    assert not errors, f"the page raised {errors}"
