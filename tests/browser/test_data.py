"""Files as a person walks them in Lab: made, found, looked at, named, traced, taken along, used, uploaded."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.axe import THEMES, change_theme, violations
from tests.parts.lab import Lab, kernel_ready

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)

MAKES = """import os, pathlib
folder = pathlib.Path(os.environ['VH_OUTPUTS_DIR'])
(folder / 'train.csv').write_text('city,people\\nOulu,210000\\nTurku,200000\\n')
(folder / 'notes.json').write_text('{"url": "http://127.0.0.1/api/v0/", "score": 0.9}')
"""


def command(page: Page, name: str, **args: Any) -> None:
    page.evaluate("([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, args])


def shown(page: Page) -> Locator:
    return page.locator(".valo-Page:visible")


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> str:
    return lab.write("data.ipynb", MAKES)


@pytest.fixture
def opened(page: Page, lab: Lab, notebook: str) -> Page:
    page.goto(lab.lab(notebook, workspace="auto-data"))
    kernel_ready(page)
    return page


def test_files_are_found_looked_at_named_and_traced(opened: Page):
    page = opened
    page.locator(".valo-Run-button").click()
    mark = page.locator(".jp-NotebookPanel:visible .valo-Mark").first
    expect(mark).to_have_attribute("data-status", "complete")
    page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
    page.get_by_role("button", name="Data", exact=True).click()
    newest = page.get_by_role("list", name="Newest files")
    expect(newest.get_by_role("listitem")).to_have_count(3)  # the executed notebook is one, too
    newest.get_by_role("button", name="train.csv", exact=False).click()

    files = shown(page)
    expect(files.locator(".valo-DatumTable-row[data-id]")).to_have_count(3)
    detail = files.get_by_role("complementary", name="File train.csv")
    expect(detail.get_by_role("cell", name="210000")).to_be_visible()
    detail.get_by_role("textbox", name="Add a tag").fill("cities")
    detail.get_by_role("textbox", name="Add a tag").press("Enter")
    detail.get_by_role("textbox", name="Add an alias").fill("best")
    detail.get_by_role("textbox", name="Add an alias").press("Enter")
    expect(detail.get_by_role("button", name="Remove alias best")).to_be_visible()

    search = files.get_by_role("searchbox", name="Search files")
    search.fill("tag:cities")
    search.press("Enter")
    expect(files.locator(".valo-DatumTable-row[data-id]")).to_have_count(1)
    files.get_by_role("button", name="Show all").click()
    # a row is opened wherever it is clicked
    files.locator(".valo-DatumTable-row", has_text="notes.json").get_by_text("#1").click()
    # what is in a file is the user's: no address in it is made another
    expect(files.locator(".valo-Preview-text")).to_contain_text("http://127.0.0.1/api/v0/")

    with page.expect_download() as download:
        files.get_by_role("complementary").get_by_role("button", name="Download").click()
    assert download.value.path().read_text().startswith('{"url"')

    files.get_by_role("button", name="Trace", exact=True).click()
    trace = shown(page).locator(".valo-TraceGraph")
    expect(trace.locator('[data-type="datum"]', has_text="notes.json")).to_have_attribute("data-of", "true")
    trace.locator('[data-type="datum"]', has_text="notes.json").focus()
    page.keyboard.press("ArrowLeft")
    expect(trace.locator('[data-type="execution"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown(page).locator(".valo-Header-state")).to_have_attribute("data-status", "complete")


def test_a_store_is_refused_with_its_reasons(opened: Page):
    page = opened
    command(page, "valo:open-stores")
    stores = shown(page)
    stores.get_by_role("button", name="Add data store").first.click()
    stores.get_by_role("radio", name="AWS S3", exact=False).check()
    stores.get_by_role("button", name="Add", exact=True).click()
    expect(stores.locator('.valo-Setting[data-key="options.bucket"]').get_by_role("alert")).to_have_text(
        "This is needed."
    )
    stores.locator('.valo-Setting[data-key="name"] input').fill("team")
    stores.locator('.valo-Setting[data-key="options.bucket"] input').fill("no/bucket")
    stores.get_by_role("button", name="Add", exact=True).click()
    expect(stores.locator('.valo-Setting[data-key="options.bucket"]').get_by_role("alert")).to_contain_text("slash")
    # nothing listens there: the store is kept, and its test says what failed
    stores.locator('.valo-Setting[data-key="options.bucket"] input').fill("team")
    stores.locator('.valo-Setting[data-key="options.endpoint_url"] input').fill("http://127.0.0.1:9")
    stores.locator('.valo-Setting[data-key="credentials.secret_access_key"] input').fill("not a real one")
    stores.locator('.valo-Setting[data-key="credentials.access_key_id"] input').fill("nobody")
    stores.get_by_role("button", name="Add", exact=True).click()
    expect(stores.locator('[data-store="team"]')).to_contain_text("s3://team/")
    expect(stores.locator(".valo-Trial")).to_have_attribute("data-trial", "failed", timeout=90_000)
    stores.get_by_role("button", name="Delete team").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete team").click()
    expect(stores.locator('[data-store="team"]')).to_have_count(0)


def test_a_file_is_picked_for_an_input(page: Page, lab: Lab):
    page.goto(lab.lab(lab.write("reads.ipynb", ("inputs", "data = 'train.csv'"), "data"), workspace="auto-reads"))
    kernel_ready(page)
    page.locator(".jp-NotebookPanel:visible .valo-Run-options").click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Pick files for data").click()
    form.get_by_role("searchbox", name="Search files").fill("train")
    form.get_by_role("list").get_by_role("button", name="train.csv", exact=False).click()
    expect(form.get_by_role("textbox", name="data", exact=True)).to_have_value(re.compile("datum://"))


#: files that a hand drops: what is above the place, and what it lets go, are the same
DROP = """([name, size]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(size).fill(65)], name, { lastModified: 1_700_000_000_000 }));
    for (const type of ['dragover', 'drop']) {
        document.querySelector('.valo-Files').dispatchEvent(
            new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })
        );
    }
}"""


def kept(request: Request) -> bool:
    """Whether Lab saves with it, beside all else, what is being uploaded."""
    return "api/workspaces" in request.url and '"valo-jupyter:uploads":[{"id":' in (request.post_data or "")


def test_an_upload_goes_on_after_a_reload(opened: Page, lab: Lab):
    page = opened
    size = 20_000_000
    command(page, "valo:open-data")
    files = shown(page)
    expect(files.get_by_role("button", name="Upload…")).to_be_enabled()
    sent: list[str] = []

    def cut(route: Route) -> None:
        if route.request.method == "PUT":
            sent.append(route.request.headers["content-range"])
        # behind the first part nothing comes through
        route.abort() if len(sent) > 1 else route.continue_()

    parts = re.compile("/uploads/[^/]+/")
    page.route(parts, cut)
    with page.expect_response(lambda response: kept(response.request)):
        page.evaluate(DROP, ["big.bin", size])
    expect(files.get_by_role("progressbar", name="Upload of big.bin")).to_have_js_property("value", 8_388_608 / size)
    page.unroute(parts, cut)
    page.goto(f"{lab.url}/lab/workspaces/auto-data")
    page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('valo:open-data')")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    command(page, "valo:open-data")
    files = shown(page)
    expect(files.locator(".valo-Upload")).to_have_attribute("data-upload", "lost")
    with page.expect_request(lambda request: request.method == "PUT" and bool(parts.search(request.url))) as first:
        page.evaluate(DROP, ["big.bin", size])
    assert first.value.headers["content-range"].startswith("bytes 8388608-")
    expect(files.locator(".valo-Upload")).to_have_attribute("data-upload", "done")
    expect(files.locator(".valo-DatumTable-row", has_text="big.bin")).to_contain_text("20 MB")


#: what stands on a page that is there
LOOKED = {
    "data": ".valo-Datum",
    "adopt": ".valo-Panel",
    "trace": ".valo-TraceGraph",
    "datasets": ".valo-Message-title",
    "stores": '[data-store="built-in"]',
    "store": ".valo-Settings",
}


def test_the_pages_of_data_are_for_all(opened: Page, tmp_path: Path):
    page = opened
    (tmp_path / "broken.png").write_bytes(b"no image")
    command(page, "valo:open-data")
    with page.expect_file_chooser() as chooser:
        shown(page).get_by_role("button", name="Upload…").click()
    chooser.value.set_files(tmp_path / "broken.png")
    shown(page).locator(".valo-DatumTable-row", has_text="broken.png").click()
    expect(shown(page).get_by_role("alert")).to_contain_text("no image that this browser shows")

    pages = {
        "data": lambda: None,
        "adopt": lambda: shown(page).get_by_role("button", name="Adopt…").click(),
        "trace": lambda: shown(page).get_by_role("button", name="Trace", exact=True).click(),
        "datasets": lambda: command(page, "valo:open-datasets"),
        "stores": lambda: command(page, "valo:open-stores"),
        "store": lambda: shown(page).get_by_role("button", name="Add data store").first.click(),
    }
    found = {}
    for name, go in pages.items():
        go()
        expect(shown(page).locator(LOOKED[name])).to_be_visible()
        for theme in THEMES:
            change_theme(page, theme)
            found[name, theme] = violations(page, ".valo-Page:not(.lm-mod-hidden *)")
    assert not any(found.values()), found
