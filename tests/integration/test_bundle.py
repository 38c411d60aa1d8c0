"""What a server sends of itself to machines elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import valo_jupyter
from valo_jupyter.engines import bundle

#: what a server needs and a machine does not
SERVER_ONLY = ("alembic", "anywidget", "ipywidgets", "jupyter_server", "multipart", "sqlalchemy", "valohai_yaml")
BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is blocked")
sys.meta_path.insert(0, Blocker())
import valo_jupyter.engines.remote, valo_jupyter.engines.worker, valo_jupyter.engines.fence
import valo_jupyter.engines.remains, valo_jupyter.engines.install, valo_jupyter.runtime.job
import valo_jupyter.stores.server, valo_jupyter.runtime.containers
print(valo_jupyter.__file__)
print(*sorted(name for name in sys.modules if name.startswith("valo_jupyter.")))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle.wheel(tmp_path_factory.mktemp("wheel"))


def test_the_same_code_is_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    again = bundle.wheel(tmp_path)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    assert bundle.digest() in wheel.name
    before = again.stat().st_mtime_ns
    assert bundle.wheel(tmp_path).stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_it_holds_the_code_and_asks_for_no_server(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        assert {"valo_jupyter/engines/remote.py", "valo_jupyter/engines/watchdog.py"} <= set(names)
        assert not [name for name in names if "labextension" in name or "__pycache__" in name]
        about = f"valo_jupyter-{valo_jupyter.__version__}.dist-info"
        wanted = [line for line in file.read(f"{about}/METADATA").decode().splitlines() if "Requires-Dist" in line]
        assert any("distributed" in line for line in wanted)
        assert not [line for line in wanted if "sqlalchemy" in line or "jupyter-server" in line or "extra" in line]
        for line in file.read(f"{about}/RECORD").decode().splitlines()[:-1]:
            name, digest, size = line.rsplit(",", 2)
            content = file.read(name)
            assert (len(content), digest[:7]) == (int(size), "sha256=")


def test_a_machine_runs_without_what_only_a_server_needs(wheel: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(blocked=SERVER_ONLY)],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place, modules = done.stdout.splitlines()
    assert place.startswith(str(wheel))
    rooms = {name.split(".")[1] for name in modules.split()}
    assert not rooms & {"api", "db", "jupyter", "server", "services"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "bootstrap.sh"
    path.write_text(bundle.bootstrap())
    return path


def run(script: Path, wheel: Path, folder: Path, *python: str, path: str | None = None) -> subprocess.CompletedProcess:
    # without a configuration, the machine's program says what it misses, once it runs
    return subprocess.run(
        ["sh", str(script), str(wheel), str(folder), *python],
        input="{}\n",
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, **({"PATH": path} if path else {})},
    )


def test_a_python_that_has_this_very_code_is_used_as_it_is(script: Path, wheel: Path, tmp_path: Path) -> None:
    done = run(script, wheel, tmp_path / "folder", sys.executable)
    assert "this machine cannot start: KeyError('version')" in done.stderr
    assert not (tmp_path / "folder").exists()


@pytest.mark.slow
def test_another_code_is_installed_once_for_all(script: Path, wheel: Path, tmp_path: Path) -> None:
    # what is there already is enough, so that nothing is asked of a package index
    other = tmp_path / wheel.name.replace(bundle.digest(), "0123456789abcdef")
    other.write_bytes(wheel.read_bytes())
    folder = tmp_path / "folder"
    words = [str(script), str(other), str(folder), sys.executable]
    environment = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    both = [
        subprocess.Popen(["sh", *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    said = [one.communicate("{}\n", timeout=280)[1] for one in both]
    assert all("KeyError('version')" in text for text in said), said
    python = folder / "runtimes" / "0123456789abcdef" / "bin" / "python"
    code = (
        "import valo_jupyter, json, importlib.metadata as m; print(json.dumps([valo_jupyter.__file__, m.requires(%r)]))"
    )
    said = subprocess.check_output([python, "-c", code % "valo-jupyter"], cwd="/", text=True)
    place, requires = json.loads(said)
    assert place.startswith(str(folder))
    assert sorted(requires) == bundle.requirements()


def test_what_is_missing_is_named(script: Path, wheel: Path, tmp_path: Path) -> None:
    done = run(script, wheel, tmp_path, "/nowhere/python3")
    assert done.returncode == 1
    assert "There is no /nowhere/python3 on " in done.stderr
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.6.8"\nexit 1\n')
    old.chmod(0o755)
    done = run(script, wheel, tmp_path, path=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, "is Python 3.6.8: a machine needs Python 3.10 or newer" in done.stderr) == (1, True)
    strange = tmp_path / "strange.whl"
    strange.write_bytes(wheel.read_bytes())
    assert "is no wheel of a Valo server" in run(script, strange, tmp_path, sys.executable).stderr
