"""Environments and registries as an administrator walks them in Lab: made, tested, used to the brim, changed."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.parts.lab import Lab, kernel_ready, open_execution

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)

WAITS = "import time\nprint('begun', flush=True)\ntime.sleep(600)"


def command(page: Page, name: str, **args: Any) -> None:
    page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, args])


def setting(page: Page, key: str) -> Locator:
    return page.locator(f'.valo-Page:visible .valo-Setting[data-key="{key}"]')


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> str:
    return lab.write("pool.ipynb", WAITS)


@pytest.fixture
def opened(page: Page, lab: Lab, notebook: str) -> Page:
    page.goto(lab.lab(notebook, workspace="auto-pool"))
    kernel_ready(page)
    return page


def test_an_environment_from_the_form(opened: Page):
    page = opened
    command(page, "valo:new-environment")
    page.get_by_role("radio", name="This computer", exact=False).check()
    form = page.locator(".valo-Page:visible form.valo-Settings")
    form.get_by_role("button", name="Create").click()
    expect(setting(page, "name").get_by_role("alert")).to_have_text("This is needed.")

    setting(page, "name").get_by_role("textbox").fill("Bench")
    form.get_by_role("textbox", name="Minimum scale").fill("3")
    form.get_by_role("textbox", name="Maximum scale").fill("1")
    form.get_by_role("button", name="Create").click()
    # the server's own words, beside the field; nothing that was typed is lost
    refused = page.locator(".valo-Page:visible .valo-Setting[data-key$=_scale] [role=alert]")
    expect(refused.first).to_contain_text("scale")
    expect(form.get_by_role("textbox", name="Minimum scale")).to_have_value("3")

    form.get_by_role("textbox", name="Minimum scale").fill("0")
    form.get_by_role("textbox", name="Price per hour, USD").fill("1.2")
    form.get_by_role("button", name="Create").click()
    head = page.locator(".valo-Page:visible .valo-Header")
    expect(head).to_contain_text("Bench")
    expect(head).to_contain_text("$1.20 per hour")
    command(page, "valo:open-environments")
    expect(page.locator('.valo-Environments [data-slug="bench"]')).to_contain_text("up to 1 machine")


def test_a_full_environment_and_a_larger_one(opened: Page):
    page = opened
    for _ in range(2):
        page.locator(".valo-Run-options").click()
        form = page.get_by_role("dialog")
        form.get_by_label("Environment").select_option("bench")
        form.get_by_role("button", name="Run", exact=True).click()
        expect(form).to_be_hidden()
        expect(page.locator(".valo-Run-words")).to_have_text("Run remotely")
    marks = page.locator(".jp-NotebookPanel:visible .valo-Mark")
    expect(marks).to_have_count(2)
    expect(marks.nth(1)).to_have_attribute("data-status", "started")

    # who waits says where and why
    open_execution(marks.first)
    detail = page.locator(".valo-Page:visible")
    expect(detail.locator(".valo-Header-state")).to_have_text("in line, place 1")
    expect(detail.locator(".valo-Header-obstacle")).to_contain_text("busy")

    page.locator('.jp-SideBar [data-id="valo-sidebar"]').click()
    page.get_by_role("button", name="Environments", exact=True).click()
    row = page.locator('#valo-sidebar .valo-Environment[data-slug="bench"]')
    expect(row).to_contain_text("1 waiting")
    expect(row.locator('.valo-Square[data-machine="busy"]')).to_have_count(1)

    row.get_by_role("button", name="Bench").click()
    environment = page.locator(".valo-Page:visible")
    expect(environment.locator(".valo-Machines")).to_contain_text("busy with #1")
    expect(environment.locator(".valo-Queue tbody tr")).to_have_count(1)
    expect(environment.locator(".valo-Chart svg, .valo-Chart canvas").first).to_be_visible()

    environment.get_by_role("tab", name="Settings").click()
    environment.get_by_role("textbox", name="Maximum scale").fill("2")
    environment.get_by_role("button", name="Save").click()
    expect(environment.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    environment.get_by_role("tab", name="Machines").click()
    expect(environment.locator('.valo-Machines [data-machine="busy"] .valo-Square')).to_have_count(2)
    expect(environment).to_contain_text("Nobody waits.")
    expect(row.locator('.valo-Square[data-machine="busy"]')).to_have_count(2)
    stops = page.locator("#valo-sidebar .valo-Row-stop")
    stops.nth(1).click()
    expect(stops).to_have_count(1)
    stops.click()
    expect(page.locator('#valo-sidebar .valo-Row[data-status="stopped"]')).to_have_count(2)


def test_a_test_shows_its_steps(opened: Page):
    page = opened
    command(page, "valo:open-environment", id="bench")
    head = page.locator(".valo-Page:visible .valo-Header")
    head.get_by_role("button", name="Test").click()
    trial = page.locator(".valo-Page:visible .valo-Trial")
    expect(trial).to_have_attribute("data-trial", "passed", timeout=60_000)
    expect(trial.locator("li[data-ok=true]").first).to_contain_text("Start a machine")
    expect(trial.locator("li[data-ok=false]")).to_have_count(0)


def test_an_environment_is_deleted_by_its_name(opened: Page):
    page = opened
    command(page, "valo:open-environment", id="bench")
    environment = page.locator(".valo-Page:visible")
    environment.get_by_role("tab", name="Settings").click()
    environment.get_by_role("button", name="Delete…").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Delete the environment Bench?")
    question.get_by_role("button", name="Delete Bench").click()
    expect(environment).to_be_hidden()
    command(page, "valo:open-environments")
    expect(page.locator('.valo-Environments [data-slug="local"]')).to_be_visible()
    expect(page.locator('.valo-Environments [data-slug="bench"]')).to_have_count(0)


def test_registries(opened: Page):
    page = opened
    command(page, "valo:open-registries")
    registries = page.locator(".valo-Page:visible")
    registries.get_by_role("button", name="Add registry").click()
    registries.get_by_label("Type").select_option("generic")
    registries.get_by_label("Images", exact=False).first.fill("no spaces please")
    registries.get_by_label("Password", exact=False).fill("s3cret-of-registry")
    registries.get_by_role("button", name="Add", exact=True).click()
    expect(setting(page, "match").get_by_role("alert")).to_be_visible()
    # nobody listens there
    registries.get_by_label("Images", exact=False).first.fill("127.0.0.1:9/team/*")
    registries.get_by_label("User name").fill("ana")
    registries.get_by_role("button", name="Add", exact=True).click()
    entry = registries.locator('[data-match="127.0.0.1:9/team/*"]')
    expect(entry).to_contain_text("set")
    expect(registries).not_to_contain_text("s3cret-of-registry")

    entry.get_by_role("button", name="Test", exact=False).click()
    entry.get_by_role("button", name="Ask the registry").click()
    answer = entry.locator(".valo-RegistryTest-answer")
    expect(answer).to_have_attribute("data-ok", "false")
    expect(answer).to_contain_text("127.0.0.1:9")

    entry.get_by_role("button", name="Edit", exact=False).click()
    registries.get_by_label("User name").fill("ben")
    registries.get_by_role("button", name="Save").click()
    expect(entry).to_contain_text("ben")
    entry.get_by_role("button", name="Delete", exact=False).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(registries).to_contain_text("No private registries")
