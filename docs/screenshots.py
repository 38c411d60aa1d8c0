"""Takes the pictures of the documentation in a real JupyterLab: `python docs/screenshots.py [name …]`."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.parts.lab import Lab, chromium, jupyter_lab, kernel_ready, open_execution, run_cell  # noqa: E402
from tests.parts.seaweedfs import seaweedfs  # noqa: E402

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


TOWNS = "town,people\n" + "".join(f"Town {number},{number * 1200}\n" for number in range(1, 400))
READS = """import csv, json, os, pathlib
[path] = (pathlib.Path(os.environ['VH_INPUTS_DIR']) / 'towns').iterdir()
rows = list(csv.DictReader(path.open()))
outputs = pathlib.Path(os.environ['VH_OUTPUTS_DIR'])
(outputs / 'largest.json').write_text(json.dumps(rows[-5:], indent=1))
(outputs / 'summary.txt').write_text(f'{len(rows)} towns')
"""


def put(page: Page, **files: str) -> None:
    """Upload texts by the button of the page of files; `a__b` is named `a.b`."""
    payloads: list[Any] = [
        {"name": name.replace("__", "."), "mimeType": "text/plain", "buffer": text.encode()}
        for name, text in files.items()
    ]
    with page.expect_file_chooser() as chooser:
        shown(page).get_by_role("button", name="Upload…").click()
    chooser.value.set_files(payloads)
    expect(shown(page).get_by_role("progressbar")).to_have_count(0)
    shown(page).get_by_role("button", name="off the list").click()


def shown(page: Page) -> Locator:
    return page.locator(".valo-Page:visible")


def datum(page: Page, name: str) -> dict[str, Any]:
    project = api(page, "GET", "projects/")["results"][0]["id"]
    return next(row for row in api(page, "GET", f"data/?project={project}")["results"] if row["name"] == name)


@picture
def data(page: Page, lab: Lab) -> None:
    """Files, one of them open, where it comes from, a dataset, and the picker of the form."""
    open_notebook(page, lab, QUICKSTART)
    run(page)
    command(page, "valo:open-data")
    put(page, towns__csv=TOWNS, letters__txt="a b c\n", labels__json='{"0": "zero", "1": "one"}\n')
    for name, changes in (
        ("towns.csv", {"tags": ["raw", "2026"], "aliases": ["towns"]}),
        ("labels.json", {"tags": ["raw"]}),
        ("model.npz", {"aliases": ["best-model"]}),
    ):
        api(page, "PATCH", f"data/{datum(page, name)['id']}/", changes)
    reads = lab.write("towns.ipynb", ("inputs", "towns = 'datum://towns'"), READS)
    command(page, "docmanager:open", path=reads)
    kernel_ready(page)
    run(page)
    command(page, "valo:open-data")
    shown(page).get_by_role("searchbox").fill("tag:raw")
    shown(page).get_by_role("searchbox").press("Enter")
    expect(shown(page).locator(".valo-DatumTable-row[data-id]")).to_have_count(2)
    shown(page).get_by_role("checkbox", name="Choose all that are shown").check()
    shown(page).get_by_role("button", name="Make a dataset…").click()
    shown(page).get_by_role("combobox", name="Dataset").fill("towns")
    shown(page).get_by_role("button", name="Create version").click()
    shown(page).locator("[data-dataset=towns]").get_by_role("button", name="v1", exact=True).click()
    shot(page, "dataset")

    command(page, "valo:open-data")
    shown(page).get_by_role("button", name="Show all").click()
    rows = shown(page).locator(".valo-DatumTable-row[data-id]")
    expect(rows.filter(has_text="largest.json")).to_be_visible()
    rows.filter(has_text="towns.csv").click()
    expect(shown(page).get_by_role("cell", name="1200", exact=True)).to_be_visible()
    shot(page, "data")
    rows.filter(has_text="training.png").click()
    with dark(page):
        shot(page, "data-dark")
    rows.filter(has_text="towns.csv").click()
    shown(page).get_by_role("button", name="Trace", exact=True).click()
    expect(shown(page).locator(".valo-TraceGraph")).to_be_visible()
    shot(page, "trace")
    with dark(page):
        shot(page, "trace-dark")

    command(page, "docmanager:open", path=reads)
    page.locator(".jp-NotebookPanel:visible .valo-Run-options").click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Pick files for towns").click()
    form.get_by_role("searchbox", name="Search files").fill("tag:raw")
    form.get_by_role("searchbox", name="Search files").press("Enter")
    expect(form.locator(".valo-Picker-list > *")).to_have_count(2)
    shot(page, "input-picker")


@picture
def stores(page: Page, lab: Lab) -> None:
    """Data stores: one that may be written to, and one of which a test says what it lacks."""
    open_notebook(page, lab, QUICKSTART)
    run(page)
    project = api(page, "GET", "projects/")["results"][0]["id"]
    with seaweedfs() as weed:
        for name, keys, default in (("team-data", weed.keys, True), ("open-data", weed.reader, False)):
            weed.client().create_bucket(Bucket=name)
            body = {"project": project, "name": name, **weed.config(name, keys=keys), "default": default}
            api(page, "POST", "stores/", body)
        command(page, "valo:open-stores")
        shown(page).get_by_role("button", name="Test open-data").click()
        expect(shown(page).locator(".valo-Trial")).to_have_attribute("data-trial", "failed")
        shot(page, "stores")
        with dark(page):
            shown(page).get_by_role("button", name="Add data store").first.click()
            shot(page, "store-form")


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
