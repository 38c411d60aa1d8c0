"""The whole line as a person walks it: open a notebook, press Run remotely, watch it, look at what came of it."""

import pytest
from playwright.sync_api import Page, expect

from tests.parts.lab import Lab, kernel_ready, open_execution, run_cell

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)

PARAMETERS = ("parameters", "lr = 0.1\nepochs = 12")
TRAIN = (
    "import json, time\nfor epoch in range(epochs):\n    time.sleep(0.25)\n"
    "    print(json.dumps({'epoch': epoch, 'accuracy': round(1 - lr / (epoch + 1), 4)}))"
)
OUTPUT = (
    "import os, pathlib\nfolder = pathlib.Path(os.environ['VH_OUTPUTS_DIR'])\n"
    "(folder / 'model.txt').write_text('weights of the model')\n"
    "(folder / 'report.html').write_text('<script>top.document.body.dataset.taken = \"yes\"</script>a report')"
)


def open_in_lab(page: Page, lab: Lab, path: str) -> None:
    page.goto(lab.lab(path, workspace=f"auto-{path.split('.')[0].replace('/', '-')}"))
    kernel_ready(page)


def run_remotely(page: Page) -> None:
    page.locator(".valo-Run-button").click()


def newest_mark(page: Page):
    return page.locator(".jp-NotebookPanel:visible .valo-Mark").first


def test_the_whole_line_in_lab(page: Page, lab: Lab):
    open_in_lab(page, lab, lab.write("line.ipynb", PARAMETERS, TRAIN, OUTPUT))
    run_remotely(page)

    mark = newest_mark(page)
    expect(mark).to_be_visible()
    expect(mark).to_have_attribute("data-status", "started")
    open_execution(mark)
    detail = page.locator(".valo-Page:visible")
    expect(detail).to_contain_text("cell 2 of 3")
    expect(detail.locator(".valo-Header-state")).to_have_attribute("data-status", "complete")

    detail.get_by_role("tab", name="Metadata").click()
    expect(detail.locator(".valo-Metadata")).to_contain_text("accuracy")
    expect(detail.locator(".valo-Metadata")).to_contain_text("0.9917")
    expect(detail.locator(".valo-Metadata-chart svg, .valo-Metadata-chart canvas").first).to_be_visible()

    detail.get_by_role("tab", name="Log").click()
    expect(detail.locator("[role=log]")).to_contain_text('"epoch": 11')

    detail.get_by_role("tab", name="Notebook").click()
    expect(detail.locator(".valo-ExecutedNotebook")).to_contain_text('"epoch": 0')

    detail.get_by_role("tab", name="Outputs").click()
    detail.get_by_role("button", name="model.txt", exact=False).first.click()
    expect(detail.locator(".valo-Output-preview")).to_contain_text("weights of the model")
    detail.get_by_role("button", name="report.html", exact=False).first.click()
    expect(page.locator("body")).not_to_have_attribute("data-taken", "yes")
    with page.expect_download() as download:
        detail.get_by_role("button", name="Download model.txt").click()
    assert download.value.path().read_text() == "weights of the model"

    detail.get_by_role("tab", name="Trace").click()
    expect(detail.locator(".valo-TraceView")).to_contain_text("model.txt")


def test_the_page_is_there_again_after_a_reload(page: Page, lab: Lab):
    open_in_lab(page, lab, lab.write("reload.ipynb", "print('hello')"))
    run_remotely(page)
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "complete")
    open_execution(mark)
    expect(page.locator(".valo-Page:visible")).to_contain_text("reload")
    page.wait_for_timeout(1500)  # Lab saves its layout with a delay of its own
    page.goto(page.url.split("?")[0])
    expect(page.locator(".valo-Page:visible")).to_contain_text("reload")


def test_a_cell_that_fails_is_named(page: Page, lab: Lab):
    open_in_lab(page, lab, lab.write("fails.ipynb", "print('fine')", "raise ValueError('the data are bad')", "1"))
    run_remotely(page)
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "error")
    open_execution(mark)
    detail = page.locator(".valo-Page:visible")
    expect(detail.locator(".valo-Header-state")).to_have_text("failed in cell 2: ValueError")
    expect(detail).to_contain_text("the data are bad")


def test_stop_from_the_sidebar(page: Page, lab: Lab):
    open_in_lab(page, lab, lab.write("long.ipynb", "import time\nprint('begun', flush=True)\ntime.sleep(600)"))
    run_remotely(page)
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "started")
    page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
    page.locator("#valo-sidebar .valo-Row-stop").first.click()
    expect(mark).to_have_attribute("data-status", "stopped")
    expect(page.locator("#valo-sidebar .valo-Row").first).to_have_attribute("data-status", "stopped")


def test_another_parameter_from_the_form(page: Page, lab: Lab):
    open_in_lab(page, lab, lab.write("form.ipynb", PARAMETERS, "print('rate', lr, epochs)"))
    page.locator(".valo-Run-options").click()
    form = page.get_by_role("dialog")
    form.get_by_label("lr").fill("0.25")
    form.get_by_role("button", name="Run", exact=False).last.click()
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "complete")
    open_execution(mark)
    page.locator(".valo-Page:visible").get_by_role("tab", name="Log").click()
    expect(page.locator(".valo-Page:visible [role=log]")).to_contain_text("rate 0.25 12")


def test_notebook_7(page: Page, lab: Lab):
    page.goto(lab.notebook(lab.write("seven.ipynb", PARAMETERS, TRAIN.replace("0.25", "0.1"), OUTPUT)))
    kernel_ready(page)
    run_remotely(page)
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "started")
    expect(mark).to_have_attribute("data-status", "complete")
    open_execution(mark)
    detail = page.locator(".valo-Page:visible")
    expect(detail).to_contain_text("done in")
    detail.get_by_role("tab", name="Outputs").click()
    expect(detail.locator(".valo-Outputs")).to_contain_text("model.txt")


def test_a_kernel_knows_its_notebook(page: Page, lab: Lab):
    # the cell runs remotely, too, and must not submit itself for ever
    guarded = "if 'VALO_EXECUTION' not in os.environ:\n    display(get_ipython().run_line_magic('valo', 'run'))"
    open_in_lab(page, lab, lab.write("magic.ipynb", f"import os\n%load_ext valo_jupyter\n{guarded}"))
    run_cell(page, 0)
    output = page.locator(".jp-NotebookPanel:visible .jp-OutputArea-output").first
    expect(output).to_contain_text("magic")
    expect(output).to_contain_text("done in")


def test_a_large_folder_is_asked_about(page: Page, lab: Lab):
    path = lab.write("large/big.ipynb", "import os\nprint(len(os.listdir()), 'files here')")
    (lab.notebooks / "large/data").mkdir()
    for number in range(2001):
        (lab.notebooks / "large/data" / f"{number}.csv").touch()
    open_in_lab(page, lab, path)
    run_remotely(page)
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("data")
    question.get_by_role("button", name="Send the notebook alone").click()
    mark = newest_mark(page)
    expect(mark).to_have_attribute("data-status", "complete")
    open_execution(mark)
    page.locator(".valo-Page:visible").get_by_role("tab", name="Log").click()
    expect(page.locator(".valo-Page:visible [role=log]")).to_contain_text("1 files here")
