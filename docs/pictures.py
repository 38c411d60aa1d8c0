"""What all pictures of the documentation are taken with: a register of them, and ways through the real interface."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.parts.lab import Lab, kernel_ready  # noqa: E402

IMAGES = Path(__file__).parent / "images"
QUICKSTART = "quickstart.ipynb"
SLOW = "import time\nfor step in range(400):\n    print('step', step, flush=True)\n    time.sleep(0.5)"
PICTURES: dict[str, Callable[[Page, Lab], None]] = {}

expect.set_options(timeout=180_000)


def picture(take: Callable[[Page, Lab], None]) -> Callable[[Page, Lab], None]:
    PICTURES[take.__name__.replace("_", "-")] = take
    return take


def shot(page: Page, name: str, of: Locator | None = None) -> None:
    # what fades out, and the blinking cursor, are not part of a picture
    page.add_style_tag(content=".Toastify, .cm-cursorLayer { display: none !important; }")
    page.wait_for_timeout(600)
    taken = (of or page).screenshot(animations="disabled")
    # an interface has few colours: a palette makes the file a third as large
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(255, dither=Image.Dither.NONE).save(
        IMAGES / f"{name}.png", optimize=True
    )


def open_notebook(page: Page, lab: Lab, path: str, *, sidebar: bool = True, width: int = 0) -> None:
    page.goto(lab.lab(path, workspace="pictures"))
    kernel_ready(page)
    page.wait_for_timeout(1500)  # Lab brings the notebook to the front once more when all is restored
    if sidebar:
        page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
        expect(page.locator(".valo-Connection")).to_have_attribute("data-state", "running")
        if width:
            handle = page.locator(".lm-SplitPanel-handle:visible").first.bounding_box()
            assert handle is not None
            page.mouse.move(handle["x"] + 2, 400)
            page.mouse.down()
            page.mouse.move(width + 40, 400)
            page.mouse.up()


def run(page: Page, status: str = "complete") -> Locator:
    page.locator(".jp-NotebookPanel:visible .valo-Run-button").click()
    mark = page.locator(".jp-NotebookPanel:visible .valo-Mark").first
    expect(mark).to_have_attribute("data-status", "started")
    expect(mark).to_have_attribute("data-status", status)
    return mark


@contextlib.contextmanager
def dark(page: Page) -> Iterator[None]:
    """The choice of a theme outlives the page, so it is taken back."""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        page.wait_for_timeout(1500)
        if theme == "JupyterLab Dark":
            yield


def tab(page: Page, name: str) -> None:
    page.locator(".valo-Page:visible").get_by_role("tab", name=name).click()
    page.wait_for_timeout(1500)


def api(page: Page, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the server through the extension, as the interface does."""
    return page.evaluate(
        """async ([method, path, body]) => {
            const { baseUrl, token } = window.jupyterapp.serviceManager.serverSettings;
            const answer = await fetch(`${baseUrl}valo/api/v0/${path}`, {
                method,
                headers: { Authorization: `token ${token}` },
                body: body && JSON.stringify(body)
            });
            return answer.status === 204 ? null : await answer.json();
        }""",
        [method, path, body],
    )


def command(page: Page, name: str, **args: Any) -> None:
    page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => {})", [name, args])
