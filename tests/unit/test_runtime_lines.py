"""Lines from chunks, metadata from lines."""

from __future__ import annotations

import json
import random

import pytest

from valo_jupyter.runtime.lines import LineAssembler, metadata_of


def in_chunks(text: str, size: int) -> list[str]:
    assembler = LineAssembler()
    lines = [line for at in range(0, len(text), size) for line in assembler.feed(text[at : at + size])]
    return lines + assembler.flush()


def test_lines_do_not_depend_on_where_the_chunks_end():
    rng = random.Random(7)
    text = "".join(rng.choice(["a", "bc\n", "\n", "é\n", "xyz", "{}\n", "\r\n", "p\rq"]) for _ in range(500))
    whole = in_chunks(text, len(text))
    assert all(in_chunks(text, size) == whole for size in (1, 2, 3, 7, 64))
    assert len(whole) == text.count("\n") + (not text.endswith("\n"))


def test_other_separators_do_not_end_a_line():
    assert in_chunks("a\x0bb\x0c\u2028c\x85d\n", 3) == ["a\x0bb\x0c\u2028c\x85d"]


def test_a_progress_bar_is_one_line_as_it_ended():
    assert in_chunks("".join(f"\r{n}%" for n in range(101)) + "\nnext\n", 5) == ["100%", "next"]


def test_windows_ends():
    assert in_chunks("a\r\nb\r\n", 2) == ["a", "b"]


def test_an_endless_progress_bar_is_held_in_bounded_memory():
    assembler = LineAssembler()
    for n in range(20_000):
        assert assembler.feed(f"\r{n:08d} {'#' * 100}") == []
    assert sum(map(len, assembler._held)) < 200_000
    assert assembler.flush() == ["00019999 " + "#" * 100]


def test_a_return_folded_at_the_end_of_a_chunk_is_still_a_line_end():
    assembler = LineAssembler()
    big = "x" * 70_000
    assert assembler.feed("old\r" + big + "\r") == []
    assert assembler.feed("\n") == [big]


def test_a_line_without_end_is_cut():
    assembler = LineAssembler(max_line=10)
    lines = assembler.feed("a" * 25) + assembler.feed("b" * 4 + "\n" + "c" * 12 + "\n") + assembler.flush()
    assert "".join(lines) == "a" * 25 + "bbbb" + "c" * 12
    assert max(map(len, lines)) <= 10


def test_a_partial_line_can_be_shown_before_its_end():
    assembler = LineAssembler()
    assembler.feed("Continue? ")
    assert assembler.pending
    assert assembler.flush() == ["Continue? "]
    assert assembler.feed("yes\n") == ["yes"]


def test_a_json_object_alone_on_its_line_is_a_point():
    point = metadata_of(' {"epoch": 1, "loss": 0.5} ')
    assert point is not None
    assert (point.pop("_time") > "2020", point) == (True, {"epoch": 1, "loss": 0.5})
    assert metadata_of('{"a": 1, "_time": "2021"}') == {"a": 1, "_time": "2021"}
    assert metadata_of('{"a": 1}', "2022-01-01T00:00:00.000001") == {"a": 1, "_time": "2022-01-01T00:00:00.000001"}


@pytest.mark.parametrize(
    "line", ["", "{", "{}", "[1]", '"a"', "{a: 1}", "{'a': 1}", 'x {"a": 1}', '{"a": 1} {"b": 2}', "{" * 100_000 + "}"]
)
def test_other_lines_are_not(line: str):
    assert metadata_of(line) is None


def test_numbers_that_json_cannot_carry_become_text():
    point = metadata_of('{"a": NaN, "b": Infinity, "c": -Infinity, "d": [1e999, {"e": -1e999}], "_time": ""}')
    assert point == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": ["Infinity", {"e": "-Infinity"}], "_time": ""}
    assert "NaN," not in json.dumps(point, allow_nan=False)


def test_a_line_of_five_megabytes_is_a_point():
    line = json.dumps({"values": list(range(750_000))})
    assert len(line) > 5_000_000
    lines = in_chunks("before\n" + line + "\nafter\n", 65_536)
    assert lines == ["before", line, "after"]
    assert len((metadata_of(lines[1]) or {})["values"]) == 750_000
