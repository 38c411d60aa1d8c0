"""Packages of Valohai's client are unpacked as they are, and never outside their folder."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from valo_jupyter.domain.errors import Invalid, TooLarge
from valo_jupyter.snapshots import unpack_package


def member(name: str, content: bytes = b"", **fields) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def package(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path / "data.tgz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path / "data.tgz"


def test_files_links_and_modes(tmp_path):
    source = package(
        tmp_path,
        member("run.sh", b"#!/bin/sh\n", mode=0o755),
        member("deep/é" + "x" * 150 + "/data", b"\0" * 1000, mode=0o600),
        member("folder", type=tarfile.DIRTYPE),
        member("link", type=tarfile.SYMTYPE, linkname="deep/../run.sh"),
        member("deep/up", type=tarfile.SYMTYPE, linkname="../run.sh"),
        member("second", type=tarfile.LNKTYPE, linkname="run.sh"),
        member("./dotted/./file", b"x"),
    )
    unpack_package(source, tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "run.sh").stat().st_mode & stat.S_IXUSR
    assert (out / ("deep/é" + "x" * 150) / "data").read_bytes() == b"\0" * 1000
    assert (out / "folder").is_dir()
    assert os.readlink(out / "link") == "deep/../run.sh"
    assert os.readlink(out / "deep" / "up") == "../run.sh"
    assert (out / "second").read_bytes() == b"#!/bin/sh\n"
    assert (out / "second").stat().st_mode & stat.S_IXUSR
    assert (out / "dotted" / "file").exists()


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil", b"x")],
        [member("a/../../evil", b"x")],
        [member("/evil", b"x")],
        [member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
        [member("a/link", type=tarfile.SYMTYPE, linkname="../../evil")],
        [member("link", type=tarfile.LNKTYPE, linkname="../evil")],
        [member("link", type=tarfile.LNKTYPE, linkname="not-there")],
        [member("link", type=tarfile.SYMTYPE, linkname="sub"), member("link/evil", b"x")],
        [member("a/l1", type=tarfile.SYMTYPE, linkname=".."), member("a/l1/l2", type=tarfile.SYMTYPE, linkname="..")],
        [member("dir/file", b"x"), member("dir", type=tarfile.SYMTYPE, linkname="elsewhere")],
        [member("device", type=tarfile.CHRTYPE)],
        [member("pipe", type=tarfile.FIFOTYPE)],
        [member("file", b"x"), member("file/below", b"x")],
        [member("/".join("d" * 300), b"x")],
        [member("dir", type=tarfile.DIRTYPE), member("dir", b"x")],
    ],
)
def test_nothing_leaves_the_folder(tmp_path, members):
    box = tmp_path / "box"
    box.mkdir()
    source = package(tmp_path, *members)
    with pytest.raises(Invalid):
        unpack_package(source, box / "out")
    assert os.listdir(box) == ["out"]
    assert not (tmp_path / "evil").exists()


def test_bombs_are_refused_before_they_fill_the_disk(tmp_path):
    source = package(tmp_path, member("zeros", b"\0" * 5_000_000))
    assert source.stat().st_size < 20_000
    with pytest.raises(TooLarge):
        unpack_package(source, tmp_path / "out", max_bytes=1_000_000)
    assert not list((tmp_path / "out").iterdir())
    source = package(tmp_path, *(member(f"{number}") for number in range(20)))
    with pytest.raises(TooLarge):
        unpack_package(source, tmp_path / "out2", max_files=10)
    source = package(tmp_path, member("a", b"x" * 600), member("b", type=tarfile.LNKTYPE, linkname="a"))
    with pytest.raises(TooLarge):
        unpack_package(source, tmp_path / "out3", max_bytes=1000)


def test_headers_as_large_as_a_bomb_are_refused(tmp_path):
    source = package(tmp_path, member("a", b"x", pax_headers={"comment": "x" * 5_000_000}))
    with pytest.raises(Invalid, match="header"):
        unpack_package(source, tmp_path / "out")


def test_what_is_no_package_is_said(tmp_path):
    whole = package(tmp_path, member("a", os.urandom(10_000))).read_bytes()
    for content in (b"", b"nonsense", gzip.compress(b"no tar" * 200), whole[: len(whole) // 2], whole[:-20]):
        (tmp_path / "bad.tgz").write_bytes(content)
        with pytest.raises(Invalid, match="cannot be read"):
            unpack_package(tmp_path / "bad.tgz", tmp_path / f"out{len(content)}")
