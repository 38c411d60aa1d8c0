"""What several workers of pytest-xdist divide among themselves: modules, the longest first."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

#: modules that start the same large service: one worker starts it once, and has them all
TOGETHER = {
    "tests/browser/": "Chromium",
    "tests/integration/containers/": "Docker",
    "tests/integration/test_docker_parts.py": "Docker",
    "tests/integration/test_registries_": "Docker",
}
#: few and long: the others would wait for them if they began late, as what has few tests does
FIRST = (
    "tests/chaos/test_chaos.py",
    "tests/contract/test_engines_ssh.py",
    "Docker",
    "Chromium",
    "tests/contract/test_engines_slurm.py",
    "tests/integration/test_engine.py",
    "tests/integration/test_elsewhere.py",
    "tests/chaos/test_flat.py",
    "tests/acceptance/test_vh.py",
    "tests/integration/client/test_client_quickstart.py",
    "tests/contract/test_engines_local.py",
    "tests/contract/test_engines_kubernetes.py",
    "tests/integration/test_dispatch.py",
    "tests/integration/test_remote_machine.py",
)


class ByService(LoadFileScheduling):
    """Whole modules to each worker, so that what their tests share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for path, group in TOGETHER.items() if nodeid.startswith(path)), nodeid.partition("::")[0])

    def _assign_work_unit(self, node: WorkerController) -> None:
        if first := next((scope for scope in FIRST if scope in self.workqueue), None):
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)
