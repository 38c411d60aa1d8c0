"""Files that code writes beside its outputs folder are spoken of."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from valo_jupyter.runtime.contract import Folders
from valo_jupyter.runtime.unkept import Checkout

ADVICE = "write to VH_OUTPUTS_DIR to keep files"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """An attempt's folders, made in the order and with the pauses that a job has at least."""
    made = Folders(tmp_path)
    made.inputs.mkdir()
    made.outputs.mkdir()
    time.sleep(0.02)
    for name in ("old.txt", "sub/old.py", "sub/linked"):
        (made.repository / name).parent.mkdir(parents=True, exist_ok=True)
        (made.repository / name).write_text("as committed")
    time.sleep(0.02)
    made.config.mkdir()
    (made.config / "parameters.json").write_text("{}")
    return made


@pytest.fixture
def checkout(folders: Folders) -> Checkout:
    ready = Checkout.ready(folders)
    time.sleep(0.02)
    return ready


def test_nothing_is_said_of_what_is_as_it_was(folders: Folders, checkout: Checkout):
    for name in (
        "__pycache__/a.cpython-311.pyc",
        ".ipynb_checkpoints/a.ipynb",
        ".cache/x",
        "sub/b.pyc",
        "empty/__pycache__/c",
    ):
        (folders.repository / name).parent.mkdir(parents=True, exist_ok=True)
        (folders.repository / name).write_text("x")
    os.chmod(folders.repository / "old.txt", 0o400)
    os.link(folders.repository / "sub/linked", folders.outputs / "linked")
    (folders.repository / "outputs").symlink_to(folders.outputs)
    (folders.outputs / "kept.txt").write_text("x")
    os.mkfifo(folders.repository / "pipe")
    assert checkout.hint() is None


def test_one_file(folders: Folders, checkout: Checkout):
    (folders.repository / "result.txt").write_text("x")
    assert checkout.hint() == f"result.txt was written in the project folder and is not kept; {ADVICE}"


def test_changed_and_copied_files_are_written_too(folders: Folders, checkout: Checkout, tmp_path: Path):
    (folders.repository / "sub/old.py").write_text("changed")
    original = tmp_path / "original"
    original.write_text("x")
    os.utime(original, (1e9, 1e9))
    shutil.copy2(original, folders.repository / "copied")
    assert checkout.hint() == f"copied and sub/old.py were written in the project folder and are not kept; {ADVICE}"


def test_many_files_are_counted(folders: Folders, checkout: Checkout):
    for name in ("result.txt", "outputs/x.txt", "outputs/y.txt", "outputs/deep/z.txt"):
        (folders.repository / name).parent.mkdir(parents=True, exist_ok=True)
        (folders.repository / name).write_text("x")
    said = checkout.hint()
    assert said == f"result.txt, outputs/x.txt and 2 more were written in the project folder and are not kept; {ADVICE}"


def test_a_search_that_is_too_long_ends(folders: Folders, checkout: Checkout):
    for number in range(30):
        (folders.repository / f"{number}").write_text("x")
    assert (checkout.hint(largest=10) or "").split(" written")[0].endswith(" more were")
    assert checkout.hint(largest=0) is None


def test_a_checkout_that_the_code_removed(folders: Folders, checkout: Checkout):
    shutil.rmtree(folders.repository)
    assert checkout.hint() is None
