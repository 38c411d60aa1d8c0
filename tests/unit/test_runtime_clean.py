"""What leaves the machine can be held by every file, browser and database."""

from __future__ import annotations

import json

import pytest

from valo_jupyter.runtime.clean import encoded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain é 日本 😀", "plain é 日本 😀"),
        ("half \ud83d of one", "half \ufffd of one"),
        ("the other half \ude00", "the other half \ufffd"),
        ("nul \0 here", "nul \ufffd here"),
        ("shows \\ud83d and \\u0000", "shows \\ud83d and \\u0000"),
        (
            {"k\0": ["a\ud83d", {"n": float("nan")}, float("-inf"), float("inf"), 1.5, True, None]},
            {"k\ufffd": ["a\ufffd", {"n": "NaN"}, "-Infinity", "Infinity", 1.5, True, None]},
        ),
    ],
)
def test_values(value, expected):
    text = encoded(value)
    assert text.isascii()
    assert json.loads(text) == expected
