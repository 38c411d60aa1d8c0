"""Machines that are servers of an OpenStack cloud."""

from __future__ import annotations

from typing import Any

from dask_cloudprovider.openstack.instances import OpenStackInstance
from openstack import connection

from valo_jupyter.engines.clouds import STATE_TAG, CloudEngine, Shim, Vms
from valo_jupyter.engines.provider import Provider, Sight

_BUILD_SECONDS = 500


class OpenStackEngine(CloudEngine):
    kind = "openstack"
    region = "region"

    def open_provider(self) -> Provider:
        return _Servers(self)


class _Server(OpenStackInstance):
    """Made with its tags, and given up when OpenStack says that it has failed, which the original waits for."""

    async def create_vm(self) -> tuple[str | None, None]:
        server = self.config["connection"].create_server(
            name=self.name,
            image=self.image,
            flavor=self.size,
            network=self.config["network"],
            security_groups=self.config["security_groups"],
            userdata=self.cluster.render_process_cloud_init(self),
            meta=self.cluster.get_tags(),
            auto_ip=False,
            wait=True,
            timeout=_BUILD_SECONDS,
        )
        return server.private_v4, None


class _Servers(Vms):
    async def create(self, name: str, data: str, tags: dict[str, str]) -> None:
        options = self.options
        server: Any = _Server(
            Shim(data, tags),
            {
                "connection": self._connection(),
                "network": options["network"],
                "security_groups": options["security_groups"],
            },
            region=options["region"],
            size=options["flavor"],
            image=options["image"],
        )
        server.name = name
        await server.create_vm()

    async def list(self) -> dict[str, Sight]:
        servers = self._connection().compute.servers(details=True)
        return {one.name: _sight(one) for one in servers if (one.metadata or {}).get(STATE_TAG) == self.state}

    async def destroy(self, name: str) -> None:
        connected = self._connection()
        for server in list(connected.compute.servers(name=f"^{name}$")):
            connected.compute.delete_server(server, ignore_missing=True)

    def _connection(self) -> Any:
        options = self.options
        return connection.Connection(
            region_name=options["region"],
            auth_type="v3applicationcredential",
            auth={
                "auth_url": options["auth_url"],
                "application_credential_id": options["application_credential_id"],
                "application_credential_secret": options["application_credential_secret"],
            },
            compute_api_version="2",
        )


def _sight(server: Any) -> Sight:
    if server.status == "ERROR":
        fault = (server.fault or {}).get("message", "")
        return Sight("ended", f"OpenStack says that its server has failed: {fault}", confirmed=False)
    if server.status in ("SHUTOFF", "DELETED", "SOFT_DELETED"):
        return Sight("ended", f"its server is {server.status}")
    return Sight("waiting" if server.status == "BUILD" else "running")
