"""Machines that are pods of a Kubernetes cluster."""

from __future__ import annotations

import asyncio
import base64
import json
import shlex
from collections.abc import Collection, Mapping
from typing import Any

import httpx
import kr8s.asyncio
import yaml

from valo_jupyter.engines import bundle
from valo_jupyter.engines.pods import MACHINE, RUNTIME, STATE_LABEL, pod_of, sight_of
from valo_jupyter.engines.provider import Provider, Refused, Sight
from valo_jupyter.engines.provider_engine import ProviderEngine

_TIMEOUT_SECONDS = 30.0


class KubernetesEngine(ProviderEngine):
    """One machine is one pod."""

    kind = "kubernetes"

    def open_provider(self) -> Provider:
        return _Pods(self)


class _Pods(Provider):
    # a pod is shown until its node has said that its processes have ended
    forgets_only_ended = True

    def __init__(self, engine: KubernetesEngine) -> None:
        self._options = engine.options
        self._wheels = engine.state.root / "wheels"
        self._state = engine.claim.owner.state
        self._prefix = engine.claim.prefix
        self._namespace = engine.options["namespace"]
        self._api: Any = None

    async def give(self, name: str, config: dict[str, Any]) -> None:
        wheel = await asyncio.to_thread(bundle.wheel, self._wheels)
        runtime = f"{self._prefix}runtime-{bundle.digest()}"
        labels = {STATE_LABEL: self._state}
        code = {wheel.name: base64.b64encode(wheel.read_bytes()).decode()}
        await self._make(
            "configmaps",
            {"metadata": {"name": runtime, "labels": labels}, "binaryData": code},
            data={"bootstrap.sh": bundle.bootstrap()},
        )
        secret = {"metadata": {"name": name, "labels": labels}, "type": "Opaque"}
        await self._make("secrets", secret, stringData={"machine.json": json.dumps(config) + "\n"})
        program = [f"{RUNTIME}/bootstrap.sh", f"{RUNTIME}/{wheel.name}", self._options["folder"]]
        pod = pod_of(name, self._options, labels, runtime, shlex.join([*program, self._options["python"]]))
        try:
            made = await self._ask("POST", "pods", pod)
        except Refused:
            await self._remove("secrets", name)
            raise
        # what the machine is told goes with its pod, whoever deletes that
        owner = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": made["metadata"]["uid"]}
        await self._ask("PATCH", f"secrets/{name}", {"metadata": {"ownerReferences": [owner]}})

    async def look(self, names: Collection[str] | None = None) -> dict[str, Sight]:
        found = await self._ask("GET", "pods", params={"labelSelector": f"{STATE_LABEL}={self._state}"})
        pods = {pod["metadata"]["name"]: sight_of(pod) for pod in found["items"]}
        if names is None:
            # what was to be told to a pod that its engine did not live to make
            secrets = await self._ask("GET", "secrets", params={"labelSelector": f"{STATE_LABEL}={self._state}"})
            pods = {one["metadata"]["name"]: Sight("ended") for one in secrets["items"]} | pods
        return {name: sight for name, sight in pods.items() if names is None or name in names}

    async def take_back(self, name: str) -> None:
        await self._remove("pods", name)
        await self._remove("secrets", name)

    async def said(self, name: str) -> str:
        try:
            text = await self._ask("GET", f"pods/{name}/log", params={"container": MACHINE, "tailLines": "5"})
        except Refused:
            return ""
        return str(text).strip()

    async def close(self) -> None:
        if self._api is not None and self._api._session is not None:
            await self._api._session.aclose()

    # requests

    async def _make(self, what: str, body: dict[str, Any], **content: Any) -> None:
        """Create an object; it may be there already, and is the same then."""
        try:
            await self._ask("POST", what, body | content)
        except _Answered as refused:
            if refused.status != 409:
                raise

    async def _remove(self, what: str, name: str) -> None:
        try:
            await self._ask("DELETE", f"{what}/{name}")
        except _Answered as refused:
            if refused.status != 404:
                raise

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: Mapping[str, str] | None = None
    ) -> Any:
        try:
            if self._api is None:
                self._api = await self._open()
            headers = {"content-type": "application/merge-patch+json"} if method == "PATCH" else {}
            async with self._api.call_api(
                method,
                namespace=self._namespace,
                url=path,
                params=params,
                headers=headers,
                content=None if body is None else json.dumps(body),
            ) as response:
                return response.text if path.endswith("/log") else response.json()
        except kr8s.ServerError as error:
            status = error.response.status_code if error.response is not None else 0
            raise _Answered(f"Kubernetes says: {error}", status) from error
        except (httpx.HTTPError, kr8s.APITimeoutError, OSError) as error:
            raise Refused(
                f"the Kubernetes API does not answer: {error or type(error).__name__}", unclear=True
            ) from error
        except (ValueError, KeyError, IndexError, TypeError, yaml.YAMLError) as error:
            raise Refused(f"the kubeconfig cannot be used: {error}") from error

    async def _open(self) -> Any:
        given = self._options["kubeconfig"]
        api = await kr8s.asyncio.api(kubeconfig=yaml.safe_load(given) if given else None, namespace=self._namespace)
        api.timeout = _TIMEOUT_SECONDS
        return api


class _Answered(Refused):
    """The API has answered, with an error."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text, unclear=status >= 500)
        self.status = status
