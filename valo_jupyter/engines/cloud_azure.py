"""Machines that are virtual machines of Azure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from dask_cloudprovider.azure.azurevm import AzureVM

from valo_jupyter.engines.clouds import STATE_TAG, CloudEngine, Shim, Vms
from valo_jupyter.engines.provider import Provider, Sight

#: not typed for what it takes
_Machine: Any = AzureVM


class AzureEngine(CloudEngine):
    kind = "azure"
    region = "location"

    def open_provider(self) -> Provider:
        return _Machines(self)


class _Machines(Vms):
    async def create(self, name: str, data: str, tags: dict[str, str]) -> None:
        await self.machine(name, data, tags).create_vm()

    def machine(self, name: str, data: str, tags: dict[str, str]) -> Any:
        options = self.options
        compute, network = self._clients()
        publisher, offer, sku, version = options["image"].split(":")
        machine = _Machine(
            Shim(
                data,
                tags,
                resource_group=options["resource_group"],
                compute_client=compute,
                network_client=network,
            ),
            {},
            location=options["location"],
            vnet=options["network"],
            subnet=options["subnet"],
            public_ingress=options["public_address"],
            security_group=options["security_group"],
            vm_size=options["size"],
            vm_image={"publisher": publisher, "offer": offer, "sku": sku, "version": version},
            disk_size=options["disk_gb"],
        )
        machine.name = machine.nic_name = name
        # what is destroyed by name, also by an engine that did not make it
        machine.nic = machine.public_ip = SimpleNamespace(name=name, id=None)
        return machine

    async def list(self) -> dict[str, Sight]:
        compute, _ = self._clients()
        machines = compute.virtual_machines.list(self.options["resource_group"])
        return {one.name: _sight(one) for one in machines if (one.tags or {}).get(STATE_TAG) == self.state}

    async def destroy(self, name: str) -> None:
        await self.machine(name, "", {}).destroy_vm()

    def _clients(self) -> tuple[Any, Any]:
        options = self.options
        if options["client_id"]:
            credential = ClientSecretCredential(options["tenant"], options["client_id"], options["client_secret"])
        else:
            credential = DefaultAzureCredential()
        subscription = options["subscription"]
        return ComputeManagementClient(credential, subscription), NetworkManagementClient(credential, subscription)


def _sight(machine: Any) -> Sight:
    state = machine.provisioning_state
    if state == "Failed":
        return Sight("ended", "Azure says that its virtual machine has failed", confirmed=False)
    return Sight("waiting" if state == "Creating" else "running")
