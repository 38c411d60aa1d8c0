"""The engines of clouds and their options."""

from __future__ import annotations

from typing import Any

from valo_jupyter.domain.options import Option, one_line
from valo_jupyter.engines.options import HOST, PORT, Kind


def _texts(value: dict[str, Any]) -> str | None:
    wrong = [name for name, text in value.items() if not one_line(text)]
    return f"Tags are names and texts: {', '.join(wrong)} is none." if wrong else None


def _azure_image(value: str) -> str | None:
    return None if value.count(":") == 3 else f"An image is publisher:offer:sku:version, not {value!r}."


_DISK = Option("disk_gb", "integer", "Disk in GB", default=50, least=8)
_TAGS = Option("tags", "object", "Tags", 'Of what is made, such as {"team": "vision"}.', default={}, check=_texts)
_SPOT = Option("spot", "flag", "Spot", "Cheaper, and taken back by the cloud when it needs it.", default=False)
_PUBLIC = Option(
    "public_address", "flag", "Public address", "Of each machine; without one it needs a way out.", default=False
)
_BOOT_SETUP = Option("setup", "text", "Setup", "Shell lines that are run as root when a machine boots.", default="")
_ALL_HAVE = (_TAGS, _BOOT_SETUP, HOST, PORT)
_CLOUD_IMAGE = "Must start by cloud-init and have Python 3.10 or newer, with venv, and git."

EC2 = Kind(
    kind="ec2",
    title="AWS EC2",
    description="Machines are EC2 instances. They must reach the server over the network.",
    tested="recorded",
    extra="ec2",
    module="valo_jupyter.engines.cloud_ec2:Ec2Engine",
    imports=("dask_cloudprovider", "aiobotocore"),
    options=(
        Option("region", "string", "Region", "Such as eu-north-1.", required=True),
        Option("instance_type", "string", "Instance type", default="m6i.large"),
        Option("image", "string", "Image", f"An AMI's id. {_CLOUD_IMAGE}", required=True),
        _DISK,
        Option("subnet", "string", "Subnet", "Its id.", required=True),
        Option("security_groups", "list", "Security groups", "Their ids.", required=True, default=[], least=1),
        Option("instance_profile", "string", "Instance profile", "What user code may do in AWS; empty: nothing."),
        Option("access_key_id", "string", "Access key id", "Empty: the server's own credentials."),
        Option("secret_access_key", "string", "Secret access key", secret=True),
        _SPOT,
        _PUBLIC,
        *_ALL_HAVE,
    ),
)

AZURE = Kind(
    kind="azure",
    title="Azure",
    description="Machines are virtual machines of Azure. They must reach the server over the network.",
    tested="recorded",
    extra="azure",
    module="valo_jupyter.engines.cloud_azure:AzureEngine",
    imports=("dask_cloudprovider", "azure"),
    options=(
        Option("subscription", "string", "Subscription", "Its id.", required=True),
        Option("resource_group", "string", "Resource group", required=True),
        Option("location", "string", "Location", "Such as northeurope.", required=True),
        Option("size", "string", "Size", default="Standard_D2s_v5"),
        Option(
            "image",
            "string",
            "Image",
            f"publisher:offer:sku:version. {_CLOUD_IMAGE}",
            default="Canonical:ubuntu-24_04-lts:server:latest",
            check=_azure_image,
        ),
        _DISK,
        Option("network", "string", "Virtual network", required=True),
        Option("subnet", "string", "Subnet", "Its id; empty: the network's first."),
        Option("security_group", "string", "Security group", required=True),
        Option("tenant", "string", "Tenant", "Of the service principal; empty: the server's own identity."),
        Option("client_id", "string", "Client id"),
        Option("client_secret", "string", "Client secret", secret=True),
        _PUBLIC,
        *_ALL_HAVE,
    ),
)

GCP = Kind(
    kind="gcp",
    title="Google Cloud",
    description="Machines are instances of Compute Engine. They must reach the server over the network.",
    tested="recorded",
    extra="gcp",
    module="valo_jupyter.engines.cloud_gcp:GcpEngine",
    imports=("dask_cloudprovider", "googleapiclient"),
    options=(
        Option("project", "string", "Project", "Its id.", required=True),
        Option("zone", "string", "Zone", "Such as europe-north1-a.", required=True),
        Option("machine_type", "string", "Machine type", default="e2-standard-2"),
        Option("image", "string", "Image", f"projects/PROJECT/global/images/NAME. {_CLOUD_IMAGE}", required=True),
        _DISK,
        Option("network", "string", "Subnetwork", default="default"),
        Option("service_account", "string", "Service account", "What user code may do; empty: the project's default."),
        Option("service_account_key", "text", "Key", "JSON of the account that makes them.", secret=True),
        _SPOT,
        _PUBLIC,
        *_ALL_HAVE,
    ),
)

OPENSTACK = Kind(
    kind="openstack",
    title="OpenStack",
    description="Machines are servers of an OpenStack cloud. They must reach the server over the network.",
    tested="recorded",
    extra="openstack",
    module="valo_jupyter.engines.cloud_openstack:OpenStackEngine",
    imports=("dask_cloudprovider", "openstack"),
    options=(
        Option("auth_url", "string", "Address of the identity service", required=True),
        Option("region", "string", "Region"),
        Option("flavor", "string", "Flavor", required=True),
        Option("image", "string", "Image", f"Its name or id. {_CLOUD_IMAGE}", required=True),
        Option("network", "string", "Network", "Its name or id.", required=True),
        Option("security_groups", "list", "Security groups", default=["default"]),
        Option("application_credential_id", "string", "Application credential", required=True),
        Option("application_credential_secret", "string", "Its secret", secret=True, required=True),
        *_ALL_HAVE,
    ),
)
