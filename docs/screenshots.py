"""Takes the pictures of the documentation in a real JupyterLab: `python docs/screenshots.py [name …]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pictures_data  # noqa: F401 - registers its pictures
from pictures import (
    IMAGES,
    PICTURES,
    QUICKSTART,
    ROOT,
    SLOW,
    api,
    command,
    dark,
    open_notebook,
    picture,
    run,
    shot,
    tab,
)
from playwright.sync_api import Browser, Page, expect

from tests.parts.lab import Lab, chromium, jupyter_lab, kernel_ready, open_execution, run_cell


@picture
def empty(page: Page, lab: Lab) -> None:
    """The first look: what to do next."""
    open_notebook(page, lab, QUICKSTART)
    shot(page, "empty")


@picture
def done(page: Page, lab: Lab) -> None:
    """A run that went well, and each tab of its page."""
    open_notebook(page, lab, QUICKSTART)
    mark = run(page)
    shot(page, "notebook")
    open_execution(mark)
    page.wait_for_timeout(1500)
    shot(page, "details")
    for name in ("Metadata", "Outputs"):
        tab(page, name)
        if name == "Outputs":
            page.locator(".valo-Output-name", has_text="training.png").click()
            page.wait_for_timeout(1500)
        shot(page, name.lower())
        if name == "Metadata":
            with dark(page):
                tab(page, "Log")
                tab(page, "Metadata")
                shot(page, "dark")


@picture
def overview(page: Page, lab: Lab) -> None:
    """The notebook with its executions, beside the page of one."""
    open_notebook(page, lab, QUICKSTART)
    run(page).click()
    page.evaluate(
        """() => {
            const { shell } = window.jupyterapp;
            const notebook = [...shell.widgets('main')].find(widget => widget.context);
            shell.add(shell.currentWidget, 'main', { mode: 'split-right', ref: notebook.id });
        }"""
    )
    tab(page, "Metadata")
    shot(page, "overview-light")
    with dark(page):
        tab(page, "Log")
        tab(page, "Metadata")
        shot(page, "overview-dark")


@picture
def form(page: Page, lab: Lab) -> None:
    """Other parameters, tags and environment."""
    open_notebook(page, lab, QUICKSTART)
    page.locator(".valo-Run-options").click()
    page.get_by_role("dialog").get_by_label("epochs").fill("20")
    shot(page, "form")


@picture
def failed(page: Page, lab: Lab) -> None:
    """A run that failed says where and why."""
    cells = ("import pandas as pd", "frame = pd.DataFrame({'a': [1, 2]})\nframe['b'].mean()")
    open_notebook(page, lab, lab.write("failing.ipynb", *cells))
    run(page, "error").click()
    page.wait_for_timeout(1500)
    shot(page, "failed")


@picture
def running(page: Page, lab: Lab) -> None:
    """Runs under way, one in line."""
    open_notebook(page, lab, lab.write("sweep.ipynb", "print('begin')", SLOW, "print('end')"))
    button = page.locator(".valo-Run-button")
    for number in range(3):
        button.click()
        expect(page.locator(".valo-Run-words")).to_have_text("Run remotely")
        expect(page.locator(".jp-NotebookPanel:visible .valo-Mark")).to_have_count(number + 1)
    mark = page.locator('.jp-NotebookPanel:visible .valo-Mark[data-status="started"]').first
    expect(mark).to_be_visible()
    page.wait_for_timeout(3000)
    open_execution(mark)
    tab(page, "Log")
    shot(page, "running")
    with dark(page):
        shot(page, "running-dark")
    for _ in range(3):
        page.locator("#valo-sidebar .valo-Row-stop").first.click()
        page.wait_for_timeout(1500)


@picture
def narrow(page: Page, lab: Lab) -> None:
    """The sidebar at its narrowest."""
    open_notebook(page, lab, QUICKSTART, width=240)
    shot(page, "narrow", page.locator("#valo-sidebar"))


@picture
def notebook_7(page: Page, lab: Lab) -> None:
    page.goto(lab.notebook(QUICKSTART))
    kernel_ready(page)
    run(page).click()
    page.wait_for_timeout(2000)
    shot(page, "notebook-7")


@picture
def magic(page: Page, lab: Lab) -> None:
    """The card below a cell."""
    path = lab.write(
        "from-a-cell.ipynb", "%load_ext valo_jupyter", f"%valo run {QUICKSTART} -p epochs 12 --tag from-a-cell"
    )
    open_notebook(page, lab, path, sidebar=False)
    run_cell(page, 0)
    run_cell(page, 1)
    output = page.locator(".jp-NotebookPanel:visible .jp-OutputArea-output").first
    expect(output).to_contain_text("done in")
    shot(page, "magic", page.locator(".jp-NotebookPanel:visible .jp-Notebook"))


def environments_shown(page: Page) -> None:
    section = page.locator("#valo-sidebar .valo-Section-toggle")
    if section.get_attribute("aria-expanded") == "false":
        section.click()
    expect(page.locator('#valo-sidebar [data-slug="local"]')).to_be_visible()


@picture
def environments(page: Page, lab: Lab) -> None:
    """Environments in the sidebar and on their page, and the page of a busy one."""
    open_notebook(page, lab, lab.write("grid.ipynb", "import time\nfor point in range(9):\n    time.sleep(2)", SLOW))
    gpu = {"hardware": "8 cores, 64 GB, 1 × A100", "per_hour_price_usd": 2.4, "max_scale": 3}
    small = {"hardware": "2 cores, 4 GB", "description": "For quick looks", "max_scale": 10, "per_user_quota": 4}
    for name, settings in (("GPU machines", gpu), ("Small machines", small)):
        api(page, "POST", "environments/", {"engine": "local", "name": name, **settings})
    environments_shown(page)
    for count in (1, 2, 2):
        for _ in range(count):
            command(page, "valo:run-remotely", environment="gpu-machines")
        page.wait_for_timeout(12_000)
    command(page, "valo:run-remotely", environment="small-machines")
    command(page, "valo:open-environments")
    expect(page.locator('.valo-Environments [data-slug="small-machines"] [data-machine="busy"]')).to_have_count(1)
    expect(page.locator('.valo-Environments [data-slug="gpu-machines"]')).to_contain_text("2 waiting")
    shot(page, "environments")
    page.locator('.valo-Environments [data-slug="gpu-machines"] button').click()
    expect(page.locator(".valo-Chart svg, .valo-Chart canvas").first).to_be_visible()
    shot(page, "environment")
    tab(page, "Settings")
    shot(page, "environment-settings")
    for _ in range(6):
        page.locator("#valo-sidebar .valo-Row-stop").first.click()
        page.wait_for_timeout(1500)


@picture
def registries(page: Page, lab: Lab) -> None:
    """Entries for private registries, one of them asked."""
    open_notebook(page, lab, QUICKSTART)
    for match, type, username in (
        ("docker.io/myusername/*", "docker-hub", "myusername"),
        ("myregistry.azurecr.io/*", "azure", "0d1f4f6e-2c5b-4d34-9f6b-8f1f1c1f0a11"),
        ("gcr.io/project/registry:*", "gcp", "_json_key"),
    ):
        password = '{"client_email": "", "private_key": ""}' if type == "gcp" else "not a real one"
        api(page, "POST", "registries/", {"match": match, "type": type, "username": username, "password": password})
    command(page, "valo:open-registries")
    expect(page.locator(".valo-Registries tbody")).to_have_count(3)
    page.get_by_role("button", name="Edit docker.io/myusername/*").click()
    shot(page, "registries")


def take(browser: Browser, lab: Lab, names: list[str]) -> None:
    for name in names:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(60_000)
        try:
            PICTURES[name](page, lab)
            print(name)
        except Exception:
            page.screenshot(path=ROOT / "test-results" / f"picture-{name}.png")
            raise
        finally:
            context.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    (ROOT / "test-results").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, jupyter_lab(Path(folder) / "lab") as lab, chromium() as browser:
        shutil.copy(ROOT / "notebooks" / QUICKSTART, lab.notebooks)
        take(browser, lab, sys.argv[1:] or list(PICTURES))


if __name__ == "__main__":
    main()
