"""Which folder a notebook belongs to."""

from __future__ import annotations

import os

from tests.parts.folders import git, write
from valo_jupyter.snapshots import project_folder


def test_the_git_root_comes_first(tmp_path):
    folder = tmp_path / "project"
    write(folder, {"deep/er/n.ipynb": "", "deep/valohai.yaml": ""})
    assert project_folder(folder / "deep" / "er" / "n.ipynb") == folder / "deep"
    git(folder, "init", "-q")
    assert project_folder(folder / "deep" / "er" / "n.ipynb") == folder
    write(folder, {"deep/er/.git/config": "no repository"})
    assert project_folder(folder / "deep" / "er" / "n.ipynb") == folder


def test_a_worktree_is_a_root_of_its_own(tmp_path):
    write(tmp_path / "main", {"a": ""})
    git(tmp_path / "main", "init", "-q")
    git(tmp_path / "main", "add", ".")
    git(tmp_path / "main", "commit", "-q", "-m", "first")
    git(tmp_path / "main", "worktree", "add", "-q", "sub/tree")
    write(tmp_path / "main" / "sub" / "tree", {"nb/n.ipynb": ""})
    assert project_folder(tmp_path / "main" / "sub" / "tree" / "nb" / "n.ipynb") == tmp_path / "main" / "sub" / "tree"


def test_valohais_files_and_the_folder_itself(tmp_path):
    write(tmp_path, {"plain/n.ipynb": "", "linked/.valo": "", "linked/deep/n.ipynb": ""})
    assert project_folder(tmp_path / "plain" / "n.ipynb") == tmp_path / "plain"
    assert project_folder(tmp_path / "linked" / "deep" / "n.ipynb") == tmp_path / "linked"


def test_the_folder_is_the_real_one_but_the_notebook_may_be_a_link(tmp_path):
    write(tmp_path, {"real/valohai.yaml": "", "real/n.ipynb": "", "other/x.ipynb": ""})
    os.symlink(tmp_path / "real", tmp_path / "link")
    os.symlink(tmp_path / "other" / "x.ipynb", tmp_path / "real" / "x.ipynb")
    assert project_folder(tmp_path / "link" / "n.ipynb") == tmp_path / "real"
    assert project_folder(tmp_path / "real" / "x.ipynb") == tmp_path / "real"
