"""A small API server that answers as Kubernetes does, and runs the pods it is given as processes of this computer."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/(?P<what>[a-z]+)(/(?P<name>[^/]+))?(?P<log>/log)?")
_GRACE_SECONDS = 5.0


class Cluster:
    """Objects by kind and name, and the processes of pods. `trouble` makes what the real one would say.

    Attributes
    ----------
    trouble
        `None`, `"quota"` (pods are refused), `"unschedulable"` or `"image"` (pods do not start).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: dict[str, dict[str, dict[str, Any]]] = {"pods": {}, "secrets": {}, "configmaps": {}}
        self.trouble: str | None = None
        self.made: list[dict[str, Any]] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        cluster = self

        class Handler(_Handler):
            def reply(self, method: str, body: dict[str, Any] | None) -> tuple[int, Any]:
                return cluster.answer(method, self.path, body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def kubeconfig(self) -> str:
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": url}}],
                "users": [{"name": "test", "user": {"token": "t0ken"}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            }
        )

    def start(self) -> Cluster:
        self._thread.start()
        return self

    def stop(self) -> None:
        for name in list(self._processes):
            self._end(name, 0)
        self.server.shutdown()
        self.server.server_close()

    # the API

    def answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        url = urlsplit(path)
        if url.path.rstrip("/") == "/version":
            return 200, {"major": "1", "minor": "33", "gitVersion": "v1.33.1"}
        found = _PATH.fullmatch(url.path)
        assert found, f"nobody asked for {path} before"
        what, name, query = found["what"], found["name"], parse_qs(url.query)
        with self._lock:
            self._refresh()
            objects = self.objects[what]
            if method == "POST":
                assert body is not None
                return self._create(what, found["namespace"], body)
            if name is None:
                ((label, value),) = [one.split("=") for one in query["labelSelector"]]
                items = [one for one in objects.values() if one["metadata"]["labels"].get(label) == value]
                return 200, {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items}
            if name not in objects:
                return 404, _status(404, "NotFound", f'{what} "{name}" not found')
            if found["log"]:
                return 200, (self.folder / name / "log").read_text()
            if method == "PATCH":
                assert body is not None
                objects[name]["metadata"] |= body["metadata"]
            elif method == "DELETE":
                self._delete(what, name)
            return 200, objects.get(name, {"kind": "Status", "status": "Success"})

    def _create(self, what: str, namespace: str, body: dict[str, Any]) -> tuple[int, Any]:
        name = body["metadata"]["name"]
        if name in self.objects[what]:
            return 409, _status(409, "AlreadyExists", f'{what} "{name}" already exists')
        if what == "pods" and self.trouble == "quota":
            return 403, _status(
                403,
                "Forbidden",
                f'pods "{name}" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4',
            )
        body["metadata"] |= {"uid": str(uuid.uuid4()), "namespace": namespace, "resourceVersion": "1"}
        self.objects[what][name] = body
        if what == "pods":
            self.made.append(body)
            body["status"] = self._admit(name, body)
        return 201, body

    def _delete(self, what: str, name: str) -> None:
        if what == "pods" and name in self._processes:
            self.objects[what][name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self._processes[name].terminate()
            threading.Thread(target=self._end, args=(name, _GRACE_SECONDS), daemon=True).start()
        else:
            self._collect(what, name)

    def _collect(self, what: str, name: str) -> None:
        """As the garbage collector does: with an object goes what it owns."""
        gone = self.objects[what].pop(name, None)
        if gone is not None and what == "pods":
            for secret, content in list(self.objects["secrets"].items()):
                owners = content["metadata"].get("ownerReferences") or []
                if any(owner["uid"] == gone["metadata"]["uid"] for owner in owners):
                    del self.objects["secrets"][secret]

    # the node

    def _admit(self, name: str, pod: dict[str, Any]) -> dict[str, Any]:
        if self.trouble == "unschedulable":
            message = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available."
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            return {"phase": "Pending", "conditions": [condition], "qosClass": "BestEffort"}
        if self.trouble == "image":
            waiting = {
                "reason": "ImagePullBackOff",
                "message": 'Back-off pulling image "python:nowhere": ErrImagePull: manifest unknown',
            }
            container = {"name": "configuration", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
            return {"phase": "Pending", "initContainerStatuses": [container]}
        self._run(name, pod)
        return {"phase": "Running", "containerStatuses": [_container({"running": {"startedAt": _now()}})]}

    def _run(self, name: str, pod: dict[str, Any]) -> None:
        home = self.folder / name
        home.mkdir(parents=True)
        volumes = {one["name"]: self._volume(home, one) for one in pod["spec"]["volumes"]}
        (first,) = pod["spec"]["initContainers"]
        subprocess.run(_command(first, volumes), check=True, timeout=30)
        (machine,) = pod["spec"]["containers"]
        with open(home / "log", "wb") as log:
            self._processes[name] = subprocess.Popen(
                _command(machine, volumes),
                env={"PATH": os.environ["PATH"], "HOME": str(home)} | {e["name"]: e["value"] for e in machine["env"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=home,
            )

    def _volume(self, home: Path, volume: dict[str, Any]) -> Path:
        folder = home / "volumes" / volume["name"]
        folder.mkdir(parents=True)
        if "secret" in volume:
            for name, text in self.objects["secrets"][volume["secret"]["secretName"]]["stringData"].items():
                (folder / name).write_text(text)
        if "configMap" in volume:
            code = self.objects["configmaps"][volume["configMap"]["name"]]
            for name, text in code["data"].items():
                (folder / name).write_text(text)
            for name, text in code["binaryData"].items():
                (folder / name).write_bytes(base64.b64decode(text))
        return folder

    def _refresh(self) -> None:
        for name, process in list(self._processes.items()):
            pod = self.objects["pods"].get(name)
            if process.poll() is None or pod is None or pod["status"]["phase"] != "Running":
                continue
            code = process.returncode
            ended = {"exitCode": code if code >= 0 else 128 - code, "reason": "Error" if code else "Completed"}
            pod["status"] = {
                "phase": "Failed" if code else "Succeeded",
                "containerStatuses": [_container({"terminated": ended})],
            }

    def _end(self, name: str, grace: float) -> None:
        """As a node ends a pod: what is still there after the grace is killed, whole; then the pod is gone."""
        process = self._processes[name]
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        _kill_all(str(self.folder / name))
        process.wait(10)
        with self._lock:
            self._processes.pop(name, None)
            self._collect("pods", name)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, method: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        raise NotImplementedError

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        if self.headers["Authorization"] == "Bearer t0ken":
            status, answer = self.reply(self.command, body)
        else:
            status, answer = 401, _status(401, "Unauthorized", "Unauthorized")
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _command(container: dict[str, Any], volumes: dict[str, Path]) -> list[str]:
    """Its command, with the paths that its volumes have here."""
    found = container["command"]
    for mount in container["volumeMounts"]:
        found = [part.replace(mount["mountPath"], str(volumes[mount["name"]])) for part in found]
    return found


def _kill_all(home: str) -> None:
    """Kill every process of a pod, told by its home folder."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if f"HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


def _container(state: dict[str, Any]) -> dict[str, Any]:
    return {"name": "machine", "ready": "running" in state, "restartCount": 0, "state": state}


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@contextmanager
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="kube-", dir="/tmp"))
    running = Cluster(folder).start()
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
