"""Kinds of stores are found by name and imported when first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from valo_jupyter import stores
from valo_jupyter.stores.errors import Misconfigured


def test_an_unknown_kind_names_those_there_are():
    with pytest.raises(Misconfigured, match=r"“ftp”.*http, local"):
        stores.open_store({"type": "ftp"})


def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(stores._KNOWN, "cloud", ("valo_jupyter_no_such_sdk:Store", "cloud"))
    with pytest.raises(Misconfigured, match=r"pip install 'valo-jupyter\[cloud\]'"):
        stores.open_store({"type": "cloud"})


def test_settings_without_a_folder():
    with pytest.raises(Misconfigured, match="root"):
        stores.open_store({"type": "local"})


def test_the_registry_imports_no_store():
    code = "import sys, valo_jupyter.stores; print(*(m for m in sys.modules if m.startswith('valo_jupyter.stores')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["valo_jupyter.stores", "valo_jupyter.stores.errors"]
