"""Which addresses of an answer lead through the Jupyter server, and which stay as they are."""

import json

import pytest

from valo_jupyter.jupyter.addresses import Addresses, has_addresses

ADDRESSES = Addresses("https://valo.example.org", "/user/ana/valo/")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("https://valo.example.org/api/v0/x/?a=1", "/user/ana/valo/api/v0/x/?a=1"),
        ("http://valo.example.org/download/d/1/s/a.csv", "/user/ana/valo/download/d/1/s/a.csv"),
        ("/api/v0/x/", "/user/ana/valo/api/v0/x/"),
        ("https://valo.example.org.evil.net/api/v0/", "https://valo.example.org.evil.net/api/v0/"),
        (
            "https://elsewhere.net/?u=https://valo.example.org/api/",
            "https://elsewhere.net/?u=https://valo.example.org/api/",
        ),
        ("https://valo.example.org/run/v1/start", "https://valo.example.org/run/v1/start"),
        ("s3://bucket/api/key", "s3://bucket/api/key"),
        ("", ""),
    ],
)
def test_an_address(address, local):
    assert ADDRESSES.local(address) == local


def test_only_the_wires_own_fields():
    own = "https://valo.example.org/api/v0/x/"
    answer = {"urls": {"stop": own, "none": None}, "commit": {"url": own}, "inputs": [{"url": own}], "url": None}
    changed = json.loads(ADDRESSES.rewrite(json.dumps(answer).encode()))
    assert changed["urls"] == {"stop": "/user/ana/valo/api/v0/x/", "none": None}
    assert changed["commit"] == {"url": "/user/ana/valo/api/v0/x/"}
    assert changed["inputs"] == [{"url": own}]


@pytest.mark.parametrize("body", [b"[]", b"not json with url", b'"url"', b"\xff url"])
def test_what_has_no_address_is_left_alone(body):
    assert ADDRESSES.rewrite(body) == body


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/valo/api/v0/executions/e/", True), ("/valo/api/v0/executions/e/stream/", False), ("/x/code/", False)],
)
def test_where_users_content_is(path, expected):
    assert has_addresses(path) is expected
