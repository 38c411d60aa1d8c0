"""Inputs and outputs of executions on machines elsewhere, in a data store that those reach by themselves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.job.test_job_on_demand import READ
from tests.integration.test_elsewhere import Far, far
from tests.parts.faults import Faults, faults_before
from tests.parts.seaweedfs import SeaweedFS

pytestmark = pytest.mark.slow

COMMANDS = {
    "reads": ["cd $VH_INPUTS_DIR; for f in $(find * -type f | sort); do echo $f $(cat $f); done"],
    "writes": [
        "cd $VH_OUTPUTS_DIR; mkdir sub; echo small > sub/small.txt; head -c 9000000 /dev/urandom > large.bin",
        "sha256sum large.bin",
    ],
    "asks": [f"{sys.executable} read.py"],
}
ON_DEMAND = [{"name": name, "optional": True, "download": "on-demand"} for name in ("images", "model")]
CODE = {
    "read.py": READ.format(names=("images", "model")),
    "valohai.yaml": yaml.safe_dump(
        [
            {
                "step": {
                    "name": name,
                    "image": "none",
                    "command": commands,
                    "inputs": ON_DEMAND if name == "asks" else [],
                }
            }
            for name, commands in COMMANDS.items()
        ]
    ),
}


@pytest.fixture
def faults(weed: SeaweedFS) -> Iterator[Faults]:
    with faults_before(weed.url) as faults:
        yield faults


def team(bench: Far, weed: SeaweedFS, url: str) -> tuple[Any, str]:
    """The project's default store, and its bucket."""
    bucket, project = weed.bucket(), bench.project
    given = {"project": project.id, "name": "team", **weed.config(bucket, url=url), "default": True}
    return project.services.stores.create(project.user, given), bucket


def said(bench: Far, execution_id: str) -> str:
    events = bench.project.services.stream.all(execution_id)
    return "\n".join(event["text"] for event in events if event["k"] == "log" and event["s"] == "status")


@pytest.mark.asyncio
async def test_a_store_of_the_teams(tmp_path: Path, weed: SeaweedFS, faults: Faults) -> None:
    async with far(tmp_path, CODE, steps=None) as bench:
        project, client = bench.project, weed.client()
        store, bucket = team(bench, weed, faults.url)
        for key in ("images/a.txt", "images/deep/b.txt", "models/m.txt"):
            client.put_object(Bucket=bucket, Key=key, Body=key.encode())
        adopted = project.services.adoption.adopt(project.user, store.id, [f"s3://{bucket}/models/m.txt"], [])
        (datum,) = adopted["created"].values()
        images, model = f"s3://{bucket}/images/**", f"datum://{datum}"

        execution_id = project.submit("reads", inputs={"images": [images], "model": [model]})
        await bench.run(execution_id)
        expected = ["images/a.txt images/a.txt", "images/b.txt images/deep/b.txt", "model/m.txt models/m.txt"]
        assert project.lines(execution_id) == expected
        files, _ = project.services.data.inputs_of(execution_id)
        assert [row.id for row in files["model"]] == [datum]
        assert all(row.sha256 and row.md5 and row.sha1 for rows in files.values() for row in rows)

        # the address has other content than the last time, and another execution asks for it while it runs
        client.put_object(Bucket=bucket, Key="images/a.txt", Body=b"changed")
        execution_id = project.submit("asks", inputs={"images": [images], "model": [model]})
        await bench.run(execution_id)
        assert "images a.txt changed" in project.lines(execution_id)
        assert f"s3://{bucket}/images/a.txt has other content than when it was last used." in said(bench, execution_id)

        execution_id = project.submit("writes")
        await bench.run(execution_id)
        outputs = bench.outputs(execution_id)
        assert {row.store_id for row in outputs.values()} == {store.id}
        large = outputs["large.bin"]
        assert project.lines(execution_id)[-1].split()[0] == large.sha256
        key = large.uri.removeprefix(f"s3://{bucket}/")
        assert client.head_object(Bucket=bucket, Key=key)["ContentLength"] == 9_000_000

        # it dies in the middle of an upload
        faults.cut(2_000_000, of="request", method="PUT", times=100)
        execution_id = project.submit("writes")
        row = await bench.run(execution_id)
        assert "upload-again" in row.status_detail
        assert {output.wanted_store_id for output in bench.outputs(execution_id).values()} <= {store.id, None}
        waiting = bench.outputs(execution_id)["large.bin"]
        assert (waiting.store_id, waiting.wanted_store_id) == (None, store.id)
        assert waiting.uri == f"valo://{project.lines(execution_id)[-1].split()[0]}"
        faults.clear()
        told = await asyncio.to_thread(project.services.bringing.bring, project.user, execution_id)
        assert (told["left"], told["problem"]) == (0, None)
        brought = bench.outputs(execution_id)["large.bin"]
        assert (brought.store_id, brought.wanted_store_id) == (store.id, None)
        assert brought.uri.startswith(f"s3://{bucket}/")


@pytest.mark.asyncio
async def test_a_machine_without_the_stores_sdk(tmp_path: Path, weed: SeaweedFS) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "boto3.py").write_text("raise ImportError('not here')")
    (hidden / "botocore.py").write_text("raise ImportError('not here')")
    root = str(Path(__file__).parents[2])
    async with far(tmp_path, CODE, steps=None, variables={"PYTHONPATH": f"{hidden}:{root}"}) as bench:
        store, bucket = team(bench, weed, weed.url)
        execution_id = bench.project.submit("writes")
        row = await bench.run(execution_id)
        outputs = bench.outputs(execution_id)
        assert {(each.store_id, each.wanted_store_id) for each in outputs.values()} == {(None, store.id)}
        assert "pip install 'valo-jupyter[s3]'" in said(bench, execution_id)
        assert "upload-again" in row.status_detail
        told = await asyncio.to_thread(bench.project.services.bringing.bring, bench.project.user, execution_id)
        assert told == {"moved": 2, "left": 0, "problem": None}
        assert {each.store_id for each in bench.outputs(execution_id).values()} == {store.id}

        # what is only there cannot be read
        weed.client().put_object(Bucket=bucket, Key="a", Body=b"x")
        execution_id = bench.project.submit("reads", inputs={"data": [f"s3://{bucket}/a"]})
        row = await bench.run(execution_id, status="error")
        assert row.status_detail.startswith("input data: ")
        assert "pip install 'valo-jupyter[s3]'" in row.status_detail
