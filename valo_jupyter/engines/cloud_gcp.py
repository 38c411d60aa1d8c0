"""Machines that are instances of Google's Compute Engine."""

from __future__ import annotations

import json
from typing import Any

import google.auth
import googleapiclient.discovery
from dask_cloudprovider.gcp.instances import GCPInstance
from dask_cloudprovider.gcp.utils import build_request
from google.oauth2.service_account import Credentials
from googleapiclient.errors import HttpError

from valo_jupyter.engines.clouds import STATE_TAG, CloudEngine, Shim, Vms
from valo_jupyter.engines.provider import Provider, Sight

#: not typed for what it takes
_Instance: Any = GCPInstance

_SCOPE = "https://www.googleapis.com/auth/compute"
_STATES = {"PROVISIONING": "waiting", "STAGING": "waiting", "TERMINATED": "ended", "SUSPENDED": "ended"}


class GcpEngine(CloudEngine):
    kind = "gcp"
    region = "zone"

    def open_provider(self) -> Provider:
        return _Instances(self)


class _Instances(Vms):
    async def create(self, name: str, data: str, tags: dict[str, str]) -> None:
        await self.instance(name, data, tags).create_vm()

    def instance(self, name: str, data: str, tags: dict[str, str]) -> Any:
        options = self.options
        instance = _Instance(
            Shim(data, tags, compute=self._compute()),
            {"instance_labels": {}, "public_ingress": options["public_address"]},
            zone=options["zone"],
            projectid=options["project"],
            machine_type=options["machine_type"],
            filesystem_size=options["disk_gb"],
            disk_type="pd-standard",
            on_host_maintenance="TERMINATE",
            source_image=options["image"],
            docker_image="none",
            network=options["network"],
            service_account=options["service_account"] or "default",
            preemptible=options["spot"],
            instance_labels=tags,
        )
        instance.name = name
        return instance

    async def list(self) -> dict[str, Sight]:
        compute, found, page = self._compute().instances(), {}, None
        while True:
            answer = compute.list(
                project=self.options["project"],
                zone=self.options["zone"],
                filter=f"labels.{STATE_TAG}={self.state}",
                pageToken=page,
            ).execute()
            found |= {one["name"]: _sight(one) for one in answer.get("items", [])}
            page = answer.get("nextPageToken")
            if not page:
                return found

    async def destroy(self, name: str) -> None:
        where = {"project": self.options["project"], "zone": self.options["zone"], "instance": name}
        try:
            self._compute().instances().delete(**where).execute()
        except HttpError as error:
            if error.status_code != 404:
                raise

    def _compute(self) -> Any:
        key = self.options["service_account_key"]
        if key:
            credentials = Credentials.from_service_account_info(json.loads(key), scopes=[_SCOPE])
        else:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        # each request has a connection of its own: the library's are for one thread only
        request: Any = build_request(credentials)
        return googleapiclient.discovery.build(
            "compute", "v1", credentials=credentials, requestBuilder=request, cache_discovery=False
        )


def _sight(instance: dict[str, Any]) -> Sight:
    status = instance["status"]
    state = _STATES.get(status, "running")
    return Sight(state, f"its instance is {status} {instance.get('statusMessage', '')}".strip())
