"""What is left out, and by which rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.parts.folders import git, write
from valo_jupyter.snapshots import Choice, Snapshot, checkout, snapshot


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "repository.git"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


def rules(taken: Snapshot) -> dict[str, str]:
    return {entry.path: entry.rule for entry in taken.left_out}


def test_each_rule_is_named(folder, store):
    write(
        folder,
        {
            ".gitignore": "# data\n\ndata/\n*.log\n!keep.log\n",
            "sub/.gitignore": "/local\n",
            ".vhignore": "*.bin\n!good.bin\n/raw/\n",
            "data/a.csv": "x",
            "a.log": "x",
            "keep.log": "x",
            "sub/local": "x",
            "local": "x",
            "a.bin": "x",
            "good.bin": "x",
            "raw/a": "x",
            "deep/raw/a": "x",
            "notes.draft": "x",
            ".ipynb_checkpoints/n.ipynb": "x",
            "pkg/__pycache__/m.pyc": "x",
            "web/node_modules/m/index.js": "x",
            "env/pyvenv.cfg": "x",
            "env/bin/python": "x",
            "miniconda/conda-meta/history": "x",
            "target/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55",
            "big.dat": b"\0" * 1001,
        },
    )
    taken = snapshot(folder, store, choice=Choice(max_file_bytes=1000, ignore=("*.draft",)))
    assert rules(taken) == {
        "data/": ".gitignore:3 data/",
        "a.log": ".gitignore:4 *.log",
        "sub/local": "sub/.gitignore:1 /local",
        "a.bin": ".vhignore:1 *.bin",
        "raw/": ".vhignore:3 /raw/",
        "notes.draft": "setting:1 *.draft",
        ".ipynb_checkpoints/": "default ignore list: .ipynb_checkpoints",
        "pkg/__pycache__/": "default ignore list: __pycache__",
        "web/node_modules/": "default ignore list: node_modules",
        "env/": "default ignore list: a virtual environment",
        "miniconda/": "default ignore list: a conda environment",
        "target/": "default ignore list: a cache (CACHEDIR.TAG)",
        "big.dat": "over 0.001 MB (file size limit)",
    }
    assert taken.left_out[0].path == "big.dat"
    assert taken.left_out[0].size == 1001
    assert Choice().max_file_bytes == 100_000_000


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".env", "secret place: .env"),
        (".env.production", "secret place: .env.production"),
        ("deep/.ssh/config", "secret place: .ssh"),
        (".aws/credentials", "secret place: .aws"),
        ("home/.config/gcloud/x.json", "secret place: .config/gcloud"),
        (".docker/config.json", "secret place: .docker/config.json"),
        ("id_ed25519", "secret place: id_ed25519"),
        (".netrc", "secret place: .netrc"),
        ("keys/server.pem", "secret place: private key in server.pem"),
    ],
)
def test_secret_places_are_taken_only_when_named(folder, store, tmp_path, path, rule):
    content = "-----BEGIN PRIVATE KEY-----\nabc\n" if path.endswith(".pem") else "secret"
    write(folder, {path: content, "code.py": "", "keys/public.pem": "-----BEGIN CERTIFICATE-----\n"})
    write(folder, {".env.example": "", "id_rsa.pub": ""})
    git(folder, "init", "-q")
    git(folder, "add", "-f", ".")  # tracked or not makes no difference
    first = snapshot(folder, store)
    found = [text for left, text in rules(first).items() if path.startswith(left)]
    assert found == [rule]
    named = snapshot(folder, store, choice=Choice(name_secrets=(path,)))
    checkout(store, named.commit, tmp_path / "out")
    assert (tmp_path / "out" / path).read_text() == content
    assert (tmp_path / "out" / ".env.example").exists()
    assert (tmp_path / "out" / "keys" / "public.pem").exists()


def test_only_the_named_file_of_a_secret_folder_is_taken(folder, store, tmp_path):
    write(folder, {".aws/config": "region", ".aws/credentials": "secret"})
    taken = snapshot(folder, store, choice=Choice(name_secrets=(".aws/config",)))
    checkout(store, taken.commit, tmp_path / "out")
    assert os.listdir(tmp_path / "out" / ".aws") == ["config"]
    assert rules(taken) == {".aws/credentials": "secret place: .aws"}


def test_a_key_that_appears_in_a_known_file_is_left_out(folder, store):
    write(folder, {"server.pem": "-----BEGIN CERTIFICATE-----\n"})
    assert snapshot(folder, store).files == 1
    write(folder, {"server.pem": "-----BEGIN RSA PRIVATE KEY-----\n"})
    assert rules(snapshot(folder, store)) == {"server.pem": "secret place: private key in server.pem"}
    write(folder, {"server.pem": "-----BEGIN CERTIFICATE-----\n"})
    assert snapshot(folder, store).files == 1


def test_what_git_tracks_is_taken_although_it_is_ignored(folder, store, tmp_path):
    git(folder, "init", "-q")
    write(
        folder, {".gitignore": "data/\n*.csv\n", "data/keep.csv": "k", "data/drop.csv": "d", "__pycache__/m.pyc": "m"}
    )
    git(folder, "add", ".gitignore")
    assert set(rules(snapshot(folder, store))) == {".git/", "data/", "__pycache__/"}
    git(folder, "add", "-f", "data/keep.csv", "__pycache__/m.pyc")
    taken = snapshot(folder, store)
    checkout(store, taken.commit, tmp_path / "out")
    assert os.listdir(tmp_path / "out" / "data") == ["keep.csv"]
    assert (tmp_path / "out" / "__pycache__" / "m.pyc").exists()
    assert rules(taken)["data/drop.csv"].startswith(".gitignore:")
    git(folder, "rm", "-q", "--cached", "data/keep.csv")
    assert rules(snapshot(folder, store))["data/"] == ".gitignore:1 data/"


def test_what_a_submodule_tracks_is_taken_although_the_project_ignores_it(folder, store, tmp_path):
    git(folder, "init", "-q")
    write(folder, {".gitignore": "*.bin\n", "lib/weights.bin": "w", "lib/other.bin": "o"})
    git(folder / "lib", "init", "-q")
    git(folder / "lib", "add", "-f", "weights.bin")
    taken = snapshot(folder, store)
    checkout(store, taken.commit, tmp_path / "out")
    assert os.listdir(tmp_path / "out" / "lib") == ["weights.bin"]


def test_the_users_own_ignore_files_count(folder, store, private_home):
    git(folder, "init", "-q")
    write(folder, {"a.one": "", "a.two": "", "a.three": ""})
    write(private_home, {".config/git/ignore": "*.one\n", "mine": "*.two\n"})
    write(folder, {".git/info/exclude": "*.three\n"})
    assert set(rules(snapshot(folder, store))) == {".git/", "a.one", "a.three"}
    write(private_home, {".gitconfig": "[core]\n\texcludesFile = ~/mine\n"})
    taken = snapshot(folder, store)
    assert rules(taken) == {
        ".git/": "default ignore list: .git", "a.two": "~/mine:1 *.two", "a.three": ".git/info/exclude:1 *.three",
    }  # fmt: skip
    assert [entry["path"] for entry in taken.git["dirty"]] == ["a.one"]


def test_changed_rules_hold_for_the_next_snapshot(folder, store):
    write(folder, {"sub/deep/a.log": "x", "sub/deep/b.txt": "x"})
    assert snapshot(folder, store).files == 2
    write(folder, {"sub/.gitignore": "*.log\n"})
    assert rules(snapshot(folder, store)) == {"sub/deep/a.log": "sub/.gitignore:1 *.log"}
    write(folder, {"sub/.gitignore": "*.txt\n"})
    assert rules(snapshot(folder, store)) == {"sub/deep/b.txt": "sub/.gitignore:1 *.txt"}
    (folder / "sub" / ".gitignore").unlink()
    assert rules(snapshot(folder, store)) == {}
    write(folder, {".vhignore": "deep/\n"})
    assert rules(snapshot(folder, store)) == {"sub/deep/": ".vhignore:1 deep/"}
    assert rules(snapshot(folder, store, choice=Choice(ignore=("sub",)))) == {"sub/": "setting:1 sub"}


def test_an_ignored_ignore_file_that_changes_counts(folder, store):
    write(folder, {".gitignore": ".gitignore\n*.a\n", "x.a": "", "x.b": ""})
    os.utime(folder / ".gitignore", (1, 1))
    assert set(rules(snapshot(folder, store))) == {".gitignore", "x.a"}
    write(folder, {".gitignore": ".gitignore\n*.b\n"})
    assert set(rules(snapshot(folder, store))) == {".gitignore", "x.b"}


def test_a_file_that_grows_over_the_limit_and_shrinks_again(folder, store):
    choice = Choice(max_file_bytes=10)
    write(folder, {"data": "1234567890"})
    assert snapshot(folder, store, choice=choice).files == 1
    write(folder, {"data": "12345678901"})
    assert snapshot(folder, store, choice=choice).left_out[0].size == 11
    write(folder, {"data": "123456789012"})
    assert snapshot(folder, store, choice=choice).left_out[0].size == 12
    write(folder, {"data": "1"})
    assert snapshot(folder, store, choice=choice).files == 1


def test_the_notebook_is_always_taken(folder, store, tmp_path):
    notebook = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    write(
        folder, {".gitignore": "drafts/\n", "drafts/a.ipynb": notebook, "drafts/b.ipynb": notebook, "drafts/c.txt": ""}
    )
    first = snapshot(folder, store, notebook=Path("drafts/a.ipynb"))
    checkout(store, first.commit, tmp_path / "one")
    assert os.listdir(tmp_path / "one" / "drafts") == ["a.ipynb"]
    second = snapshot(folder, store, notebook=folder / "drafts" / "b.ipynb")
    checkout(store, second.commit, tmp_path / "two")
    assert os.listdir(tmp_path / "two" / "drafts") == ["b.ipynb"]


def test_odd_names_are_judged_like_others(folder, store):
    write(folder, {".gitignore": "*.log\n", ":(glob)a.log": "", ":b.txt": "", "new\nline.log": "", "star*.log": ""})
    assert set(rules(snapshot(folder, store))) == {":(glob)a.log", "new\nline.log", "star*.log"}
