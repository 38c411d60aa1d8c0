"""What users install: a wheel built from the sdist without Node, which JupyterLab enables with no further step."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def command(*words: str | Path, cwd: Path, path: str | None = None) -> str:
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environment, text=True, capture_output=True, timeout=280
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_wheel_from_the_sdist_without_node(tmp_path: Path) -> None:
    # the front end is built already (make front); the sdist carries it
    command(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", tmp_path, ROOT, cwd=ROOT)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert not list(source.rglob("node_modules"))
    without_node = tmp_path / "bin"
    without_node.mkdir()
    for program in ("git", "sh", "env"):
        for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
            if Path(folder, program).exists():
                (without_node / program).symlink_to(Path(folder, program))
                break
    command(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path, source,
        cwd=tmp_path, path=str(without_node),
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    shared = [name.split("/data/", 1)[1] for name in names if "/data/" in name]
    assert "share/jupyter/labextensions/valo-jupyter/package.json" in shared
    assert "share/jupyter/labextensions/valo-jupyter/install.json" in shared
    assert "etc/jupyter/jupyter_server_config.d/valo_jupyter.json" in shared
    assert any(name.startswith("valo_jupyter/db/migrations/versions/0001") for name in names)
    assert not any("test" in name.split("/")[0] or "benchmarks" in name for name in names)

    # the libraries come from this environment; the package itself from the wheel alone
    home = tmp_path / "venv"
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    site = next(home.glob("lib/python*/site-packages"))
    command(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    here = Path(sys.prefix) / site.relative_to(home)
    (site / "libraries.pth").write_text(f"{here}\n")
    listed = command(python, "-c", "from jupyterlab.labextensions import main; main()", "list", cwd=tmp_path)
    lines = [line for line in listed.splitlines() if "valo-jupyter" in line]
    assert lines, listed
    assert "enabled" in lines[0]
    assert "OK" in lines[0]
    extensions = command(python, "-m", "jupyter_server.extension.serverextension", "list", cwd=tmp_path)
    assert "valo_jupyter" in extensions
    where = command(python, "-c", "import valo_jupyter; print(valo_jupyter.__file__)", cwd=tmp_path)
    assert str(home) in where
    assert "usage" in command(home / "bin" / "jupyter-valo", "--help", cwd=tmp_path)
