"""Outputs' names without secrets."""

from __future__ import annotations

from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.naming import OutputNames


def test_names_without_a_secret_stay():
    names = OutputNames(Mask(["hunter22"]))
    names.add(["hunter22.txt", "***.txt", "a/b.txt"])
    assert [names.shown(name) for name in ("***.txt", "a/b.txt", "hunter22.txt")] == ["***.txt", "a/b.txt", "***-2.txt"]


def test_a_name_given_out_is_never_another_files():
    names = OutputNames(Mask(["hunter22", "sesame33"]))
    names.add(["d/hunter22.txt"])
    names.add(["d/***.txt", "d/***-2.txt", "d/hunter22.txt", "d/sesame33.txt", "hunter22"])
    shown = {name: names.shown(name) for name in ("d/hunter22.txt", "d/***.txt", "d/***-2.txt", "d/sesame33.txt")}
    assert shown["d/hunter22.txt"] == "d/***.txt"
    assert len(set(shown.values())) == 4
    assert names.shown("hunter22") == "***"
