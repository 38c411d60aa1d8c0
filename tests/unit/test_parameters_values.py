"""Values given for a run are checked against what the notebook declares, before anything is sent."""

import math
import subprocess
import sys

import pytest

from valo_jupyter.domain.errors import UnknownParameter, WrongParameterType
from valo_jupyter.domain.interface import NotebookInterface, Parameter, Type, check_values


def takes(kind, **more):
    return NotebookInterface((Parameter("x", kind, **more),))


@pytest.mark.parametrize(
    ("kind", "given", "typed"),
    [
        (Type.INTEGER, "5", 5),
        (Type.INTEGER, " -5 ", -5),
        (Type.INTEGER, 5.0, 5),
        (Type.FLOAT, 5, 5.0),
        (Type.FLOAT, "1e-3", 0.001),
        (Type.FLAG, "true", True),
        (Type.FLAG, "No", False),
        (Type.FLAG, False, False),
        (Type.STRING, "5", "5"),
        (Type.STRING, "", ""),
        (Type.STRING, 5, "5"),
        (Type.JSON, "[1, 2]", [1, 2]),
        (Type.JSON, {"a": 1}, {"a": 1}),
        (Type.ANY, "5", 5),
        (Type.ANY, "0.5", 0.5),
        (Type.ANY, "True", True),
        (Type.ANY, "nan", "nan"),
        (Type.ANY, "text", "text"),
        (Type.ANY, [1], [1]),
        (Type.ANY, None, None),
    ],
)
def test_typed(kind, given, typed):
    value = check_values(takes(kind), {"x": given})["x"]
    assert value == typed
    assert type(value) is type(typed)


def test_a_float_may_be_infinite_and_nan():
    assert math.isnan(check_values(takes(Type.FLOAT), {"x": "nan"})["x"])
    assert check_values(takes(Type.FLOAT), {"x": float("inf")})["x"] == math.inf


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Type.INTEGER, "five"),
        (Type.INTEGER, 5.5),
        (Type.INTEGER, True),
        (Type.INTEGER, math.inf),
        (Type.INTEGER, [5]),
        (Type.FLOAT, "much"),
        (Type.FLOAT, True),
        (Type.FLAG, "maybe"),
        (Type.FLAG, 1),
        (Type.STRING, ["a"]),
        (Type.STRING, None),
        (Type.JSON, "{broken"),
        (Type.JSON, "5"),
    ],
)
def test_a_wrong_type_says_what_was_expected(kind, given):
    with pytest.raises(WrongParameterType, match=r"Parameter `x` takes .* is not") as caught:
        check_values(takes(kind), {"x": given})
    assert caught.value.to_json()["details"] == {"parameter": "x", "expected": kind.value}


def test_a_parameter_without_a_default_may_be_left_empty():
    interface = takes(Type.INTEGER, optional=True)
    assert check_values(interface, {"x": None}) == {"x": None}
    assert check_values(interface, {"x": ""}) == {"x": None}


def test_choices():
    interface = takes(Type.STRING, choices=("a", "b"))
    assert check_values(interface, {"x": "a"}) == {"x": "a"}
    with pytest.raises(WrongParameterType, match="is one of 'a', 'b'; 'c' is not"):
        check_values(interface, {"x": "c"})


def test_an_unknown_name_lists_the_known_ones_and_the_nearest():
    interface = NotebookInterface((Parameter("learning_rate", Type.FLOAT), Parameter("epochs", Type.INTEGER)))
    with pytest.raises(UnknownParameter) as caught:
        check_values(interface, {"learning_rat": 1})
    assert caught.value.message == (
        "This notebook has no parameter `learning_rat`. Did you mean `learning_rate`? It has: learning_rate, epochs."
    )
    assert caught.value.details["nearest"] == "learning_rate"


def test_a_notebook_without_parameters_says_how_to_declare_one():
    with pytest.raises(UnknownParameter, match="Give a cell the tag `parameters`"):
        check_values(NotebookInterface(), {"x": 1})


def test_a_notebook_that_could_not_be_read_takes_any_name():
    interface = NotebookInterface((Parameter("n", Type.INTEGER),), complete=False)
    assert check_values(interface, {"x": "5", "n": "1"}) == {"x": 5, "n": 1}


def test_reading_parameters_needs_no_jupyter():
    code = "import sys, valo_jupyter.domain.parameters; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"IPython", "papermill", "nbformat", "jupyter_core", "traitlets"} & set(loaded)
