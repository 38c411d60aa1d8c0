"""A notebook whose kernel runs in a container: as a process does it, and how containers fail."""

from __future__ import annotations

import json
import os
import time

import nbformat
import pytest

from tests.parts import images

WHERE = "import os; print(os.getcwd(), os.environ['VH_INPUTS_DIR'], os.path.exists('/valohai/config/inputs.json'))"
MEGABYTES = 1024 * 1024


def test_cells_metadata_outputs_and_what_ran(bench, box):
    (bench.project / "data.txt").write_text("of the project")
    status = bench.notebook(
        WHERE,
        "held = bytearray(100_000_000)\nprint('{\"accuracy\": 0.5}')\nprint(open('data.txt').read())",
        "import json; print(open(json.load(open('/valohai/config/inputs.json'))['data']['files'][0]['path']).read())",
        "folder = os.environ['VH_OUTPUTS_DIR']\n"
        "open(folder + '/model.bin', 'w').write('42')\n"
        "os.symlink('/valohai/outputs/model.bin', folder + '/latest')\n"
        "os.symlink('/etc/hostname', folder + '/astray')",
        "!echo from a shell; id -u",
        "import time; time.sleep(0.6); 6 * 7",
        container=box(),
        inputs=[{"name": "data", "uris": ["data.txt"], "keep_directories": "none", "filename": None}],
    )
    assert (status, bench.end["reason"]) == ("complete", "")
    assert bench.server.lines("stdout")[:2] == ["/valohai/repository /valohai/inputs True", '{"accuracy": 0.5}']
    assert bench.server.lines("stdout")[2:4] == ["of the project"] * 2
    assert [event["values"]["accuracy"] for event in bench.server.of("metadata")] == [0.5]
    assert (bench.stored("model.bin"), bench.stored("latest")) == (b"42", b"42")
    assert "astray" not in {output["name"] for output in bench.server.outputs}
    executed = nbformat.reads(bench.stored("notebook.ipynb").decode(), 4)
    assert executed.cells[-1].outputs[0].data["text/plain"] == "42"
    assert bench.end["peak_memory_bytes"] > 100_000_000
    small, large, *_ = (cell["peak_memory_bytes"] for cell in bench.server.of("cell") if cell["state"] == "done")
    assert large - small > 90_000_000
    assert executed.cells[1].metadata.valo.peak_memory_bytes == large
    assert bench.end["capture"]["packages"]["ipykernel"]
    assert not bench.end["capture"]["warm"]
    assert bench.end["seconds"].keys() >= {"image", "kernel", "run", "outputs"}
    (image,) = bench.server.images
    assert (image["reference"], image["entry"]) == (f"docker.io/{images.NOTEBOOK}", None)
    assert image["digest"].startswith("sha256:")
    assert bench.server.machine["containers"]["engine"].startswith("Docker ")


def test_a_failing_cell_is_told_as_always(bench, box):
    assert bench.notebook("1 / 0", container=box()) == "error"
    assert bench.end["reason"] == "failed in cell 1: ZeroDivisionError: division by zero"


def test_a_missing_file_that_was_left_out(bench, box):
    left_out = [{"path": "big.csv", "rule": "over 100 MB"}]
    bench.notebook("open('/valohai/repository/big.csv')", container=box(), left_out=left_out)
    assert "big.csv exists on your side but was left out of the snapshot" in bench.end["reason"]


@pytest.mark.parametrize(
    ("image", "said"),
    [(images.PYTHON, "add ipykernel to it, `pip install ipykernel`"), (images.TINY, "no Python on its PATH")],
)
def test_an_image_without_a_kernel(bench, box, image: str, said: str):
    assert bench.notebook("1", container=box(image)) == "error"
    assert bench.end["error"]["code"] == "image_without_kernel"
    assert said in bench.end["reason"]


def test_a_kernel_that_the_image_does_not_have(bench, box, dockerd):
    begun = int(time.time())
    bench.notebook("1", container=box(), notebook_kernel={"name": "ir", "language": "R"})
    until = int(time.time()) + 1
    created = dockerd.client.events(since=begun, until=until, filters={"event": "create"}, decode=True)
    labels = [event["Actor"]["Attributes"].get("valo.execution") for event in created if event["Type"] == "container"]
    # the container that its kernels are read from is found, too, should the machine end
    assert labels
    assert None not in labels
    assert bench.end["error"]["code"] == "image_without_kernel"
    assert "no kernel “ir”; it has python3" in bench.end["reason"]


def test_a_kernel_of_the_users_own_virtual_environment_is_python_in_the_image(bench, box):
    kernel = {"name": "my-venv", "language": "python", "argv": ["/home/ana/venv/bin/python"]}
    assert bench.notebook("print(6 * 7)", container=box(), notebook_kernel=kernel) == "complete"
    assert bench.server.lines("stdout") == ["42"]


def test_out_of_memory(bench, box):
    limit = 128 * MEGABYTES
    assert bench.notebook("1", "held = bytearray(10**9)", container=box(memory_bytes=limit)) == "crashed"
    assert bench.end["reason"] == "the container ran out of memory: its limit is 128 MB (cell 2)"


def test_a_kernel_that_ends_itself(bench, box):
    assert bench.notebook("import os; os._exit(3)", container=box()) == "error"
    assert bench.end["reason"] == "the kernel ended with exit code 3 in cell 1"
    assert json.loads(bench.server.notebooks[-1])["cells"]


def test_a_stop_interrupts_the_cell(bench, box):
    def ask(path: str) -> None:
        if "ready" in bench.server.lines():
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 60.0}

    bench.server.on_request = ask
    cell = "import time\ntry:\n    print('ready')\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    print('saved')"
    begun = time.monotonic()
    assert bench.notebook(cell, "print('never')", container=box()) == "stopped"
    assert time.monotonic() - begun < 60
    assert bench.server.lines("stdout") == ["ready", "saved"]


def test_a_stop_kills_what_does_not_heed_it(bench, box):
    def ask(path: str) -> None:
        if "ready" in bench.server.lines():
            bench.server.stop = {"by": "ana", "reason": "stopped by ana", "kill_after": 1.0}

    bench.server.on_request = ask
    cell = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('ready')\nwhile 1: time.sleep(1)"
    assert bench.notebook(cell, container=box()) == "stopped"
    assert bench.end["reason"] == "stopped by ana, in cell 1"


def test_the_time_limit(bench, box):
    limits = {"time_limit": 4.0, "no_output_timeout": None}
    assert bench.notebook("import time; time.sleep(600)", container=box(), limits=limits) == "error"
    assert "the time limit of 4 s was reached" in bench.end["reason"]


def test_the_strict_profile(bench, box):
    status = bench.notebook(
        "import os, socket, pathlib\n"
        "def tried(what):\n"
        "    try:\n"
        "        what()\n"
        "        return 'done'\n"
        "    except OSError as error:\n"
        "        return error.strerror",
        "print(os.getuid(), [line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff')])",
        "print(tried(lambda: open('/usr/x', 'w')), tried(lambda: open('/valohai/inputs/x', 'w')))",
        "print(tried(lambda: socket.create_connection(('10.0.0.1', 80), 5)))",
        "pathlib.Path('/tmp/x').write_text('x'); pathlib.Path.home().joinpath('x').write_text('x')\n"
        "pathlib.Path(os.environ['VH_OUTPUTS_DIR'], 'private').write_text('x')\n"
        "os.chmod(pathlib.Path(os.environ['VH_OUTPUTS_DIR'], 'private'), 0o600)",
        container=box(profile="strict", network="bridge"),
    )
    assert (status, bench.end["reason"]) == ("complete", "")
    assert bench.server.lines("stdout") == [
        "65534 ['0000000000000000']",
        "Read-only file system Read-only file system",
        "Network is unreachable",
    ]
    assert bench.stored("private") == b"x"


def test_limits_hold(bench, box):
    status = bench.notebook(
        "import os, subprocess\n"
        "children = []\n"
        "try:\n"
        "    for _ in range(200): children.append(subprocess.Popen(['sleep', '60']))\n"
        "except OSError as error:\n"
        "    print(len(children) < 100)",
        "print(os.statvfs('/dev/shm').f_frsize * os.statvfs('/dev/shm').f_blocks)",
        container=box(pids=60, shm_bytes=32 * MEGABYTES, cpu=0.5),
    )
    assert (status, bench.end["reason"]) == ("complete", "")
    assert bench.server.lines("stdout") == ["True", str(32 * MEGABYTES)]


def test_files_are_ours_afterwards(bench, box, tmp_path):
    bench.notebook(
        "import os; folder = os.environ['VH_OUTPUTS_DIR']",
        "os.mkdir(folder + '/sub'); open(folder + '/sub/file', 'w').write('x')\n"
        "for name in ('/sub/file', '/sub'): os.chown(folder + name, 1234, 1234)",
        "os.chmod(folder + '/sub', 0)",
        container=box(),
    )
    assert bench.stored("sub/file") == b"x"
    (stored,) = [output for output in bench.server.outputs if output["name"] == "sub/file"]
    found = list((bench.state / "store").rglob(stored["sha256"][2:]))
    assert [path.stat().st_uid for path in found] == [os.getuid()]
    assert not any((bench.state / "jobs").iterdir())
