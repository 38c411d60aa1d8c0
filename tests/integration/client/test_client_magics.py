"""`%valo` in a real kernel, seen as a front end sees it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from valo_jupyter import Client
from valo_jupyter.domain.executions import Status

MakeNotebook = Callable[..., Path]
WIDGET = "application/vnd.jupyter.widget-view+json"


class Front:
    """A front end: runs cells, keeps displays up to date by their id, and the state of widgets."""

    def __init__(self, kernel: BlockingKernelClient) -> None:
        self.kernel = kernel
        self.displays: dict[str, dict[str, Any]] = {}
        self.widgets: dict[str, dict[str, Any]] = {}
        self.text = ""

    def run(self, source: str) -> str:
        """What the cell printed, or its error."""
        self.text = ""
        asked = self.kernel.execute(source)
        self.until(lambda message: message["parent_header"].get("msg_id") == asked and _is_idle(message))
        return self.text

    def until(self, done: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.kernel.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            self._take(message)
            if done(message):
                return
        raise AssertionError(f"not within {seconds} s; displays: {self.displays}; widgets: {self.widgets}")

    def press(self, action: str, value: str | None = None) -> None:
        (model,) = self.cards()
        content = {"comm_id": model, "data": {"method": "custom", "content": {"action": action, "value": value}}}
        self.kernel.shell_channel.send(self.kernel.session.msg("comm_msg", content))

    def cards(self) -> list[str]:
        return [model for model, state in self.widgets.items() if "valo-card" in state.get("html", "")]

    def html(self) -> str:
        return self.widgets[self.cards()[-1]]["html"]

    def _take(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind in ("display_data", "update_display_data"):
            self.displays[content["transient"]["display_id"]] = content["data"]
        elif kind == "comm_open" or (kind == "comm_msg" and content["data"].get("method") == "update"):
            self.widgets.setdefault(content["comm_id"], {}).update(content["data"]["state"])
        elif kind == "stream":
            self.text += content["text"]
        elif kind == "execute_result":
            self.text += content["data"]["text/plain"]
        elif kind == "error":
            self.text += "\n".join(content["traceback"])


def _is_idle(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


@pytest.fixture
def front(client: Client, tmp_path: Path) -> Iterator[Front]:
    (tmp_path / "project").mkdir(exist_ok=True)
    manager = KernelManager()
    manager.start_kernel(cwd=str(tmp_path / "project"))
    kernel = manager.blocking_client()
    kernel.start_channels()
    try:
        kernel.wait_for_ready(timeout=60)
        front = Front(kernel)
        front.run("%load_ext valo_jupyter\nimport valo_jupyter.kernel.shown as shown\nshown.LINGER = 0.1")
        yield front
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_card_lives_and_then_stays_as_plain_html(front: Front, training: Path) -> None:
    front.run("%valo run train.ipynb -p lr=0.5 --tag mine")
    ((display_id, shown),) = front.displays.items()
    assert WIDGET in shown
    assert "#1" in shown["text/plain"]
    assert "valo-card" in shown["text/html"]
    # the widget is gone from the output when it ends: a reload, or GitHub, shows the card all the same
    front.until(lambda _: WIDGET not in front.displays[display_id])
    final = front.displays[display_id]["text/html"]
    for expected in ("valo-is-complete", "loss", "sub/model.txt", "mine", "train.ipynb ~", "%valo rerun 1"):
        assert expected in final
    assert "<button" not in final
    assert "valo-is-complete" in front.html()


def test_a_pressed_button_stops_it(front: Front, client: Client, make_notebook: MakeNotebook) -> None:
    make_notebook("print('begun')", "import time; time.sleep(60)")
    front.run("run = %valo run train.ipynb")
    assert front.displays == {}
    execution_id = re.findall(r"[0-9a-f-]{36}", front.run("print(run.id)"))[0]
    front.run("run")
    front.until(lambda _: "begun" in front.html())
    front.press("stop")
    front.until(lambda _: "valo-is-stopped" in front.html())
    assert client.execution(execution_id).status is Status.STOPPED


def test_tags_are_edited_in_the_card(front: Front, client: Client, make_notebook: MakeNotebook) -> None:
    make_notebook("import time; time.sleep(60)")
    front.run("run = %valo run train.ipynb --tag old")
    execution_id = re.findall(r"[0-9a-f-]{36}", front.run("print(run.id)"))[0]
    front.run("run")
    front.until(lambda _: "valo-is-started" in front.html())
    front.press("tag", " new ")
    front.until(lambda _: 'data-valo-value="new"' in front.html())
    front.press("untag", "old")
    front.until(lambda _: 'data-valo-value="old"' not in front.html())
    assert client.execution(execution_id).tags == ["new"]
    front.press("stop")
    front.until(lambda _: "valo-is-stopped" in front.html())


def test_a_cell_as_an_execution_of_its_own(front: Front, client: Client, training: Path) -> None:
    (training.parent / "helper.py").write_text("def double(x): return 2 * x")
    front.run("%%valo -p x=21 -p low=-1e999 --tag alone\nimport helper\nprint('got', helper.double(x), low)")
    ((_, shown),) = front.displays.items()
    assert "a cell" in shown["text/plain"]
    [execution] = client.executions(tag="alone", everywhere=True)
    assert execution.wait().data["parameters"]["x"] == 21
    assert "got 42 -inf" in [str(line) for line in execution.logs()]
    assert [path.name for path in training.parent.glob(".*")] == []
    assert "imported and defined in it" in front.run(
        "import valo_jupyter.kernel.card as card, valo_jupyter.kernel.view as view\n"
        "run = %valo show latest\nrun.rerun()\n"
        "print(card.page(view.View({**run.data, 'error': {'ename': 'NameError'}})))"
    )
    assert "has no code" in front.run("%%valo --tag alone\n\n")
    assert "cannot be a variable" in front.run("%%valo -p a-b=1\nprint(1)")
    assert "cannot be a variable" in front.run("%%valo -p class=1\nprint(1)")
    assert "`%valo run train.ipynb`" in front.run("%%valo train.ipynb\nprint(1)")


def test_the_same_again_by_a_button(front: Front, training: Path) -> None:
    # its button is to be there still when it is pressed
    front.run("shown.LINGER = 30")
    front.run("%valo run train.ipynb")
    front.until(lambda _: "valo-is-started" in front.html() or "valo-is-complete" in front.html())
    front.press("rerun")
    front.until(lambda _: "again of #1" in front.html() and "valo-is-complete" in front.html())
    assert "#2" in front.html()


def test_commands_of_one_execution(front: Front, training: Path) -> None:
    front.run("%valo run train.ipynb")
    front.displays.clear()
    front.run("%valo wait 1")
    ((_, shown),) = front.displays.items()
    assert "done in" in shown["text/plain"]
    assert WIDGET not in shown
    assert '{"epoch": 2, "loss"' in front.run("%valo logs 1")
    assert "sub/model.txt" in front.run("%valo outputs 1")
    assert "got/sub/model.txt" in front.run("%valo outputs 1 got")
    (training.parent / "got/sub/model.txt").write_text("mine")
    assert "would be overwritten" in front.run("%valo outputs 1 got")
    assert "got/sub/model.txt" in front.run("%valo outputs 1 got --force")
    assert "0.05" in front.run("frame = %valo metadata 1\nprint(type(frame).__name__, frame['loss'].iloc[1])")
    assert front.run("%valo tag 1 good better").strip() == "#1: better, good"
    listed = front.run("%valo list")
    assert "better, good" in listed
    assert "#2" not in listed
    front.run("%valo show 1")
    assert "valo-is-complete" in list(front.displays.values())[-1]["text/html"]


def test_mistakes_are_told_without_a_traceback(front: Front, training: Path) -> None:
    told = front.run("%valo run train.ipynb -p epoch=3")
    assert "epochs" in told
    assert "Traceback" not in told
    assert "names no execution" in front.run("%valo show first")
    assert "%valo run notebook.ipynb" in front.run("%valo run")


def test_completion_knows_the_notebook_s_parameters(front: Front, training: Path) -> None:
    line = "%valo run train.ipynb -p l"
    asked = front.kernel.complete(line, len(line))
    while (reply := front.kernel.get_shell_msg(timeout=30))["parent_header"].get("msg_id") != asked:
        pass
    assert "lr=" in json.dumps(reply["content"]["matches"])


def test_cells_and_differences_are_shown(front: Front, make_notebook: MakeNotebook) -> None:
    make_notebook("print(lr)", parameters="lr = 0.1")
    front.run("one = %valo run train.ipynb\none.wait()\ntwo = %valo run train.ipynb -p lr=0.2\ntwo.wait()")
    assert "print(lr)" in front.run("%valo cells 2")
    shown = front.run("%valo diff 1 2")
    assert "+0.2" in shown
    assert "lr" in shown
    assert "<ins" in front.run("difference = %valo diff 1 2\nprint(difference._repr_html_())")
