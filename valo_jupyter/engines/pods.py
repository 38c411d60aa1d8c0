"""A machine as a pod: what is asked for, and what Kubernetes says of it. Nothing here makes requests."""

from __future__ import annotations

from typing import Any

from valo_jupyter.engines.provider import Sight

MACHINE = "machine"
STATE_LABEL = "valo.state"
#: where the machine finds its runtime, and what it is told
RUNTIME = "/var/run/valo/runtime"
_SECRET = "/var/run/valo/secret"
_START = "/var/run/valo/start"

#: reasons of a container that will not start unless somebody changes something
_HOPELESS = (
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
)


def pod_of(name: str, options: dict[str, Any], labels: dict[str, str], runtime: str, program: str) -> dict[str, Any]:
    """The pod of a machine: `options["template"]`, with what is ours put into it.

    Only the first container sees the secret; it leaves a copy in memory, which the machine reads and removes, so that
    user code, which runs beside it, finds neither.
    """
    image = options["image"]
    start = f"{_START}/machine.json"
    own: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "initContainers": [
                {
                    "name": "configuration",
                    "image": image,
                    "command": ["sh", "-c", f"umask 077 && cp {_SECRET}/machine.json {start}"],
                    "volumeMounts": [
                        {"name": "secret", "mountPath": _SECRET, "readOnly": True},
                        {"name": "start", "mountPath": _START},
                    ],
                }
            ],
            "containers": [
                {
                    "name": MACHINE,
                    "image": image,
                    "command": ["sh", "-c", f"exec 3< {start} && rm -f {start} && exec sh {program} <&3 3<&-"],
                    "env": [{"name": key, "value": value} for key, value in options["environment"].items()],
                    "resources": options["resources"],
                    "volumeMounts": [
                        {"name": "runtime", "mountPath": RUNTIME, "readOnly": True},
                        {"name": "start", "mountPath": _START},
                    ],
                }
            ],
            "volumes": [
                {"name": "secret", "secret": {"secretName": name, "defaultMode": 0o400}},
                {"name": "start", "emptyDir": {"medium": "Memory"}},
                {"name": "runtime", "configMap": {"name": runtime}},
            ],
        },
    }
    if options["service_account"]:
        own["spec"] |= {"serviceAccountName": options["service_account"], "automountServiceAccountToken": True}
    return _merged(options["template"], own)


def _merged(template: Any, own: Any) -> Any:
    """The template with what is ours in it; lists of named things are merged by name."""
    if isinstance(template, dict) and isinstance(own, dict):
        return {
            key: _merged(template[key], own[key]) if key in template and key in own else (own | template)[key]
            for key in template | own
        }
    if isinstance(template, list) and isinstance(own, list):
        if not all(isinstance(item, dict) for item in own):
            return own  # a command is one thing
        names = {item.get("name") for item in own}
        first = {item["name"]: item for item in template if isinstance(item, dict) and item.get("name") in names}
        mine = [_merged(first[item["name"]], item) if item.get("name") in first else item for item in own]
        return mine + [item for item in template if not (isinstance(item, dict) and item.get("name") in first)]
    return own


def sight_of(pod: dict[str, Any]) -> Sight:
    """What Kubernetes says of a pod, in its own words."""
    status = pod.get("status") or {}
    phase = status.get("phase", "Pending")
    if phase in ("Succeeded", "Failed"):
        return Sight("ended", _ending(status))
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _HOPELESS:
            return Sight("ended", _said(waiting), confirmed=False)
    if phase == "Pending":
        return Sight("waiting", _waiting(status, containers))
    return Sight("running")


def _waiting(status: dict[str, Any], containers: list[dict[str, Any]]) -> str:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"Kubernetes has no place for its pod: {_said(condition)}"
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"its pod is not ready: {_said(waiting)}"
    return ""


def _ending(status: dict[str, Any]) -> str:
    if status.get("reason"):
        return f"its pod ended: {_said(status)}"
    for container in [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]:
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            return f"its pod ended: {_said(ended)} (exit code {ended['exitCode']})"
    return "its pod ended"


def _said(what: dict[str, Any]) -> str:
    return ": ".join(str(what[key]) for key in ("reason", "message") if what.get(key))
