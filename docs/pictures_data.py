"""Pictures of files, data stores, datasets and traces."""

from __future__ import annotations

from typing import Any

from pictures import QUICKSTART, api, command, dark, open_notebook, picture, run, shot
from playwright.sync_api import Locator, Page, expect

from tests.parts.lab import Lab, kernel_ready
from tests.parts.seaweedfs import seaweedfs

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
