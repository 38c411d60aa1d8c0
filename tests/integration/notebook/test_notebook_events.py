"""What a run tells while it runs: cells, lines, metadata points, displays, the notebook as it stands."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

Run = Callable[..., Any]


def test_each_cell_begins_and_ends_in_order(run: Run) -> None:
    ran = run(
        new_markdown_cell("text"),
        "1",
        "",
        new_code_cell("1/0", metadata={"tags": ["skip-execution"]}),
        new_code_cell("1/0", metadata={"tags": ["raises-exception"]}),
        "1/0",
        "never",
    )
    cells = [(event["cell"], event["code"], event["of"], event["state"]) for event in ran.sink.events("cell")]
    assert cells == [
        (1, 1, 6, "started"),
        (1, 1, 6, "done"),
        (2, 2, 6, "skipped"),
        (3, 3, 6, "skipped"),
        (4, 4, 6, "started"),
        (4, 4, 6, "done"),
        (5, 5, 6, "started"),
        (5, 5, 6, "error"),
    ]
    assert all(event["seconds"] > 0 for event in ran.sink.events("cell") if event["state"] in ("done", "error"))
    assert ran.outcome.reason == "failed in cell 5: ZeroDivisionError: division by zero"
    assert ran.outcome.error["cell"] == 5
    assert ran.outcome.error["code_cell"] == 5
    assert "\x1b[" in ran.outcome.error["traceback"]


def test_lines_keep_their_order_stream_and_cell(run: Run) -> None:
    ran = run(
        "import sys\n"
        "print('one', flush=True)\n"
        "print('two', file=sys.stderr, flush=True)\n"
        "print('half ', end='', flush=True)\n"
        "print('three', file=sys.stderr, flush=True)\n"
        "print('whole', flush=True)",
        "print('no end', end='')",
        "print('next')",
    )
    assert [(line["s"], line["text"], line["cell"]) for line in ran.sink.events("log")] == [
        ("stdout", "one", 0),
        ("stderr", "two", 0),
        ("stderr", "three", 0),
        ("stdout", "half whole", 0),
        ("stdout", "no end", 1),
        ("stdout", "next", 2),
    ]


def test_progress_bars_are_folded(run: Run) -> None:
    ran = run("from tqdm import tqdm\nfor _ in tqdm(range(500), mininterval=0): pass")
    (line,) = ran.sink.lines("stderr")
    assert "500/500" in line


def test_the_traceback_is_in_the_log(run: Run) -> None:
    ran = run("def broken():\n    raise ValueError('bad')\nbroken()")
    assert any("ValueError" in line and "bad" in line for line in ran.sink.lines("stderr"))


@pytest.mark.slow
def test_a_million_lines_are_complete_and_in_order(run: Run) -> None:
    ran = run("print('\\n'.join(map(str, range(1_000_000))))", limits={"notebook_output_bytes": 10_000})
    assert ran.sink.lines("stdout") == [str(number) for number in range(1_000_000)]
    (output,) = ran.outputs[0]
    kept, _, said = output.text.rpartition("\n…")
    lines = kept.split()
    assert len(kept) <= 10_000
    assert lines == [str(number) for number in range(len(lines))]
    assert f"{1_000_000 - len(lines):,} more lines" in said


@pytest.mark.slow
def test_flooding_with_messages_loses_none(run: Run) -> None:
    # each flush is a message of its own; a PUB socket would drop what is above its high-water mark
    ran = run("for i in range(20_000): print(i, flush=True)")
    assert ran.sink.lines("stdout") == [str(number) for number in range(20_000)]


@pytest.mark.slow
def test_a_slow_server_slows_the_kernel_and_loses_nothing(run: Run, remembering: Any) -> None:
    # more messages than all queues between here and there hold
    remembering.on_entry = lambda: time.sleep(0.0005)
    ran = run("for i in range(3_000): print(i, flush=True)", sink=remembering)
    assert ran.sink.lines("stdout") == [str(number) for number in range(3_000)]


def test_room_of_cleared_output_is_free_again(run: Run) -> None:
    ran = run(
        "from IPython.display import clear_output\n"
        "for i in range(20):\n    clear_output(wait=True); print('x' * 500, i)\n",
        limits={"notebook_output_bytes": 2_000},
    )
    (output,) = ran.outputs[0]
    assert output.text == "x" * 500 + " 19\n"


def test_metadata_counts_once_however_it_is_written(run: Run) -> None:
    ran = run(
        "import valohai, json, os\n"
        "for epoch in range(20):\n"
        "    with valohai.logger() as logger:\n"
        "        logger.log('epoch', epoch)",
        "print(json.dumps({'printed': 1}))\nprint(json.dumps({'printed': 1}))",
        "import sys\nprint('{\"in\":', end='', flush=True)\n"
        "print('noise', file=sys.stderr, flush=True); print(' \"parts\"}')",
        'print(\'{"nan": NaN, "inf": -Infinity}\')',
        "print(json.dumps({'big': 'x' * 5_000_000}))",
        "print('{\"a\": 1} and more'); print('[1]'); print('{not json}')",
    )
    points = ran.sink.metadata()
    assert points[:20] == [{"epoch": number} for number in range(20)]
    assert points[20:24] == [{"printed": 1}, {"printed": 1}, {"in": "parts"}, {"nan": "NaN", "inf": "-Infinity"}]
    assert [len(point["big"]) for point in points[24:]] == [5_000_000]
    assert all("_time" in event["values"] for event in ran.sink.events("metadata"))
    # in the cell that wrote it, and in the log like any other line
    assert [line["cell"] for line in ran.sink.events("log") if line["text"] == '{"epoch": 19}'] == [0]


def test_metadata_counts_once_in_a_cold_kernel(run: Run, kernels: Any) -> None:
    code = "import valohai\nwith valohai.logger() as logger:\n    logger.log('epoch', 1)"
    cold = run(code, environment={**_environment(), "PYTHONDONTWRITEBYTECODE": "1", "LC_NAME": str(time.time())})
    assert not cold.outcome.capture["warm"]
    assert cold.sink.metadata() == [{"epoch": 1}]


def test_displays_are_told_live(run: Run) -> None:
    ran = run(
        "from IPython.display import display, clear_output\nh = display('a', display_id='it')",
        "h.update('b')",
        "display('x'); clear_output(); 'y'",
        "display({'text/plain': 'z' * 2_000_000}, raw=True)",
    )
    told = [
        (event["op"], event["cell"], (event["output"] or {}).get("data", {}).get("text/plain"), event["display_id"])
        for event in ran.sink.events("display")
    ]
    assert told == [
        ("append", 0, "'a'", "it"),
        ("update", 0, "'b'", "it"),
        ("append", 2, "'x'", None),
        ("clear", 2, None, None),
        ("append", 2, "'y'", None),
        ("append", 3, None, None),
    ]
    assert ran.sink.events("display")[-1]["omitted"] > 2_000_000


@pytest.mark.slow
def test_the_notebook_can_be_read_while_it_runs(run: Run, folders: Any) -> None:
    ran = run("print('first')", "import time; time.sleep(2.6)", "print('last')")
    early = [nbformat.reads(content.decode(), as_version=4) for content in ran.sink.notebooks]
    assert any(
        book.cells[0].outputs and not book.cells[2].outputs and book.cells[1].metadata.papermill.status == "running"
        for book in early
    )
    assert ran.sink.notebooks[-1] == (folders.outputs / "book.ipynb").read_bytes()
    assert len(ran.sink.notebooks) < 7


def test_late_output_of_a_thread_is_in_the_log(run: Run) -> None:
    ran = run(
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.2), print('late'))).start()",
        "time.sleep(.5)",
        "import os; os.write(1, b'last words\\n')",
    )
    assert "late" in ran.sink.lines("stdout")
    assert "last words" in ran.sink.lines("stdout")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%nosuchmagic", "Line magic function `%nosuchmagic` not found."),
        ("%%nosuchcell\nx", "Cell magic `%%nosuchcell` not found."),
        ("print('first')\n%alias_magic a", "the following arguments are required: target"),
    ],
)
def test_a_wrong_use_of_a_magic_says_what_is_wrong(run: Run, cell: str, said: str) -> None:
    ran = run("1", cell, "print('never')")
    assert ran.outcome.status == "error"
    assert ran.outcome.reason == f"failed in cell 2: UsageError: {said}"
    assert ran.outcome.error == {
        "cell": 1,
        "code_cell": 2,
        "ename": "UsageError",
        "evalue": said,
        "traceback": f"UsageError: {said}",
    }
    assert ran.sink.lines("stderr")[-1] == f"UsageError: {said}"
    # papermill's notebook: printed, no error output
    assert [output.output_type for output in ran.outputs[1]][-1] == "stream"


def test_secrets_show_nowhere(run: Run) -> None:
    secret = 'pa"ss\\wörd'
    ran = run(
        "import os, sys\nfrom IPython.display import HTML, display\ns = os.environ['TOKEN']",
        "print(s); print(s[:4], end='', flush=True); print(s[4:]); print({'s': s})",
        "import json; print(json.dumps({'s': s}))",
        "display(HTML(f'<b>{s}</b>'), {'text/plain': s}); s",
        "import ipywidgets; ipywidgets.Text(s)",
        "raise ValueError(s)",
        environment={**_environment(), "TOKEN": secret},
        secrets=[secret],
    )
    everything = json.dumps([ran.sink.entries, ran.outcome.reason, ran.outcome.error], default=str, ensure_ascii=False)
    everything += "".join(content.decode() for content in ran.sink.notebooks)
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], "wörd", "w\\u00f6rd"):
        assert form not in everything.replace("wörd']", "")
    assert ran.sink.metadata() == [{"s": "***"}]
    assert ran.outcome.reason == "failed in cell 6: ValueError: ***"


def test_parameters_are_injected_only_when_given(run: Run) -> None:
    parameters = new_code_cell("rate = 0.1", metadata={"tags": ["parameters"]})
    with_none = run(parameters, "print(rate)")
    assert len(with_none.notebook.cells) == 2
    given = run(parameters, "print(rate)", inject={"rate": 0.5, "name": "š"})
    assert given.notebook.cells[1].metadata.tags == ["injected-parameters"]
    assert given.sink.lines("stdout") == ["0.5"]


def test_names_that_papermill_would_fill_in(run: Run) -> None:
    ran = run("1", name="été/book {x} {}.ipynb")
    assert ran.outcome.status == "complete"
    assert ran.notebook.metadata.papermill.input_path == "été/book {x} {}.ipynb"
    assert ran.notebook.metadata.papermill.output_path == "book {x} {}.ipynb"


def _environment() -> dict[str, str]:
    return dict(os.environ)
