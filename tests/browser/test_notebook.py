"""The notebook's toolbar, its marks and cells, and the sidebar, as a person uses them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import THEMES, change_theme, violations
from tests.parts.lab import Lab, kernel_ready, open_execution

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)

PARAMETERS = ("parameters", "lr = 0.1\nepochs = 2")


def opened(page: Page, lab: Lab, path: str, *, kernel: bool = False) -> Locator:
    page.goto(lab.lab(path, workspace=f"auto-{path.split('.')[0].replace('/', '-')}"))
    panel = page.locator(".jp-NotebookPanel:visible")
    expect(panel.locator(".valo-Run-button")).to_be_visible()
    page.evaluate("window.jupyterapp.restored.then(() => window.jupyterapp.shell.currentWidget.revealed).then(() => 1)")
    if kernel:
        kernel_ready(page)
    return panel


def marks(panel: Locator) -> Locator:
    return panel.locator(".valo-Mark[data-counter]")


def command(page: Page, name: str, **args: object) -> None:
    page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => 1)", [name, args])


def execution_of(page: Page, mark: Locator) -> dict:
    read = "id => fetch(`/valo/api/v0/executions/${id}/`).then(answer => answer.json())"
    return page.evaluate(read, mark.get_attribute("data-execution"))


def sidebar(page: Page) -> Locator:
    page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
    found = page.locator("#valo-sidebar")
    expect(found).to_be_visible()
    return found


def in_both_themes(page: Page, look: Callable[[], list[str]]) -> None:
    found = []
    for theme in reversed(THEMES):
        change_theme(page, theme)
        found += [f"{theme}: {line}" for line in look()]
    assert not found, "\n".join(found)


def test_last_choices_rename_and_copy(page: Page, lab: Lab):
    panel = opened(page, lab, lab.write("choices.ipynb", PARAMETERS, "import os\nprint(lr, os.environ['TOKEN'])"))
    panel.locator(".valo-Run-options").click()
    form = page.get_by_role("dialog", name="Run remotely")
    form.get_by_label("lr", exact=True).fill("0.25")
    form.get_by_role("button", name="+ variable").click()
    page.keyboard.type("TOKEN")
    form.get_by_label("Value of TOKEN").fill("hunter2")
    form.get_by_label("TOKEN is secret").check()
    in_both_themes(page, lambda: violations(page, ".valo-Popover"))
    form.get_by_role("button", name="Run", exact=True).click()
    expect(marks(panel).first).to_have_attribute("data-status", "complete")

    panel.locator(".valo-Run-button").click()
    expect(marks(panel)).to_have_count(2)
    expect(marks(panel).first).to_have_attribute("data-status", "complete")
    again = execution_of(page, marks(panel).first)
    assert again["parameters"]["lr"] == 0.25
    assert again["environment_variables"] == {"TOKEN": {"value": None, "secret": True}}

    page.evaluate("window.jupyterapp.serviceManager.contents.rename('choices.ipynb', 'renamed.ipynb').then(() => 1)")
    expect(panel.locator(".valo-Run-button")).to_have_attribute("title", re.compile("lr = 0.25"))
    expect(marks(panel)).to_have_count(2)
    page.evaluate("window.jupyterapp.serviceManager.contents.copy('renamed.ipynb', '').then(() => 1)")
    command(page, "docmanager:open", path="renamed-Copy1.ipynb")
    expect(panel.locator(".valo-Marks-copy")).to_have_text("copy of renamed.ipynb")
    expect(panel.locator(".valo-Run-button")).to_have_attribute("title", re.compile("lr = 0.25"))
    expect(marks(panel)).to_have_count(0)


def test_cells_that_run_in_one_place_and_the_one_that_fails(page: Page, lab: Lab):
    cells = (("remote-only", "print('remote')"), ("local-only", "print('here')"), "print(1)", "raise ValueError('no')")
    panel = opened(page, lab, lab.write("places.ipynb", *cells), kernel=True)
    command(page, "notebook:run-all-cells")
    cell = panel.locator(".jp-CodeCell")
    expect(cell.nth(0).locator(".valo-CellNote")).to_contain_text("Skipped")
    expect(cell.nth(1).locator(".jp-OutputArea-output")).to_have_text("here")
    expect(cell.nth(0).locator(".jp-OutputArea-output")).to_have_count(0)

    panel.locator(".valo-Run-button").click()
    expect(marks(panel).first).to_have_attribute("data-status", "error")
    cell.nth(2).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" + 2")
    expect(marks(panel).first).to_have_attribute("aria-label", re.compile("1 cell changed"))
    cell.nth(2).locator(".valo-CellDrift").click()
    difference = page.get_by_role("region", name="What differs in this cell")
    expect(difference).to_contain_text("removed:print(1)")
    expect(difference).to_contain_text("added:print(1) + 2")
    page.keyboard.press("Escape")
    open_execution(marks(panel).first, "Go to the failing cell")
    expect(cell.nth(3)).to_have_class(re.compile("jp-mod-active"))


def test_what_looks_like_a_secret(page: Page, lab: Lab):
    key = "AKIA" + "Z7QWERTY12345678"
    panel = opened(page, lab, lab.write("guarded/secret.ipynb", "print(1)", f"key = '{key}'"))
    run = panel.locator(".valo-Run-button")
    question = page.get_by_role("dialog")
    run.click()
    expect(question).to_contain_text("AKIA…")
    assert not violations(page, ".valo-Guard")
    question.get_by_role("button", name="Go to cell").click()
    expect(panel.locator(".jp-CodeCell").nth(1)).to_have_class(re.compile("jp-mod-active"))
    expect(marks(panel)).to_have_count(0)
    run.click()
    question.get_by_role("button", name="Run anyway").click()
    expect(marks(panel).first).to_have_attribute("data-status", "complete")
    run.click()
    expect(marks(panel)).to_have_count(2)


def test_executions_are_dealt_with_together(page: Page, lab: Lab):
    folder = "together"
    for name in "abc":
        lab.write(f"{folder}/{name}.ipynb", f"print('{name}')")
    (lab.notebooks / folder / "valohai.yaml").touch()
    opened(page, lab, f"{folder}/a.ipynb")
    for name in "abc":
        command(page, "valo:run-remotely", path=f"{folder}/{name}.ipynb")
    found = sidebar(page)
    rows = found.locator(".valo-Row")
    expect(rows).to_have_count(3)
    expect(found.locator('.valo-Row[data-status="complete"]')).to_have_count(3)
    in_both_themes(page, lambda: violations(page, "#valo-sidebar"))

    rows.first.locator(".valo-Row-open").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    selection = found.get_by_role("toolbar", name="Selected executions")
    expect(selection).to_contain_text("2 selected")
    selection.get_by_role("button", name="Tags…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("good")
    page.keyboard.press("Enter")
    expect(found.locator(".valo-Row .valo-Tag")).to_have_text(["good", "good"])
    in_both_themes(page, lambda: violations(page, "#valo-sidebar"))

    found.get_by_role("searchbox").fill("tag:good")
    expect(rows).to_have_count(2)
    found.get_by_role("button", name="Mine").click()
    expect(rows).to_have_count(2)
    page.keyboard.press("Escape")
    rows.nth(1).locator(".valo-Row-open").focus()
    page.keyboard.press("Delete")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Output files stay")
    question.get_by_role("button", name="Delete").last.click()
    expect(rows).to_have_count(1)
