"""OpenStack Swift itself, with its S3 interface, and Keystone for the newer login; each a server of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import swiftclient
from cryptography.fernet import Fernet

from tests.parts.ports import free_port

_SECONDS = 120
_BIN = Path(sys.executable).parent
USER, PASSWORD, ACCOUNT = "test:tester", "testing", "AUTH_test"
#: signs download addresses of every account made here
TEMP_URL_KEY = "a key for download addresses"
#: of Keystone
PROJECT, MEMBER, MEMBER_PASSWORD = "science", "ana", "a member's password"
_ADMIN = "an administrator's password"

_SWIFT_CONF = "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = valo\n"

_STORAGE_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
devices = {devices}
swift_dir = {folder}
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
workers = 0
user = {user}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

_FILTERS = (
    "catch_errors", "gatekeeper", "healthcheck", "cache", "listing_formats", "bulk", "tempurl", "s3api", "tempauth",
    "copy", "slo", "dlo", "versioned_writes", "symlink", "keystoneauth",
)  # fmt: skip

_PROXY_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
workers = 0
user = {user}
[pipeline:main]
pipeline = {pipeline}
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""

_OPTIONS = {
    "cache": "memcache_servers = 127.0.0.1:{memcached}",
    "tempauth": f"user_{USER.replace(':', '_')} = {PASSWORD} .admin",
    "s3api": "allow_container_names = true",
    "versioned_writes": "allow_versioned_writes = true",
    "keystoneauth": "operator_roles = admin, member",
}

_AUTHTOKEN = """
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {url}
auth_url = {url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = admin
username = admin
password = {password}
delay_auth_decision = true
service_token_roles_required = false
"""

_KEYSTONE_CONF = """
[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.sqlite3
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
"""

_RINGS = """
from swift.common.ring import RingBuilder
for path, port in {rings}:
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    place = dict(region=1, zone=1, ip="127.0.0.1", port=port, device="d1", weight=1, meta="")
    builder.add_dev(place)
    builder.rebalance()
    builder.get_ring().save(path)
"""

#: it reads the command line when it is imported
_KEYSTONE_SERVER = """
from waitress import serve
from keystone.wsgi.api import application
serve(application, host="127.0.0.1", port={port}, threads=4)
"""


@dataclass(frozen=True)
class Swift:
    """
    Attributes
    ----------
    port
        Of the proxy, on loopback: storage, tempauth's login and the S3 interface.
    keystone
        The address of Keystone's login, where there is one.
    """

    port: int
    keystone: str | None = None

    @property
    def auth_url(self) -> str:
        return self.keystone or f"http://127.0.0.1:{self.port}/auth/v1.0"

    @property
    def credentials(self) -> dict[str, str]:
        user, password = (MEMBER, MEMBER_PASSWORD) if self.keystone else (USER, PASSWORD)
        return {"username": user, "password": password, "temp_url_key": TEMP_URL_KEY}

    @property
    def project(self) -> str:
        return PROJECT if self.keystone else "test"

    def connection(self) -> swiftclient.Connection:
        """The SDK's own, as the user of the tests."""
        options = {"user_domain_name": "Default", "project_domain_name": "Default", "project_name": PROJECT}
        return swiftclient.Connection(
            self.auth_url,
            self.credentials["username"],
            self.credentials["password"],
            auth_version="3" if self.keystone else "1",
            os_options=options if self.keystone else {},
            timeout=20,
            retries=1,
        )

    def container(self) -> str:
        """A new one's name."""
        name = f"c-{uuid.uuid4().hex[:12]}"
        with contextlib.closing(self.connection()) as connection:
            connection.post_account({"X-Account-Meta-Temp-Url-Key": TEMP_URL_KEY})
            connection.put_container(name)
        return name

    def config(self, container: str, *, url: str | None = None, **options: Any) -> dict[str, Any]:
        """Settings of a store; `credentials` among the options replaces the user's, `url` stands before the storage."""
        credentials = options.pop("credentials", self.credentials)
        settings = {
            "auth_url": self.auth_url,
            "auth_version": "3" if self.keystone else "1",
            "project": self.project,
            "container": container,
            "user_domain": "Default",
            "project_domain": "Default",
            "endpoint_url": url,
            "prefix": "",
        }
        return {"type": "swift", "options": settings | options, "credentials": credentials}

    def s3_config(self, bucket: str, *, url: str | None = None, **options: Any) -> dict[str, Any]:
        """The same storage as its S3 interface shows it; a container is a bucket."""
        settings = {"bucket": bucket, "region": "us-east-1", "endpoint_url": url or f"http://127.0.0.1:{self.port}"}
        credentials = {"access_key_id": USER, "secret_access_key": PASSWORD}
        return {
            "type": "s3",
            "options": {**settings, "path_style": True, "prefix": ""} | options,
            "credentials": credentials,
        }


@contextlib.contextmanager
def swift(*, keystone: bool = False) -> Iterator[Swift]:
    """The servers, until the end of the block. `keystone`: people log in there (version 3), else as in version 1."""
    folder = Path(tempfile.mkdtemp(prefix="valo-swift-", dir="/tmp"))
    started: list[subprocess.Popen[bytes]] = []
    try:
        (folder / "swift.conf").write_text(_SWIFT_CONF)
        (folder / "devices/d1").mkdir(parents=True)
        memcached, proxy = free_port(), free_port()
        command = ["memcached", "-l", "127.0.0.1", "-p", str(memcached), *(["-u", "root"] if os.getuid() == 0 else [])]
        started.append(_start(folder, "memcached", command))
        ports = {kind: free_port() for kind in ("account", "container", "object")}
        _make_rings(folder, ports)
        for kind, port in ports.items():
            started.append(_storage(folder, kind, port))
        login = None
        if keystone:
            login, process = _keystone(folder, proxy)
            started.append(process)
        (folder / "proxy.conf").write_text(_proxy_conf(folder, proxy, memcached, login))
        started.append(_start(folder, "proxy", [_BIN / "swift-proxy-server", folder / "proxy.conf"]))
        for process, (kind, port) in zip(started[1:], ports.items(), strict=False):
            _wait(folder, kind, process, port=port)
        _wait(folder, "proxy", started[-1], f"http://127.0.0.1:{proxy}/healthcheck")
        yield Swift(proxy, login)
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait(_SECONDS)
        shutil.rmtree(folder)


def _storage(folder: Path, kind: str, port: int) -> subprocess.Popen[bytes]:
    config = folder / f"{kind}.conf"
    config.write_text(
        _STORAGE_CONF.format(port=port, devices=folder / "devices", folder=folder, kind=kind, user=_user())
    )
    return _start(folder, kind, [_BIN / f"swift-{kind}-server", config])


def _make_rings(folder: Path, ports: dict[str, int]) -> None:
    """How the proxy finds the servers behind it; in a process of its own, since Swift brings its own threads."""
    rings = [(str(folder / f"{kind}.ring.gz"), port) for kind, port in ports.items()]
    subprocess.run(
        [sys.executable, "-c", _RINGS.format(rings=rings)], check=True, capture_output=True, timeout=_SECONDS
    )


def _proxy_conf(folder: Path, port: int, memcached: int, login: str | None) -> str:
    left_out = {"s3api", "tempauth"} if login else {"keystoneauth"}
    filters = [name for name in _FILTERS if name not in left_out]
    if login:
        # who it is comes before what may be done
        filters[filters.index("copy") : filters.index("copy")] = ["authtoken"]
        filters.remove("keystoneauth")
        filters.insert(filters.index("authtoken") + 1, "keystoneauth")
    text = _PROXY_CONF.format(port=port, folder=folder, pipeline=" ".join([*filters, "proxy-server"]), user=_user())
    for name in filters:
        if name != "authtoken":
            options = _OPTIONS.get(name, "").format(memcached=memcached)
            egg = "memcache" if name == "cache" else name
            text += f"[filter:{name}]\nuse = egg:swift#{egg}\n{options}\n"
    return text + (_AUTHTOKEN.format(url=login, password=_ADMIN) if login else "")


def _keystone(folder: Path, proxy: int) -> tuple[str, subprocess.Popen[bytes]]:
    """Keystone with a project and a member of it; its address for logins, and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/v3"
    config = folder / "keystone.conf"
    config.write_text(_KEYSTONE_CONF.format(folder=folder))
    manage = [_BIN / "keystone-manage", "--config-file", config]
    bootstrap = ["--bootstrap-password", _ADMIN, "--bootstrap-region-id", "here"]
    for name in ("admin", "internal", "public"):
        bootstrap += [f"--bootstrap-{name}-url", url]
    for keys in ("fernet", "credential"):
        (folder / keys).mkdir(mode=0o700)
        for number in ("0", "1"):
            (folder / keys / number).write_bytes(Fernet.generate_key())
    for words in (["db_sync"], ["bootstrap", *bootstrap]):
        done = subprocess.run([*manage, *words], capture_output=True, timeout=_SECONDS)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
    environment = {**os.environ, "OS_KEYSTONE_CONFIG_FILES": str(config)}
    command = [sys.executable, "-c", _KEYSTONE_SERVER.format(port=port)]
    process = _start(folder, "keystone", command, environment)
    try:
        _wait(folder, "keystone", process, f"{url}/")
        _member(url, proxy)
    except BaseException:
        process.kill()
        process.wait(_SECONDS)
        raise
    return url, process


def _member(url: str, proxy: int) -> None:
    """A project with a member, and the storage in the catalogue."""
    from keystoneauth1.identity import v3
    from keystoneauth1.session import Session
    from keystoneclient.v3.client import Client

    domains = {"user_domain_id": "default", "project_domain_id": "default"}
    admin = v3.Password(auth_url=url, username="admin", password=_ADMIN, project_name="admin", **domains)
    client = Client(session=Session(auth=admin), region_name="here")
    project = client.projects.create(PROJECT, "default")
    user = client.users.create(MEMBER, domain="default", password=MEMBER_PASSWORD)
    roles = {role.name: role for role in client.roles.list()}
    client.roles.grant(roles.get("member") or client.roles.create("member"), user=user, project=project)
    service = client.services.create("swift", "object-store")
    client.endpoints.create(service, f"http://127.0.0.1:{proxy}/v1/AUTH_%(tenant_id)s", "public", region="here")


def _start(
    folder: Path, name: str, command: list[Any], environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with open(folder / f"{name}.log", "wb") as log:
        return subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, env=environment)


def _wait(folder: Path, name: str, process: subprocess.Popen[bytes], url: str = "", port: int = 0) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if url:
                urllib.request.urlopen(url, timeout=5).close()
            else:
                socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"Swift's {name} does not start: {(folder / f'{name}.log').read_text()[-3000:]}")


def _user() -> str:
    import getpass

    return getpass.getuser()
