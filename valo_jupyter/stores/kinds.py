"""What kinds of data stores there are, and the options of each. Imports no SDK: the API and the forms ask here."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.options import Option, check, installed


class InvalidStore(Invalid):
    """The store's settings are not understood. `details` has a sentence for each that is wrong."""

    code = "invalid_store"


@dataclass(frozen=True)
class StoreKind:
    """A kind of store.

    Attributes
    ----------
    extra
        What `pip install "valo-jupyter[…]"` needs for it.
    imports
        Modules that must be there for it.
    scheme, place
        An address is `<scheme>://<place>/<key>`; `place` names the options that are its parts.
    credentials
        Secret or not, they are written and never read; without any, those of the machine are used.
    """

    type: str
    title: str
    description: str
    extra: str
    imports: tuple[str, ...]
    scheme: str
    place: tuple[str, ...]
    options: tuple[Option, ...]
    credentials: tuple[Option, ...]

    @property
    def install(self) -> str:
        """The line that installs what it needs."""
        return f'pip install "valo-jupyter[{self.extra}]"'

    def root(self, options: Mapping[str, Any]) -> str:
        """What the addresses of a store with these options begin with, with a slash at the end."""
        return f"{self.scheme}://{'/'.join(str(options[name]) for name in self.place)}/"

    def to_json(self) -> dict[str, Any]:
        """As `GET /store-types/` shows it."""
        return {
            "type": self.type,
            "title": self.title,
            "description": self.description,
            "scheme": self.scheme,
            "installed": installed(self.imports),
            "install": self.install,
            "options": [option.to_json() for option in self.options],
            "credentials": [option.to_json() for option in self.credentials],
        }


def check_store(type: str, options: Mapping[str, Any], credentials: Mapping[str, Any]) -> dict[str, Any]:
    """`{"type", "options", "credentials"}` with defaults filled in; of credentials only those that are given.

    Raises
    ------
    InvalidStore
        With every problem in `details`, under `options.<name>`, `credentials.<name>` or `type`.
    """
    kind = KINDS.get(type)
    if kind is None:
        sentence = f"There is no kind of store {type!r}; there are {', '.join(KINDS)}."
        raise InvalidStore(sentence, type=sentence)
    checked, wrong = check(f"A store of kind {type}", kind.options, options)
    opened, refused = check("The credentials of this kind of store", kind.credentials, credentials)
    problems = {f"options.{name}": sentence for name, sentence in wrong.items()}
    problems |= {f"credentials.{name}": sentence for name, sentence in refused.items()}
    if problems:
        raise InvalidStore(" ".join(problems.values()), **problems)
    checked["prefix"] = normal_prefix(checked["prefix"])
    given = {name: value for name, value in opened.items() if value not in (None, "")}
    return {"type": type, "options": checked, "credentials": given}


def key_in(type: str, options: Mapping[str, Any], uri: str) -> str | None:
    """The key that the address names in a store with these options; None: it is an address elsewhere.

    Nothing in an address is encoded: its key is what follows the place, as it is.
    """
    kind = KINDS.get(type)
    if kind is None:
        return None
    root = kind.root(options)
    return uri[len(root) :] if uri.startswith(root) and len(uri) > len(root) else None


def normal_prefix(prefix: str) -> str:
    """Empty, or with one slash at the end and none at the beginning."""
    parts = posixpath.normpath(prefix.strip().strip("/")) if prefix.strip("/ ") else ""
    return f"{parts}/" if parts and parts != "." else ""


def _prefix(value: str) -> str | None:
    return "A prefix stays below the store's top: it has no “..”." if ".." in value.split("/") else None


def _address(value: str) -> str | None:
    if value.startswith(("http://", "https://")):
        return None
    return f"An address begins with https:// (or http:// in a network you trust), not {value!r}."


def _certificates(value: str) -> str | None:
    return None if "BEGIN CERTIFICATE" in value else "The certificates are PEM text: “-----BEGIN CERTIFICATE-----…”."


def _name(value: str) -> str | None:
    return f"It is a name without slashes, not {value!r}." if "/" in value or value != value.strip() else None


PREFIX = Option(
    "prefix",
    "string",
    "Folder in the store",
    "What Valo writes goes below it; empty: below the top. Existing data is read wherever it is.",
    default="",
    check=_prefix,
)
_PUBLIC = Option(
    "public_endpoint_url",
    "string",
    "Address for downloads",
    "As people's browsers reach it, for signed addresses; empty: the same.",
    check=_address,
)
_CA = Option(
    "ca",
    "text",
    "Certificates of its authority",
    "PEM; for a server with certificates of your own authority.",
    check=_certificates,
)


def _endpoint(help: str) -> Option:
    return Option("endpoint_url", "string", "Address of the service", help, check=_address)


S3 = StoreKind(
    "s3",
    "AWS S3, or compatible",
    "A bucket of AWS S3, or of any service that speaks S3: SeaweedFS, Ceph, MinIO, R2 …",
    "s3",
    ("boto3",),
    "s3",
    ("bucket",),
    (
        Option("bucket", "string", "Bucket", required=True, check=_name),
        Option("region", "string", "Region", "Such as eu-west-1; empty: as found on the machine, else us-east-1."),
        _endpoint("Of a service that is not AWS; empty: AWS."),
        _PUBLIC,
        Option(
            "path_style",
            "flag",
            "Bucket in the path",
            "https://host/bucket/key, as most services that are not AWS want it; empty: exactly those.",
        ),
        _CA,
        Option("profile", "string", "Profile", "Of the machine's AWS configuration, where no key is given."),
        Option("role_arn", "string", "Role", "To be taken on with the credentials, given or found."),
        PREFIX,
    ),
    (
        Option("access_key_id", "string", "Access key"),
        Option("secret_access_key", "string", "Secret key", secret=True),
        Option("session_token", "string", "Session token", "Of keys that are temporary.", secret=True),
    ),
)

AZURE = StoreKind(
    "azure",
    "Azure Blob Storage",
    "A container of a storage account.",
    "azure-blob",
    ("azure.storage.blob", "azure.identity"),
    "azure",
    ("account", "container"),
    (
        Option("account", "string", "Storage account", required=True, check=_name),
        Option("container", "string", "Container", required=True, check=_name),
        _endpoint("Empty: https://<account>.blob.core.windows.net."),
        _PUBLIC,
        _CA,
        PREFIX,
    ),
    (
        Option("account_key", "string", "Account key", secret=True),
        Option("sas_token", "string", "SAS token", "Instead of the key.", secret=True),
        Option("tenant_id", "string", "Tenant", "Of a service principal, with client and secret."),
        Option("client_id", "string", "Client", "Of a service principal, or of a managed identity."),
        Option("client_secret", "string", "Client secret", secret=True),
    ),
)

GCS = StoreKind(
    "gcs",
    "Google Cloud Storage",
    "A bucket of Google Cloud Storage.",
    "gcs",
    ("google.cloud.storage",),
    "gs",
    ("bucket",),
    (
        Option("bucket", "string", "Bucket", required=True, check=_name),
        Option("project", "string", "Google project", "Empty: that of the service account."),
        _endpoint("Empty: Google's."),
        _PUBLIC,
        _CA,
        PREFIX,
    ),
    (Option("service_account", "text", "Key of a service account", "The JSON file's content.", secret=True),),
)

SWIFT = StoreKind(
    "swift",
    "OpenStack Swift",
    "A container of OpenStack object storage.",
    "swift",
    ("swiftclient",),
    "swift",
    ("project", "container"),
    (
        Option(
            "auth_url", "string", "Address of the login", "Keystone's, or …/auth/v1.0.", required=True, check=_address
        ),
        Option("auth_version", "string", "Version of the login", default="3", choices=("1", "3")),
        Option("project", "string", "Project", "Of Keystone; with version 1 the account.", required=True, check=_name),
        Option("container", "string", "Container", required=True, check=_name),
        Option("user_domain", "string", "Domain of the user", default="Default"),
        Option("project_domain", "string", "Domain of the project", default="Default"),
        Option("region", "string", "Region"),
        _endpoint("Of the storage; empty: as the login says."),
        _PUBLIC,
        _CA,
        PREFIX,
    ),
    (
        Option("username", "string", "User"),
        Option("password", "string", "Password", secret=True),
        Option("application_credential_id", "string", "Application credential", "Instead of user and password."),
        Option("application_credential_secret", "string", "Its secret", secret=True),
        Option(
            "temp_url_key",
            "string",
            "Key for download addresses",
            "The account's or container's Temp-URL-Key; without one, downloads pass through the server.",
            secret=True,
        ),
    ),
)

KINDS: dict[str, StoreKind] = {kind.type: kind for kind in (S3, AZURE, GCS, SWIFT)}
