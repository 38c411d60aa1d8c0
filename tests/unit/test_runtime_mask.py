"""Secrets are shown nowhere."""

from __future__ import annotations

import json
from urllib.parse import quote

from valo_jupyter.runtime.mask import Mask


def test_every_way_of_writing_a_secret_is_hidden():
    secret = 'pä"ss/w\\rd+1'
    mask = Mask([secret])
    for form in (
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        repr(secret),
        quote(secret, safe=""),
    ):
        masked = mask.text(f"before {form} after {form}")
        assert masked.count("***") == 2
        assert "ss" not in masked


def test_a_key_of_several_lines_is_hidden_without_changing_their_number():
    key = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n"
    masked = Mask([key]).text(f"x\n{key}y")
    assert masked.split("\n") == ["x", "***", "***", "***", "***", "y"]
    assert "abcdefgh" not in Mask([key]).text(json.dumps({"k": key}))
    assert "ijkl" not in Mask([key]).text(repr(key))


def test_longer_secrets_go_first():
    assert Mask(["secret", "secret-and-more"]).text("a secret-and-more b secret") == "a *** b ***"


def test_values_that_occur_by_chance_are_left_alone():
    assert Mask(["", "1", "abc"]).text("1 abc") == "1 abc"
    assert not Mask(["", "abc"])


def test_nested_values_and_lines():
    mask = Mask(["hunter22"])
    assert mask.value({"a": ["hunter22", 1, None], "hunter22": {"b": "x hunter22"}}) == {
        "a": ["***", 1, None],
        "***": {"b": "x ***"},
    }
    lines = ["one", "two"]
    assert mask.lines(lines) is lines
    assert mask.lines(["one", "my hunter22"]) == ["one", "my ***"]


def test_what_is_too_short_is_known():
    assert Mask.hides("abcd")
    assert Mask.hides("abcd\nef")
    assert Mask.hides(" ")
    assert not Mask.hides("abc")
    assert not Mask.hides("ab\ncd")


def test_a_number_may_be_a_secret_too():
    mask = Mask(["1234567"])
    assert mask.value({"pin": 1234567, "on": True}, numbers=True) == {"pin": "***", "on": True}
    assert mask.value({"pin": 1234567}) == {"pin": 1234567}
