"""Machines of clouds: what is asked for and what is answered, in the shapes of the clouds' own APIs."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.parts.web import RunningWeb, running_web
from valo_jupyter.domain.state import StateFolder, write_private
from valo_jupyter.engines.clouds import user_data, words
from valo_jupyter.engines.kinds import InvalidOptions, check_options
from valo_jupyter.engines.provider import Refused, Sight
from valo_jupyter.engines.registry import open_engine
from valo_jupyter.engines.starts import Starts, UnknownStart

EC2 = {"region": "eu-north-1", "image": "ami-1", "subnet": "subnet-1", "security_groups": ["sg-1"]}
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{1}</{0}>'


class Aws:
    """Answers as EC2's API does; `instances` by id: its tags, state and user data."""

    def __init__(self) -> None:
        self.instances: dict[str, dict[str, Any]] = {}
        self.refuse: tuple[str, str] | None = None
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = {
                    k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
                }
                status, text = aws.answer(asked)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, asked: dict[str, str]) -> tuple[int, str]:
        action = asked["Action"]
        if action == "RunInstances":
            if self.refuse:
                code, message = self.refuse
                error = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                return 400, f'<?xml version="1.0"?><Response>{error}<RequestID>r-1</RequestID></Response>'
            number = f"i-{len(self.instances)}"
            tags = {
                asked[f"TagSpecification.1.Tag.{n}.Key"]: asked[f"TagSpecification.1.Tag.{n}.Value"]
                for n in range(1, 10)
                if f"TagSpecification.1.Tag.{n}.Key" in asked
            }
            self.instances[number] = {"tags": tags, "state": "running", "asked": asked}
            return 200, _XML.format("RunInstancesResponse", f"<instancesSet>{self._item(number)}</instancesSet>")
        if action == "DescribeInstances":
            assert asked.get("Filter.1.Name", "tag:valo-state") == "tag:valo-state"
            items = "".join(
                f"<item><instancesSet>{self._item(number)}</instancesSet></item>"
                for number, known in self.instances.items()
                if known["tags"].get("valo-state") == asked.get("Filter.1.Value.1", known["tags"].get("valo-state"))
            )
            return 200, _XML.format("DescribeInstancesResponse", f"<reservationSet>{items}</reservationSet>")
        if action == "TerminateInstances":
            self.instances[asked["InstanceId.1"]]["state"] = "terminated"
        return 200, _XML.format(f"{action}Response", "<return>true</return>")

    def _item(self, number: str) -> str:
        known = self.instances[number]
        tags = "".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in known["tags"].items())
        return (
            f"<item><instanceId>{number}</instanceId><instanceState><name>{known['state']}</name></instanceState>"
            f"<privateIpAddress>10.0.0.9</privateIpAddress><tagSet>{tags}</tagSet></item>"
        )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws = Aws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{aws.server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield aws
    aws.server.shutdown()
    aws.server.server_close()


def state_with_listener(folder: Path) -> StateFolder:
    folder.mkdir(parents=True, exist_ok=True)
    state = StateFolder(folder)
    write_private(state.server_file, json.dumps({"machines": {"url": "https://10.0.0.5:8790", "ca": None}}))
    return state


def provider(kind: str, state: StateFolder, **options: Any) -> Any:
    engine: Any = open_engine(kind, slug="cloud", state=state, options=check_options(kind, options))
    return engine.open_provider(), engine.claim


@pytest.mark.asyncio
async def test_an_instance_is_made_found_by_its_tags_and_ended(tmp_path: Path, aws: Aws) -> None:
    state = state_with_listener(tmp_path)
    instances, claim = provider("ec2", state, **EC2, tags={"team": "vision"}, spot=True)
    name = claim.new_name()
    await instances.give(name, {"tls": {"key": "PRIVATE KEY"}})
    (made,) = aws.instances.values()
    assert made["tags"] == {"team": "vision", "valo-state": claim.owner.state, "Name": name}
    asked = made["asked"]
    assert (asked["InstanceType"], asked["ImageId"]) == ("m6i.large", "ami-1")
    assert asked["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert asked["InstanceMarketOptions.MarketType"] == "spot"
    script = base64.b64decode(asked["UserData"]).decode()
    assert "https://10.0.0.5:8790" in script
    assert "PRIVATE KEY" not in script
    assert await instances.look() == {name: Sight("running")}
    assert await instances.look(["another"]) == {}
    await instances.take_back(name)
    assert (await instances.look())[name].state == "ended"
    # what it was to be told is nobody's any more
    assert list((tmp_path / "starts").iterdir()) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InsufficientInstanceCapacity", "We currently do not have sufficient m6i.large capacity in the zone."),
        ("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 8 allows."),
        ("AuthFailure", "AWS was not able to validate the provided access credentials"),
    ],
)
async def test_what_ec2_refuses_is_told_in_its_words(tmp_path: Path, aws: Aws, code: str, message: str) -> None:
    aws.refuse = code, message
    instances, claim = provider("ec2", state_with_listener(tmp_path), **EC2)
    with pytest.raises(Refused) as refused:
        await instances.give(claim.new_name(), {})
    assert code in str(refused.value)
    assert message in str(refused.value)


def test_the_boot_script_is_shell_and_holds_nothing_but_a_token(tmp_path: Path) -> None:
    script = user_data(url="https://s:1", token="t0ken", ca="-----BEGIN\nCA", setup="apt-get install -y git")
    assert subprocess.run(["sh", "-n"], input=script.encode(), check=False).returncode == 0
    python = script.split("<<'VALO' || exit 1\n")[1].split("\nVALO\n")[0]
    compile(python, "boot", "exec")
    assert "t0ken" in python
    assert "\napt-get install -y git\n" in script


def test_a_machine_is_told_once(tmp_path: Path) -> None:
    with running_web(tmp_path) as web:
        assert isinstance(web, RunningWeb)
        starts = Starts(web.state)
        token = starts.leave({"name": "valo-1"})
        script = user_data(url=web.url, token=token, ca=None, setup="", folder=str(tmp_path))
        python = script.split("<<'VALO' || exit 1\n")[1].split("\nVALO\n")[0]
        subprocess.run(["python3", "-c", python], cwd=tmp_path, check=True, timeout=60)
        assert json.loads((tmp_path / "start.json").read_text()) == {"name": "valo-1"}
        wheel = tmp_path / (tmp_path / "wheel").read_text()
        assert wheel.stat().st_size > 100_000
        assert "WHEEL" in (tmp_path / "bootstrap.sh").read_text()
        again = subprocess.run(["python3", "-c", python], cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert again.returncode == 1
        assert b"409" in again.stderr
        with pytest.raises(UnknownStart):
            starts.check(token)


def test_options_of_clouds_are_checked() -> None:
    with pytest.raises(InvalidOptions) as caught:
        check_options("azure", {"image": "ubuntu", "tags": {"a": 1}, "resource_group": "g", "location": "l"})
    assert caught.value.details["options.image"] == "An image is publisher:offer:sku:version, not 'ubuntu'."
    assert caught.value.details["options.tags"] == "Tags are names and texts: a is none."
    assert caught.value.details["options.subscription"] == "Subscription is required."


def test_what_google_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instances, claim = provider(
        "gcp", state_with_listener(tmp_path), project="p", zone="europe-north1-a", image="projects/p/global/images/valo"
    )
    monkeypatch.setattr(type(instances), "_compute", lambda self: None)
    made = instances.instance("valo-1", "#!/bin/sh", {"valo-state": claim.owner.state})
    made.cloud_init = "#!/bin/sh"
    config = made.create_gcp_config()
    assert config["name"] == "valo-1"
    assert config["labels"] == {"valo-state": claim.owner.state}
    assert {"key": "user-data", "value": "#!/bin/sh"} in config["metadata"]["items"]
    assert "accessConfigs" not in config["networkInterfaces"][0]


def test_what_azure_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machines, _ = provider(
        "azure",
        state_with_listener(tmp_path),
        **{
            "subscription": "s",
            "resource_group": "g",
            "location": "northeurope",
            "network": "n",
            "security_group": "sg",
        },
    )
    asked: dict[str, Any] = {}

    def begin(group: str, name: str, parameters: dict[str, Any] | None = None) -> Any:
        asked[name] = parameters or asked.get(name)
        return SimpleNamespace(result=lambda: nic, wait=lambda: None)

    nic = SimpleNamespace(id="nic", name="valo-1", ip_configurations=[SimpleNamespace(private_ip_address="10.0.0.9")])
    things = SimpleNamespace(
        begin_create_or_update=begin, get=lambda *_: nic, list=lambda *_: [SimpleNamespace(id="subnet")]
    )
    compute = SimpleNamespace(virtual_machines=things)
    network = SimpleNamespace(subnets=things, network_security_groups=things, network_interfaces=things)
    monkeypatch.setattr(type(machines), "_clients", lambda self: (compute, network))
    asyncio.run(machines.create("valo-1", "#!/bin/sh", {"valo-state": "s"}))
    parameters = asked["valo-1"]
    assert base64.b64decode(parameters["os_profile"]["custom_data"]) == b"#!/bin/sh"
    assert parameters["tags"] == {"valo-state": "s"}
    assert parameters["storage_profile"]["image_reference"]["offer"] == "ubuntu-24_04-lts"


def test_what_openstack_is_asked_for_and_what_it_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"auth_url": "https://k", "flavor": "m1", "image": "valo", "network": "n"}
    secret = {"application_credential_id": "i", "application_credential_secret": "s"}
    servers, claim = provider("openstack", state_with_listener(tmp_path), **given, **secret)
    asked: dict[str, Any] = {}

    def create_server(**parameters: Any) -> Any:
        if asked:
            raise RuntimeError("Quota exceeded for instances: Requested 1, but already used 10 of 10 instances")
        asked.update(parameters)
        return SimpleNamespace(private_v4="10.0.0.9")

    monkeypatch.setattr(type(servers), "_connection", lambda self: SimpleNamespace(create_server=create_server))
    asyncio.run(servers.give(claim.new_name(), {}))
    assert asked["meta"] == {"valo-state": claim.owner.state}
    assert asked["userdata"].startswith("#!/bin/sh")
    with pytest.raises(Refused, match="Quota exceeded for instances"):
        asyncio.run(servers.give(claim.new_name(), {}))


def test_words_of_a_cloud_are_one_line() -> None:
    assert words(RuntimeError("(QuotaExceeded) Operation\n could not be completed")) == (
        "(QuotaExceeded) Operation could not be completed"
    )
