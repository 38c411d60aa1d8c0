"""Parameters and inputs are read from a notebook's source without running any of it."""

import pytest

from valo_jupyter.domain.parameters import Input, Type, notebook_parameters


def notebook(*cells, language="python"):
    """A notebook of code cells; a cell is its source, or `(tag, source)`."""
    made = []
    for cell in cells:
        tags, source = ([cell[0]], cell[1]) if isinstance(cell, tuple) else ([], cell)
        made.append({"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": []})
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": language}}, "cells": made}


def parameters(source):
    return {p.name: p for p in notebook_parameters(notebook(("parameters", source))).parameters}


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("x = 5", Type.INTEGER, 5),
        ("x = -5", Type.INTEGER, -5),
        ("x = 0.1", Type.FLOAT, 0.1),
        ("x = 1e-3", Type.FLOAT, 0.001),
        ("x = True", Type.FLAG, True),
        ("x = 'a'", Type.STRING, "a"),
        ("x = 'a' \\\n 'b'", Type.STRING, "ab"),
        ("x = [1, -2, 'c']", Type.JSON, [1, -2, "c"]),
        ("x = (1, 2)", Type.JSON, [1, 2]),
        ("x = {'a': {'b': [None]}}", Type.JSON, {"a": {"b": [None]}}),
        ("x = dict(a=1)", Type.JSON, {"a": 1}),
        ("x = None", Type.ANY, None),
        ("x = 2 ** 10", Type.INTEGER, 1024),
        ("x = 60 * 60 * 24", Type.INTEGER, 86400),
        ("base = 'data'\nx = base + '/train.csv'", Type.STRING, "data/train.csv"),
        ("x: float = 1", Type.FLOAT, 1),
        ("x: 'int' = 1", Type.INTEGER, 1),
        ("x: int | None = None", Type.INTEGER, None),
        ("x: Optional[str] = None", Type.STRING, None),
        ("x: typing.List[int] = []", Type.JSON, []),
        ("x = None  # type: int how many", Type.INTEGER, None),
        ("a, x = 1, 'two'", Type.STRING, "two"),
        ("a = x = 3", Type.INTEGER, 3),
        ("x = 1\nx = 'later wins'", Type.STRING, "later wins"),
    ],
)
def test_type_and_default(source, kind, default):
    found = parameters(source)["x"]
    assert (found.type, found.default, found.computed) == (kind, default, False)
    assert found.optional is (default is None)


def test_the_comment_is_the_help():
    found = parameters(
        "lr = 0.1  # type: float learning rate\nmodel = {\n 'a': 1,\n}  # which model\n# not this\nn = 1"
    )
    assert (found["lr"].help, found["lr"].type) == ("learning rate", Type.FLOAT)
    assert found["model"].help == "which model"
    assert found["n"].help == ""


def test_source_as_list_of_lines():
    nb = notebook(("parameters", "x = 1\ny = 2"))
    nb["cells"][0]["source"] = ["x = 1\n", "y = 2"]
    assert [p.name for p in notebook_parameters(nb).parameters] == ["x", "y"]


@pytest.mark.parametrize(
    "value", ["f'{lr}.csv'", "datetime.now()", "[1, open('x')]", "9 ** 9 ** 9", "lr / 0", "b'raw'", "[i for i in y]"]
)
def test_a_computed_default_is_a_problem_and_still_a_parameter(value):
    found = notebook_parameters(notebook(("parameters", f"lr = 1\nx = {value}")))
    assert [p.name for p in found.parameters] == ["lr", "x"]
    assert found.parameters[1].computed
    assert "x" not in found.defaults()
    assert "`x` (cell 1) is computed" in found.problems[0]


def test_values_cannot_be_made_huge_by_a_few_lines():
    doubling = "\n".join(f"a{n + 1} = [a{n}, a{n}]\ns{n + 1} = s{n} + s{n}" for n in range(60))
    found = notebook_parameters(notebook(("parameters", f"a0 = [1]\ns0 = 'xx'\n{doubling}")))
    assert found.parameters[-1].computed


def test_magics_do_not_hide_parameters():
    source = (
        "%matplotlib inline\n!pip install \\\n  numpy\nls = !ls\n?help\nprint?\nlr = 0.1\n"
        'if lr:\n    %time x = 1\nepochs = (13  # (\n % 5)\nquery = """\n%s (\n!"""\nlast = \')\''
    )
    found = parameters(source)
    assert found["lr"].default == 0.1
    assert found["epochs"].default == 13 % 5
    assert found["query"].default == "\n%s (\n!"
    assert found["last"].default == ")"
    assert found["ls"].computed


@pytest.mark.parametrize(("magic", "names"), [("%%time", ["x"]), ("%%bash", []), ("%%writefile a.py", [])])
def test_cell_magics(magic, names):
    found = notebook_parameters(notebook(("parameters", f"{magic}\nx = 1")))
    assert [p.name for p in found.parameters] == names
    assert not found.problems


def test_a_parameters_cell_that_is_no_python_leaves_names_open():
    found = notebook_parameters(notebook("import os", ("parameters", "x = = 1")))
    assert not found.complete
    assert found.problems[0].startswith("Cell 2 is not valid Python (line 1)")


def test_another_language_is_passed_on_unread():
    found = notebook_parameters(notebook(("parameters", "x <- 1"), language="R"))
    assert not found.complete
    assert "notebook in r" in found.problems[0]


def test_only_the_first_tagged_cell_counts_as_in_papermill():
    found = notebook_parameters(notebook(("parameters", "x = 1"), ("parameters", "y = 1"), "z = 1"))
    assert [p.name for p in found.parameters] == ["x"]


@pytest.mark.parametrize(
    ("imported", "call"),
    [
        ("import valohai", "valohai.prepare"),
        ("import valohai as vh", "vh.prepare"),
        ("from valohai import prepare", "prepare"),
        ("from valohai import prepare as p", "p"),
    ],
)
def test_prepare_under_any_name(imported, call):
    found = notebook_parameters(
        notebook(
            imported, f"def main():\n    {call}(step='train', image='python:3.11', default_parameters={{'lr': 1}})"
        )
    )
    assert (found.step, found.image, found.defaults()) == ("train", "python:3.11", {"lr": 1})
    assert found.parameters[0].source == "prepare"


def test_a_function_of_the_same_name_is_not_ours():
    assert not notebook_parameters(notebook("other.prepare(default_parameters={'a': 1})\nprepare(x=1)")).parameters


def test_prepare_takes_names_of_earlier_cells():
    found = notebook_parameters(
        notebook(
            ("parameters", "lr = 0.5"),
            "defaults = {'lr': lr, 'epochs': 3}\ninputs = dict(data='a.csv')",
            "valohai.prepare(step='s', default_parameters=defaults, default_inputs=inputs)",
        )
    )
    assert found.defaults() == {"lr": 0.5, "epochs": 3}
    assert {p.name: p.source for p in found.parameters} == {"lr": "cell", "epochs": "prepare"}
    assert found.inputs == (Input("data", ("a.csv",)),)


def test_a_name_that_was_changed_in_a_loop_is_not_known():
    source = "n = 1\nfor i in range(3):\n    n = n + i\nvalohai.prepare(default_parameters={'n': n, 'm': 2})"
    found = notebook_parameters(notebook(source))
    assert found.parameter("n").computed
    assert found.defaults() == {"m": 2}


def test_long_forms():
    found = notebook_parameters(
        notebook(
            "valohai.prepare(default_parameters={"
            "'a': {'type': 'float', 'default': 1, 'description': 'what'},"
            "'b': {'default': 'x', 'choices': ['x', 'y']},"
            "'c': {'type': 'integer', 'optional': True},"
            "'d': {'type': 'string', 'default': 'q', 'multiple': 'repeat'},"
            "'e': {'layers': 3}},"
            "default_inputs={'one': {'default': 'u', 'optional': True}, 'many': ['u', 'v'], 'none': None})"
        )
    )
    a, b, c, d, e = found.parameters
    assert (a.type, a.default, a.help) == (Type.FLOAT, 1, "what")
    assert (b.type, b.choices) == (Type.STRING, ("x", "y"))
    assert (c.type, c.optional) == (Type.INTEGER, True)
    assert (d.type, d.default) == (Type.JSON, ["q"])
    assert (e.type, e.default) == (Type.JSON, {"layers": 3})
    assert found.inputs == (Input("one", ("u",), True), Input("many", ("u", "v")), Input("none", (), True))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("**options", "write its arguments out"),
        ("default_parameters=load()", "`default_parameters=load()`"),
        ("default_parameters={**load(), 'a': 1}", "names that are computed"),
        ("default_parameters={name(): 1}", "names that are computed"),
    ],
)
def test_prepare_that_cannot_be_read_leaves_names_open(arguments, problem):
    found = notebook_parameters(notebook(f"valohai.prepare({arguments})"))
    assert not found.complete
    assert problem in found.problems[0]


def test_one_computed_value_does_not_hide_the_others():
    found = notebook_parameters(
        notebook("valohai.prepare(step=name, default_parameters={'a': f(), 'b': 2}, default_inputs={'i': f'{x}'})")
    )
    assert [p.name for p in found.parameters] == ["a", "b"]
    assert found.complete
    assert found.inputs == (Input("i"),)
    assert len(found.problems) == 3


def test_the_older_inputs_cell():
    found = notebook_parameters(notebook(("inputs", "one = 'https://a/b'\nmany = ['a', 'b']\nbad = get()")))
    assert found.inputs == (Input("one", ("https://a/b",)), Input("many", ("a", "b")), Input("bad"))
    assert "`bad` (cell 1)" in found.problems[0]
    assert found.default_inputs() == {"one": ["https://a/b"], "many": ["a", "b"]}


def test_nothing_is_executed(tmp_path):
    mark = tmp_path / "ran"
    source = f"open({str(mark)!r}, 'w')\nx = open({str(mark)!r}, 'w')"
    notebook_parameters(notebook(("parameters", source), ("inputs", source), f"valohai.prepare(step={source[:20]!r})"))
    assert not mark.exists()


@pytest.mark.parametrize("nb", [{}, {"cells": None}, {"cells": [{}, 1, {"cell_type": "code"}], "metadata": None}])
def test_what_is_hardly_a_notebook(nb):
    assert notebook_parameters(nb).parameters == ()


def test_source_that_python_cannot_take():
    found = notebook_parameters(notebook(("parameters", "x = '\0'"), ("", "(" * 5000 + ")" * 5000)))
    assert "Cell 1 is not valid Python" in found.problems[0]
