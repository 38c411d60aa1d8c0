"""What an execution took cell by cell, two of them beside each other, and the cards of `%valo` that lead there."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.parts.lab import Lab, kernel_ready, open_execution, run_cell

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)

TRAIN = "data = bytearray(60_000_000)\nprint('loss', lr)"
#: Lab's own tab bar, tool bars and menus are not ours to mend
OURS = ".valo-Page:visible"


def test_cells_and_a_comparison(page: Page, lab: Lab):
    path = lab.write("compare.ipynb", ("parameters", "lr = 0.1"), TRAIN, ("local-only", "print('only here')"))
    lab.write("magic.ipynb", f"%load_ext valo_jupyter\n%valo run {path} -p lr=0.5 --tag probe")
    page.goto(lab.lab(path, workspace="auto-compare"))
    kernel_ready(page)
    page.locator(".valo-Run-button").click()
    mark = page.locator(".jp-NotebookPanel:visible .valo-Mark").first
    expect(mark).to_have_attribute("data-status", "complete")
    open_execution(mark)
    detail = page.locator(".valo-Page:visible")
    expect(detail.locator(".valo-Cells tbody tr").nth(2)).to_contain_text("skipped")
    expect(detail.locator(".valo-Cells tbody tr").nth(1)).to_contain_text("MB")
    detail.get_by_role("tab", name="Notebook").click()
    facts = detail.locator(".jp-CodeCell")
    expect(facts.nth(2)).to_have_attribute("data-valo-facts", "skipped: local-only")
    assert "MB" in (facts.nth(1).get_attribute("data-valo-facts") or "")

    # the second one, by a card whose number leads to its page
    page.goto(lab.lab("magic.ipynb", workspace="auto-compare-magic"))
    kernel_ready(page)
    run_cell(page, 0)
    card = page.locator(".valo-card")
    expect(card).to_contain_text("done in")
    card.get_by_role("textbox", name="Add a tag").fill("typed")
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Remove the tag typed")).to_be_visible()
    assert axe.violations(page, ".valo-card") == []
    card.get_by_role("button", name="Open execution #").first.click()
    detail = page.locator(".valo-Page:visible")
    expect(detail.locator(".valo-Header-title")).to_have_text("compare")

    detail.get_by_role("button", name="Compare").click()
    compare = page.locator(".valo-Compare:visible")
    expect(compare.get_by_role("row", name="lr 0.1 0.5")).to_be_visible()
    expect(compare.locator(".jp-Notebook-diff")).to_contain_text("loss 0.5")
    same = compare.locator(".jp-Notebook-diff").get_by_text("only here").first
    expect(same).to_be_hidden()
    compare.get_by_label("Cells that are the same, too").check()
    expect(same).to_be_visible()
    for theme in axe.THEMES:
        axe.change_theme(page, theme)
        # nbdime's editors are Lab's
        assert axe.violations(page, ".valo-Compare .valo-Header, .valo-Differences") == []
    compare.get_by_role("button", name="Swap").click()
    expect(page.locator(".valo-Compare:visible").get_by_role("row", name="lr 0.5 0.1")).to_be_visible()


def test_events_leave_no_request_waiting(page: Page, lab: Lab):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.lab(lab.write("events.ipynb", "print('hello')"), workspace="auto-events"))
    kernel_ready(page)
    page.locator(".valo-Run-button").click()
    expect(page.locator(".jp-NotebookPanel:visible .valo-Mark").first).to_have_attribute("data-status", "complete")
    assert any("valo/watch" in url for url in asked)
    assert not [url for url in asked if "/executions/?" in url and "wait=" in url]
