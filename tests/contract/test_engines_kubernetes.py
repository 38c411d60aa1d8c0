"""The Kubernetes engine keeps the promise of all engines, with an API that answers as Kubernetes does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.engine_contract import EngineContract
from tests.parts.kubernetes import Cluster, cluster
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.engines.claims import Claim
from valo_jupyter.engines.kinds import check_options
from valo_jupyter.engines.pods import pod_of, sight_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[Cluster]:
    with cluster() as running:
        yield running
        assert running.objects["pods"] == {}
        assert running.objects["secrets"] == {}


class TestKubernetesEngine(EngineContract):
    kind = "kubernetes"
    killed = "exit code 137"

    @pytest.fixture(autouse=True)
    def reached(self, kubernetes: Cluster) -> Iterator[None]:
        self.cluster = kubernetes
        yield
        kubernetes.trouble = None

    def options(self, state: StateFolder) -> dict[str, Any]:
        return {
            "image": "python:3.12",
            "kubeconfig": self.cluster.kubeconfig,
            "python": sys.executable,
            "folder": str(state.root.parent / "pod"),
            "host": "127.0.0.1",
        }

    @pytest.mark.asyncio
    async def test_what_a_machine_is_told_is_its_own_and_goes_with_its_pod(
        self, tmp_path: Path, kubernetes: Cluster
    ) -> None:
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            await bench.idle(1)
            (pod,) = kubernetes.objects["pods"].values()
            assert "PRIVATE KEY" not in str(pod)
            (secret,) = kubernetes.objects["secrets"].values()
            assert "PRIVATE KEY" in secret["stringData"]["machine.json"]
            assert secret["metadata"]["ownerReferences"][0]["uid"] == pod["metadata"]["uid"]
            # where user code runs there is neither the secret nor the copy that the machine read
            (machine,) = pod["spec"]["containers"]
            assert "secret" not in [mount["name"] for mount in machine["volumeMounts"]]
            assert list((kubernetes.folder / pod["metadata"]["name"] / "volumes" / "start").iterdir()) == []
        assert kubernetes.objects["secrets"] == {}

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("trouble", "kind", "words"),
        [
            ("quota", "failed", "exceeded quota: team, requested: pods=1"),
            ("image", "failed", "ErrImagePull: manifest unknown"),
            ("unschedulable", "waiting", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu"),
        ],
    )
    async def test_what_kubernetes_refuses_is_told_in_its_words(
        self, tmp_path: Path, kubernetes: Cluster, trouble: str, kind: str, words: str
    ) -> None:
        kubernetes.trouble = trouble
        async with self.bench(tmp_path) as bench:
            bench.engine.set_limits(0, 1, 60.0)
            bench.engine.demand(1)
            (told, *_) = await bench.until(lambda: bench.said(kind))
            assert words in told.reason
            await asyncio.sleep(1.2)
            assert len(bench.said(kind)) <= 2

    @pytest.mark.asyncio
    async def test_pods_of_an_engine_that_no_longer_lives_are_deleted(
        self, tmp_path: Path, kubernetes: Cluster
    ) -> None:
        before, other = Claim(StateFolder(tmp_path / "state")), Claim(StateFolder(tmp_path / "other"))
        pods = {claim.new_name(): {"valo.state": claim.owner.state} for claim in (before, other)}
        kubernetes.objects["pods"] |= {
            name: {"metadata": {"name": name, "labels": labels, "uid": name}, "status": {"phase": "Pending"}}
            for name, labels in pods.items()
        }
        before.release()
        gone, kept = pods
        async with self.bench(tmp_path) as bench:
            await bench.until(lambda: gone not in kubernetes.objects["pods"])
        assert kubernetes.objects["pods"].pop(kept)


def test_what_a_machine_runs_is_not_the_templates() -> None:
    template = {"spec": {"containers": [{"name": "machine", "command": ["sleep", "9"], "tty": True}]}}
    options = check_options("kubernetes", {"image": "python:3.12", "template": template})
    (container,) = pod_of("m", options, {}, "runtime", "run it")["spec"]["containers"]
    assert container["command"][:2] == ["sh", "-c"]
    assert container["command"][2].endswith("run it <&3 3<&-")
    assert container["tty"] is True


def test_a_template_says_what_else_pods_are_to_have() -> None:
    template = {
        "metadata": {"annotations": {"team": "vision"}},
        "spec": {
            "nodeSelector": {"pool": "gpu"},
            "containers": [
                {"name": "machine", "securityContext": {"runAsUser": 1000}},
                {"name": "proxy", "image": "p"},
            ],
            "volumes": [{"name": "data", "hostPath": {"path": "/data"}}],
        },
    }
    options = check_options("kubernetes", {"image": "python:3.12", "template": template})
    pod = pod_of("valo-1", options, {"valo.state": "s"}, "runtime", "true")
    assert pod["metadata"]["annotations"] == {"team": "vision"}
    assert pod["metadata"]["name"] == "valo-1"
    assert pod["spec"]["nodeSelector"] == {"pool": "gpu"}
    machine, proxy = pod["spec"]["containers"]
    assert machine["securityContext"] == {"runAsUser": 1000}
    assert machine["image"] == "python:3.12"
    assert proxy == {"name": "proxy", "image": "p"}
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["secret", "start", "runtime", "data"]


def test_how_pods_end_is_told_in_words_of_kubernetes() -> None:
    evicted = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    assert sight_of({"status": evicted}).reason == "its pod ended: Evicted: The node was low on resource: memory."
    killed = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    status = {"phase": "Failed", "containerStatuses": [{"name": "machine", "state": killed}]}
    assert sight_of({"status": status}).reason == "its pod ended: OOMKilled (exit code 137)"
