"""Ways to prove to Azure who we are: by the account's key, by a SAS token, by an identity of Microsoft Entra."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    ContainerSasPermissions,
    UserDelegationKey,
    generate_blob_sas,
    generate_container_sas,
)

from valo_jupyter.stores.errors import Misconfigured

_SCOPE = "https://storage.azure.com/.default"
_HOUR = timedelta(hours=1)
#: Azure's clock may be behind ours
_SKEW = timedelta(minutes=15)


class Access(Protocol):
    """
    Attributes
    ----------
    credential
        For the SDK's clients.
    """

    credential: Any

    def reading(self) -> tuple[str, dict[str, str]]:
        """The query and headers with which a request may read any object of the container."""
        ...

    def signature(self, key: str, ttl: float, disposition: str) -> str | None:
        """The query with which anybody may read the object for so long; None: there is no such."""
        ...


def access(account: str, container: str, credentials: Mapping[str, Any], service: ServiceClient) -> Access:
    """As the credentials have it; without any, this machine's identity."""
    if key := credentials.get("account_key"):
        return _Key(account, container, key)
    if token := credentials.get("sas_token"):
        return _Sas(token.strip().lstrip("?"))
    return _Identity(account, container, _identity(credentials), service)


#: makes the SDK's client of the account
ServiceClient = Callable[[Any], BlobServiceClient]


class _Key:
    def __init__(self, account: str, container: str, key: str) -> None:
        try:
            base64.b64decode(key, validate=True)
        except binascii.Error as error:
            raise Misconfigured("The account key is base64 text, as the portal shows it; enter it anew.") from error
        self.credential = key
        self._account, self._container = account, container
        self._lock = threading.Lock()
        self._query, self._until = "", datetime.min.replace(tzinfo=timezone.utc)

    def reading(self) -> tuple[str, dict[str, str]]:
        now = datetime.now(timezone.utc)
        with self._lock:
            if now + _HOUR / 2 > self._until:
                self._until = now + _HOUR
                self._query = generate_container_sas(
                    self._account,
                    self._container,
                    account_key=self.credential,
                    permission=ContainerSasPermissions(read=True),
                    expiry=self._until + _SKEW,
                )
            return self._query, {}

    def signature(self, key: str, ttl: float, disposition: str) -> str | None:
        return _sign(self._account, self._container, key, ttl, disposition, account_key=self.credential)


class _Sas:
    def __init__(self, token: str) -> None:
        self.credential = token

    def reading(self) -> tuple[str, dict[str, str]]:
        return self.credential, {}

    def signature(self, key: str, ttl: float, disposition: str) -> str | None:
        # the token may allow more than to read this one object, and is given to nobody
        return None


class _Identity:
    def __init__(self, account: str, container: str, credential: TokenCredential, service: ServiceClient) -> None:
        self.credential = credential
        self._account, self._container, self._service = account, container, service
        self._lock = threading.Lock()
        self._key: UserDelegationKey | None = None
        self._until = datetime.min.replace(tzinfo=timezone.utc)

    def reading(self) -> tuple[str, dict[str, str]]:
        return "", {"Authorization": f"Bearer {self.credential.get_token(_SCOPE).token}"}

    def signature(self, key: str, ttl: float, disposition: str) -> str | None:
        """Signed with a key that Azure gives the identity for a day; not every role may have one."""
        wanted = datetime.now(timezone.utc) + timedelta(seconds=ttl)
        with self._lock:
            if self._key is None or wanted > self._until:
                until = wanted + timedelta(days=1)
                try:
                    with self._service(self.credential) as client:
                        self._key = client.get_user_delegation_key(datetime.now(timezone.utc) - _SKEW, until)
                except AzureError:
                    return None
                self._until = until
            return _sign(self._account, self._container, key, ttl, disposition, user_delegation_key=self._key)


def _sign(account: str, container: str, key: str, ttl: float, disposition: str, **by: Any) -> str:
    return generate_blob_sas(
        account,
        container,
        key,
        permission=BlobSasPermissions(read=True),
        expiry=datetime.now(timezone.utc) + timedelta(seconds=ttl),
        content_disposition=disposition,
        **by,
    )


def _identity(credentials: Mapping[str, Any]) -> TokenCredential:
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    tenant, client = credentials.get("tenant_id"), credentials.get("client_id")
    if secret := credentials.get("client_secret"):
        return ClientSecretCredential(tenant or "", client or "", secret)
    return DefaultAzureCredential(managed_identity_client_id=client)
