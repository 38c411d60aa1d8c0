"""Addresses, patterns and words."""

from __future__ import annotations

import pytest

from valo_jupyter.domain import globs
from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.references import Reference, checked_name, parse
from valo_jupyter.domain.words import words_of


def test_addresses_are_what_they_begin_with() -> None:
    uuid = "0A0A0A0A-0000-4000-8000-000000000001"
    assert parse(f"datum://{uuid}") == Reference("datum", uuid.lower())
    assert parse("datum://my alias") == Reference("datum", "my alias")
    assert parse("dataset://d/latest") == Reference("dataset", "d", "latest")
    kinds = [parse(one).kind for one in ("s3://b/k", "x-y://z", "https://h/p", f"valo://{'0' * 64}", "data/x.csv")]
    assert kinds == ["store", "store", "web", "built-in", "path"]


@pytest.mark.parametrize("address", ["datum://", "dataset://d", "dataset://d/", "dataset:///v", "dataset://d/v/x"])
def test_half_addresses_are_refused(address: str) -> None:
    with pytest.raises(Invalid):
        parse(address)


@pytest.mark.parametrize("name", ["", " x", "a/b", "x\n", "x" * 256, 7])
def test_names_that_would_break_an_address(name: object) -> None:
    with pytest.raises(Invalid, match="An alias is"):
        checked_name("An alias", name)


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("a/*.png", ["a/b.png", "a/.png"], ["a/b/c.png", "b.png", "a/b.pngx"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb"]),
        ("a**/b", ["a/b", "ax/b", "ax/y/b"], ["ab", "b"]),
        ("f?[0-9].txt", ["fx1.txt"], ["f/1.txt", "fxa.txt"]),
        ("[!ab]", ["c"], ["a", "/"]),
        ("x[y", ["x[y"], ["xy"]),
        ("[z-a]", [], ["z", "a"]),
    ],
)
def test_patterns(pattern: str, matched: list[str], others: list[str]) -> None:
    matches = globs.compiled(pattern)
    assert [key for key in matched + others if matches.fullmatch(key)] == matched
    assert all(key.startswith(globs.fixed_part(pattern)) for key in matched)


def test_words() -> None:
    assert words_of("My-Model_v2.PKL", "tag v2") == ["my", "model", "v2", "pkl", "tag"]
