"""What the engines of clouds have in common: machines are virtual machines that fetch their runtime when they boot."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from valo_jupyter.engines.provider import Provider, Refused, Sight
from valo_jupyter.engines.provider_engine import ProviderEngine
from valo_jupyter.engines.starts import Starts

log = logging.getLogger(__name__)

T = TypeVar("T")

STATE_TAG = "valo-state"
FOLDER = "/var/lib/valo"
_CREATE_SECONDS = 600.0
_CALL_SECONDS = 120.0

_USER_DATA = """\
#!/bin/sh
# Becomes a Valo machine: fetches its runtime once, runs it as an account of its own, and is switched off afterwards.
umask 077
trap 'shutdown -h now' EXIT
id valo >/dev/null 2>&1 || useradd --system --create-home valo
mkdir -p {folder} && cd {folder} || exit 1
{setup}
python3 - <<'VALO' || exit 1
import base64, json, ssl, time, urllib.request
url, token, ca = {url!r}, {token!r}, {ca!r}
context = ssl.create_default_context(cadata=ca) if ca else None
request = urllib.request.Request(url + "/run/v1/machine", b"", {{"Authorization": "Bearer " + token}}, method="POST")
for attempt in range(30):
    try:
        answer = json.load(urllib.request.urlopen(request, timeout=60, context=context))
        break
    except urllib.error.HTTPError:
        raise
    except OSError:
        time.sleep(5)
else:
    raise SystemExit("the Valo server at " + url + " cannot be reached")
open("start.json", "w").write(json.dumps(answer["config"]) + "\\n")
open("bootstrap.sh", "w").write(answer["bootstrap"])
open(answer["wheel"]["name"], "wb").write(base64.b64decode(answer["wheel"]["content"]))
open("wheel", "w").write(answer["wheel"]["name"])
VALO
chown -R valo {folder}
exec 3< start.json
rm -f start.json
runuser -u valo -- sh {folder}/bootstrap.sh "{folder}/$(cat wheel)" {folder} python3 <&3
"""


def user_data(*, url: str, token: str, ca: str | None, setup: str, folder: str = FOLDER) -> str:
    """The script that a virtual machine runs when it boots. It holds no key: user code can read it there."""
    return _USER_DATA.format(url=url, token=token, ca=ca, setup=setup, folder=folder)


class CloudEngine(ProviderEngine):
    """One machine is one virtual machine, which is ended with it."""

    start_seconds = 600.0
    #: the option that names its region
    region = ""

    def configuration(self, name: str) -> dict[str, Any]:
        return super().configuration(name) | {"folder": FOLDER}

    def site(self) -> dict[str, Any]:
        return {"kind": self.kind, "place": "cloud", "region": self.options.get(self.region), "provider": self.kind}


class Vms(Provider):
    """Subclasses create, list and destroy virtual machines; each call runs in a loop and thread of its own.

    The libraries of clouds block, and keep more in memory than an engine has.
    """

    # a cloud shows a machine until it has been switched off
    forgets_only_ended = True

    def __init__(self, engine: CloudEngine) -> None:
        self.options = engine.options
        self.state = engine.claim.owner.state
        self._folder = engine.state
        self._starts = Starts(engine.state)
        self._tokens: dict[str, str] = {}

    async def create(self, name: str, data: str, tags: dict[str, str]) -> None:
        """Have a virtual machine made that runs `data` when it boots."""
        raise NotImplementedError

    async def list(self) -> dict[str, Sight]:
        """Those with the tag of this server."""
        raise NotImplementedError

    async def destroy(self, name: str) -> None:
        raise NotImplementedError

    async def give(self, name: str, config: dict[str, Any]) -> None:
        listener = (self._folder.read_server() or {}).get("machines") or {}
        if not listener.get("url"):
            raise Refused("the server has no listener for machines: restart it with --machines HOST:PORT")
        token = self._tokens[name] = self._starts.leave(config)
        ca = Path(listener["ca"]).read_text() if listener.get("ca") else None
        data = user_data(url=listener["url"], token=token, ca=ca, setup=self.options["setup"])
        tags = {**{key: str(value) for key, value in self.options["tags"].items()}, STATE_TAG: self.state}
        await self._call(lambda: self.create(name, data, tags), _CREATE_SECONDS)

    async def look(self, names: Collection[str] | None = None) -> dict[str, Sight]:
        found = await self._call(self.list, _CALL_SECONDS)
        return {name: sight for name, sight in found.items() if names is None or name in names}

    async def take_back(self, name: str) -> None:
        if token := self._tokens.pop(name, None):
            self._starts.forget(token)
        await self._call(lambda: self.destroy(name), _CREATE_SECONDS)

    async def said(self, name: str) -> str:
        return ""

    async def close(self) -> None:
        pass

    async def _call(self, function: Callable[[], Coroutine[Any, Any, T]], seconds: float) -> T:
        try:
            return await asyncio.to_thread(lambda: asyncio.run(asyncio.wait_for(function(), seconds)))
        except asyncio.TimeoutError:
            raise Refused(f"its provider did not do it within {seconds:.0f} s", unclear=True) from None
        except Exception as error:
            raise Refused(words(error), unclear=True) from error


def words(error: Exception) -> str:
    """What the provider said, in one line."""
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


class Shim:
    """What the machines of dask-cloudprovider ask of their cluster, which we have none of."""

    debug = False

    def __init__(self, data: str, tags: dict[str, str], **parts: Any) -> None:
        self._data = data
        self._tags = tags
        self.uuid = tags.get(STATE_TAG, "")
        self.__dict__.update(parts)

    def render_process_cloud_init(self, process: Any) -> str:
        return self._data

    def get_tags(self) -> dict[str, str]:
        return self._tags

    async def call_async(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return await asyncio.to_thread(function, *arguments, **named)

    def _log(self, text: Any) -> None:
        log.info("%s", text if isinstance(text, str) else json.dumps(text, default=str)[:500])
