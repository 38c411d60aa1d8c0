"""How a store reaches S3: endpoint, account, clients; given credentials, those of the machine, or of a role."""

from __future__ import annotations

import logging
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials, ReadOnlyCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from valo_jupyter.stores.errors import Denied, Unavailable
from valo_jupyter.stores.retrying import Patience
from valo_jupyter.stores.s3_errors import role_refusal

# at DEBUG they log whole requests, with tokens and signatures
for _name in ("boto3", "botocore"):
    logging.getLogger(_name).setLevel(logging.INFO)

_ROLE_SESSION = "valo"


class Access:
    """The account at the service, from now on; a new one is made when its credentials have had their time.

    Attributes
    ----------
    client
        Of boto3, for all but the content of objects.
    signer
        The same with the endpoint as people's browsers reach it.
    root
        Address of the bucket, without a slash at the end.
    outdated
        The role's credentials cannot be had by this account any more, and there is another one.
    """

    outdated = False

    def __init__(self, options: Mapping[str, Any], credentials: Mapping[str, Any], patience: Patience) -> None:
        self._options = options
        self._ca = _CertificateFile(options["ca"]) if options["ca"] else None
        session = _session(options, credentials)
        if options["role_arn"]:
            session = self._with_role(session, credentials, patience)
        found = session.get_credentials()
        if found is None:
            raise NoCredentialsError
        self._found = found
        self.region = options["region"] or session.region_name or "us-east-1"
        self.client = self._client(session, options["endpoint_url"], patience)
        public = options["public_endpoint_url"]
        self.signer = self._client(session, public, patience) if public else self.client
        # how a bucket becomes an address boto3 knows best
        address = self.client.generate_presigned_url("head_bucket", Params={"Bucket": options["bucket"]})
        parts = urlsplit(address)
        self.root = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")

    def credentials(self) -> ReadOnlyCredentials:
        """Those of the moment."""
        return self._found.get_frozen_credentials()

    def _client(self, session: Session, endpoint: str | None, patience: Patience) -> Any:
        style = self._options["path_style"]
        if style is None:
            style = bool(self._options["endpoint_url"])
        config = _config(
            patience,
            # on other endpoints boto3 would sign addresses as S3 did before 2014
            signature_version="s3v4",
            s3={"addressing_style": "path" if style else "virtual" if endpoint else "auto"},
            # what older services do not know
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        verify = str(self._ca.path) if self._ca else None
        return session.client("s3", region_name=self.region, endpoint_url=endpoint, config=config, verify=verify)

    def _with_role(self, session: Session, credentials: Mapping[str, Any], patience: Patience) -> Session:
        """The same, with credentials of the role, which are fetched anew before they expire."""
        endpoint = self._options["endpoint_url"]

        def create_client(service: str, **keys: Any) -> Any:
            # a service that is not AWS is its own authority
            verify = str(self._ca.path) if self._ca else None
            region = self._options["region"] or session.region_name or "us-east-1"
            return session._session.create_client(
                service, region_name=region, endpoint_url=endpoint, verify=verify, config=_config(patience), **keys
            )

        source = session.get_credentials()
        if source is None:
            raise NoCredentialsError
        role = self._options["role_arn"]
        fetcher = AssumeRoleCredentialFetcher(
            create_client, source, role, extra_args={"RoleSessionName": _ROLE_SESSION}
        )

        def fetch() -> dict[str, Any]:
            asking = source.get_frozen_credentials()
            try:
                return fetcher.fetch_credentials()
            except ClientError as error:
                said = error.response.get("Error", {})
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                refused = role_refusal(role, status, said.get("Code", ""), said.get("Message", ""))
            if isinstance(refused, Denied):
                found = _session(self._options, credentials).get_credentials()
                if found is not None and found.get_frozen_credentials() != asking:
                    self.outdated = True
                    raise Unavailable(f"The credentials for the role {role} have expired, and there are new ones.")
            raise refused

        core = botocore.session.get_session()
        core._credentials = DeferredRefreshableCredentials(fetch, "assume-role")
        return Session(botocore_session=core, region_name=session.region_name)


class _CertificateFile:
    """boto3 wants a file; it goes with this object."""

    def __init__(self, text: str) -> None:
        folder = tempfile.TemporaryDirectory(prefix="valo-ca-")
        self.path = Path(folder.name, "ca.pem")
        self.path.write_text(text)
        weakref.finalize(self, folder.cleanup)


class Renewable:
    """The access of a store, made when it is first needed; used by several threads."""

    def __init__(self, options: Mapping[str, Any], credentials: Mapping[str, Any], patience: Patience) -> None:
        self._make = lambda: Access(options, credentials, patience)
        self._given = bool(credentials) and not options["role_arn"]
        self._lock = threading.Lock()
        self._access: Access | None = None

    def get(self) -> Access:
        with self._lock:
            if self._access is None or self._access.outdated:
                self._access = self._make()
            return self._access

    def renew(self, outdated: ReadOnlyCredentials) -> bool:
        """Whether there are other credentials than these, which the service does not take any more."""
        if self._given:
            return False
        with self._lock:
            if self._access is not None and self._access.credentials() == outdated:
                self._access = self._make()
            return self._access is not None and self._access.credentials() != outdated


def _config(patience: Patience, **more: Any) -> Config:
    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=patience.connect,
        read_timeout=patience.silence,
        # the environment must not send a team's files, or its keys, elsewhere
        ignore_configured_endpoint_urls=True,
        **more,
    )


def _session(options: Mapping[str, Any], credentials: Mapping[str, Any]) -> Session:
    if credentials:
        return Session(
            aws_access_key_id=credentials.get("access_key_id"),
            aws_secret_access_key=credentials.get("secret_access_key"),
            aws_session_token=credentials.get("session_token"),
            region_name=options["region"],
        )
    return Session(profile_name=options["profile"], region_name=options["region"])
