"""The rule that kept a file from the machine is named when code misses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from valo_jupyter.runtime.left_out import explain_missing, rule_for

LEFT_OUT = [
    {"path": "big.bin", "rule": "over 100 MB (file size limit)"},
    {"path": "data/", "rule": ".gitignore:3 data/"},
]
REPOSITORY = Path("/job/repository")
DATA = "data/ exists on your side but was left out of the snapshot by .gitignore:3 data/"


@pytest.mark.parametrize(
    ("message", "cwd", "expected"),
    [
        ("[Errno 2] No such file or directory: 'data/x.csv'", "", DATA),
        ("[Errno 2] No such file or directory: '../data/deep/x.csv'", "notebooks", DATA),
        ("[Errno 2] No such file or directory: 'data'", "", DATA),
        # code that knows the top of the project
        ("[Errno 2] No such file or directory: 'data/x.csv'", "notebooks", DATA),
        ("[Errno 2] No such file or directory: '/job/repository/data/x.csv'", "notebooks", DATA),
        ("[Errno 2] No such file or directory: './data//x.csv'", "", DATA),
        ('File "data/x.csv" not found', "", DATA),
        ("File not found: data/x.csv", "", DATA),
        ("[Errno 2] No such file or directory: 'a' -> 'data/x.csv'", "", DATA),
        ("[Errno 2] No such file or directory: 'database/x.csv'", "", None),
        ("[Errno 2] No such file or directory: '/data/x.csv'", "", None),
        ("[Errno 2] No such file or directory: 'other'", "", None),
        ("[Errno 2] No such file or directory: '../../data/x'", "", None),
        ("", "", None),
    ],
)
def test_the_path_of_the_message(message: str, cwd: str, expected: str | None):
    assert explain_missing(message, LEFT_OUT, repository=REPOSITORY, cwd=REPOSITORY / cwd) == expected


def test_a_file():
    assert rule_for("big.bin", LEFT_OUT) == (
        "big.bin exists on your side but was left out of the snapshot by over 100 MB (file size limit)"
    )
    assert rule_for("big.bin.part", LEFT_OUT) is None
