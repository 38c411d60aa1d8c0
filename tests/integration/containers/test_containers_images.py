"""Where an execution's image comes from: a registry, asked each time, or this machine when nobody else can have it."""

from __future__ import annotations

import json

from tests.parts import images
from tests.parts.registry import private_registry

PASSWORD = "pw-Qm3xT7"
NOBODY = {"username": None, "password": None, "entry": None}


def test_an_image_under_credentials_is_pulled_each_time_and_never_this_machines_own(bench, box, dockerd):
    with private_registry("basic", {"robot": PASSWORD}) as registry:
        name = registry.push(dockerd.client, images.TINY, "me/tiny:1", "robot")
        entry = {"id": "1", "match": f"{registry.domain}/me/*"}
        bench.server.access = {"username": "robot", "password": PASSWORD, "entry": entry}
        try:
            assert bench.commands("echo ran", container=box(name)) == "complete"
            (image,) = bench.server.images
            assert (image["reference"], image["entry"]) == (name, entry)
            known = dockerd.client.images.get(f"{registry.domain}/me/tiny@{image['digest']}")
            assert any(f"@{image['digest']}" in line for line in bench.server.lines("status"))

            def refused(code: str, wanted: str = name, **container) -> str:
                bench.server.ends.clear()
                assert bench.commands("echo ran", container=box(wanted, **container)) == "error"
                assert bench.end["error"]["code"] == code
                return bench.end["reason"]

            assert entry["match"] in refused("image_not_found", f"{registry.domain}/me/tiny:2")
            bench.server.access = {**bench.server.access, "password": "pw-another"}
            assert entry["match"] in refused("registry_refused")
            bench.server.access = NOBODY
            refused("no_registry_entry")
            assert dockerd.client.images.get(name).id == known.id
            # only the first one has run
            assert bench.server.lines("stdout") == ["ran"]
            shown = json.dumps(bench.server.events) + str(bench.server.images) + dockerd.log + registry.log.read_text()
            assert PASSWORD not in shown
            assert not any(PASSWORD in p.read_text(errors="replace") for p in bench.state.rglob("*") if p.is_file())
        finally:
            dockerd.client.images.remove(name)


def test_a_server_whose_machines_serve_several_people_runs_no_images_of_the_machine(bench, box):
    assert bench.commands("echo ran", container=box(images.TINY, local_images=False)) == "error"
    assert bench.end["error"]["code"] == "registry_unreachable"
