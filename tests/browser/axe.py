"""axe-core in the page: what keeps people with a screen reader, a keyboard or weak sight from using what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
#: what a person cannot get past; axe has `minor` and `moderate` below these
IMPACTS = ("serious", "critical")
THEMES = ("JupyterLab Light", "JupyterLab Dark")

_RUN = """async ([within, rules]) => {
    const { violations } = await axe.run(within, { resultTypes: ['violations'], rules });
    return violations.map(({ id, impact, help, nodes }) => ({
        id, impact, help,
        nodes: nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary.replace(/\\s+/g, ' ')}`)
    }));
}"""


def violations(page: Page, within: str, *, off: tuple[str, ...] = ()) -> list[str]:
    """
    What axe finds serious below `within`, one line a rule with its nodes.

    Parameters
    ----------
    within
        A CSS selector; of what it matches all is looked at.
    off
        Names of rules that are not asked, for what is Lab's and not ours.
    """
    if not page.evaluate("() => 'axe' in window"):
        # Lab has an AMD loader, which axe would hand itself to instead of the window
        page.evaluate(f"() => {{ const module = undefined, define = undefined;\n{AXE.read_text()}\n}}")
    found: list[dict[str, Any]] = page.evaluate(_RUN, [within, {name: {"enabled": False} for name in off}])
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n  " + "\n  ".join(rule["nodes"])
        for rule in found
        if rule["impact"] in IMPACTS
    ]


def change_theme(page: Page, theme: str) -> None:
    """Into one of `THEMES`, which stands when this returns."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    # what fades from one colour to another would be measured in between
    page.wait_for_function("() => document.getAnimations().every(({ playState }) => playState !== 'running')")
