"""Machines that are instances of AWS EC2."""

from __future__ import annotations

from typing import Any

from aiobotocore.session import AioSession, get_session
from dask_cloudprovider.aws.ec2 import EC2Instance

from valo_jupyter.engines.clouds import STATE_TAG, CloudEngine, Shim, Vms
from valo_jupyter.engines.provider import Provider, Sight

#: not typed for what it takes
_Instance: Any = EC2Instance

_RUNNING = {"pending": "waiting", "running": "running", "shutting-down": "running", "stopping": "running"}


class Ec2Engine(CloudEngine):
    kind = "ec2"
    region = "region"

    def open_provider(self) -> Provider:
        return _Instances(self)


class _Instances(Vms):
    async def create(self, name: str, data: str, tags: dict[str, str]) -> None:
        options = self.options
        instance = _Instance(
            Shim(data, tags, boto_session=self._session()),
            {},
            region=options["region"],
            ami=options["image"],
            instance_type=options["instance_type"],
            # asked for only to find a subnet, which is given
            vpc=options["subnet"],
            subnet_id=options["subnet"],
            security_groups=options["security_groups"],
            filesystem_size=options["disk_gb"],
            iam_instance_profile={"Name": options["instance_profile"]} if options["instance_profile"] else None,
            instance_tags={**tags, "Name": name},
            volume_tags={**tags, "Name": name},
            use_private_ip=not options["public_address"],
            enable_detailed_monitoring=False,
            spot=options["spot"],
        )
        instance.name = name
        await instance.create_vm()

    async def list(self) -> dict[str, Sight]:
        return {name: _sight(instance) for name, instance in (await self._found()).items()}

    async def destroy(self, name: str) -> None:
        found = (await self._found()).get(name)
        if found is not None:
            async with self._client() as client:
                await client.terminate_instances(InstanceIds=[found["InstanceId"]])

    async def _found(self) -> dict[str, dict[str, Any]]:
        found = {}
        async with self._client() as client:
            pages = client.get_paginator("describe_instances")
            async for page in pages.paginate(Filters=[{"Name": f"tag:{STATE_TAG}", "Values": [self.state]}]):
                for instance in (one for reservation in page["Reservations"] for one in reservation["Instances"]):
                    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                    found[tags.get("Name", "")] = instance
        return found

    def _session(self) -> AioSession:
        session = get_session()
        if self.options["access_key_id"]:
            session.set_credentials(self.options["access_key_id"], self.options["secret_access_key"])
        return session

    def _client(self) -> Any:
        return self._session().create_client("ec2", region_name=self.options["region"])


def _sight(instance: dict[str, Any]) -> Sight:
    state = instance["State"]["Name"]
    why = (instance.get("StateReason") or {}).get("Message", "")
    if state in _RUNNING:
        return Sight(_RUNNING[state], f"EC2 starts it ({why})" if why else "")
    return Sight("ended", f"its instance {instance['InstanceId']} is {state}{f': {why}' if why else ''}")
