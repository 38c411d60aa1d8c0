"""A real JupyterLab with the built extension, private in every folder, and a real Chromium that looks at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from tests.parts.ports import free_port

PACKAGE = Path(__file__).parents[2]
EXTENSION = PACKAGE / "valo_jupyter" / "labextension"
TOKEN = "browser-tests"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--force-color-profile=srgb"),
]


@dataclass(frozen=True)
class Lab:
    """A running server; `notebooks` is the folder that its interface shows."""

    url: str
    notebooks: Path
    log: Path

    def lab(self, path: str, workspace: str = "one") -> str:
        return f"{self.url}/lab/workspaces/{workspace}/tree/{path}?reset&token={TOKEN}"

    def notebook(self, path: str) -> str:
        return f"{self.url}/notebooks/{path}?token={TOKEN}"

    def write(self, path: str, *cells: str | tuple[str, str]) -> str:
        """A notebook of code cells, `source` or `(tag, source)`; its path."""
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nb = nbformat.v4.new_notebook(metadata=metadata)
        for cell in cells:
            tag, source = cell if isinstance(cell, tuple) else ("", cell)
            nb.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]} if tag else {}))
        file = self.notebooks / path
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, file)
        return path


@contextlib.contextmanager
def jupyter_lab(folder: Path) -> Iterator[Lab]:
    """Lab and Notebook 7 on loopback; its local Valo server, too, is gone at the end."""
    if not (EXTENSION / "package.json").exists():
        raise RuntimeError("The front end is not built: run `make setup` first.")
    for name in ("home", "notebooks", "path/labextensions"):
        (folder / name).mkdir(parents=True)
    # the question about news would stand before what is tested
    news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    # whatever else is installed would stand in the toolbar, or ask questions of its own
    page = folder / "config/labconfig/page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"disabledExtensions": dict.fromkeys(_others(), True)}))
    # the build of this working tree, whichever one is installed
    (folder / "path/labextensions/valo-jupyter").symlink_to(EXTENSION)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "VALO", "VH_"))}
    environment |= {
        "HOME": str(folder / "home"),
        "VALO_HOME": str(folder / "valo"),
        "VALO_IDLE_SECONDS": "300",
        "PYTHONPATH": str(PACKAGE),
        "JUPYTER_PATH": str(folder / "path"),
        "IPYTHONDIR": str(folder / "ipython"),
        **{f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
        **{f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")},
    }
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
        "--ServerApp.jpserver_extensions=valo_jupyter=True",
        f"--ServerApp.root_dir={folder / 'notebooks'}",
    ]
    log = folder / "jupyter.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=folder)
    try:
        _wait(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", process, log)
        yield Lab(f"http://127.0.0.1:{port}", folder / "notebooks", log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        stop = [sys.executable, "-m", "valo_jupyter.server.cli", "stop", "--force"]
        subprocess.run(stop, env=environment, check=True, timeout=90, capture_output=True)


def _others() -> list[str]:
    """The names of all other front ends that Lab would find, but for those that ours needs."""
    folders = [Path(sys.prefix) / "share/jupyter/labextensions"]
    found = [
        path.parent
        for folder in folders
        for path in [*folder.glob("*/package.json"), *folder.glob("@*/*/package.json")]
    ]
    names = {json.loads((folder / "package.json").read_text())["name"] for folder in found}
    return sorted(names - {"valo-jupyter", "anywidget", "@jupyter-widgets/jupyterlab-manager"})


def _wait(address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-4000:]}")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def offline(context: BrowserContext) -> list[str]:
    """Cut the context off from everything but this machine; the list collects what it asked for elsewhere."""
    foreign: list[str] = []

    def judge(route: Route) -> None:
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            foreign.append(url)
            route.abort()

    context.route("**/*", judge)
    return foreign


#: `wait_for_function` would take the promise of an async function for its answer
_KERNEL_READY = """async () => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = session?.session?.kernel;
    if (!session?.isReady || !kernel) { return false; }
    const late = new Promise(resolve => setTimeout(resolve, 5000, false));
    return await Promise.race([kernel.info, late]) && kernel.connectionStatus === 'connected';
}"""


def kernel_ready(page: Page, seconds: float = 60) -> None:
    """Wait until the notebook in front has a kernel that answers: what is typed before that runs nothing."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(_KERNEL_READY):
        if time.monotonic() > deadline:
            raise AssertionError("the notebook in front has no kernel that answers")
        page.wait_for_timeout(100)


def open_execution(mark: Locator, what: str = "Details") -> None:
    """Choose from the menu of a mark."""
    mark.click()
    mark.page.get_by_role("menuitem", name=what, exact=True).click()


def run_cell(page: Page, index: int) -> None:
    """Run a cell of the notebook in front; a notebook that has just been opened may swallow the first key."""
    cell = page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(index)
    prompt = cell.locator(".jp-InputArea-prompt").first
    for _ in range(5):
        cell.locator(".cm-content").first.click()
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text("[ ]:", timeout=5000)
            return
        except AssertionError:
            continue
    raise AssertionError(f"cell {index} does not run")
