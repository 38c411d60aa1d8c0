"""What an entry of a private registry needs, and who may use it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from valo_jupyter.domain.registries import (
    Entry,
    InvalidRegistry,
    check_entry,
    ecr_region,
    entries_refused,
    stands_for_organization,
)

GOOGLE_KEY = json.dumps({"type": "service_account", "private_key": "-----BEGIN", "client_email": "a@b.example"})
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/*"


@pytest.mark.parametrize(
    ("given", "match", "username"),
    [
        ({"match": "me/*", "type": "docker-hub", "username": " me ", "password": "dckr"}, "docker.io/me/*", "me"),
        ({"match": "R.azurecr.io/*", "type": "azure", "username": "id", "password": "s"}, "r.azurecr.io/*", "id"),
        ({"match": ECR, "type": "ecr", "username": "AKIA", "password": "s"}, ECR, "AKIA"),
        ({"match": "gcr.io/p/*", "type": "gcp", "password": GOOGLE_KEY}, "gcr.io/p/*", "_json_key"),
        ({"match": "gcr.io/p/*", "type": "gcp", "username": "oauth2accesstoken", "password": "ya29"}, "gcr.io/p/*",
         "oauth2accesstoken"),
        ({"match": "r.example:5000/a", "type": "generic", "username": "u", "password": "p\n"}, "r.example:5000/a:*",
         "u"),
    ],
)  # fmt: skip
def test_each_type_takes_what_its_registry_gives(given: dict[str, Any], match: str, username: str) -> None:
    entry = check_entry(given)
    assert (entry.match, entry.type, entry.username) == (match, given["type"], username)
    assert entry.password == given["password"].strip()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, {"match": "missing", "type": "missing", "password": "missing"}),
        ({"match": "*", "type": "quay", "username": "a:b", "password": "", "color": 1},
         {"match": "registry", "type": "docker-hub, azure", "username": "without", "password": "1 to",
          "color": "field"}),
        ({"match": "*", "type": "azure"}, {"match": "registry", "username": "application", "password": "missing"}),
        ({"match": 7, "type": None, "username": 7, "password": 7},
         {"match": "text", "type": "one of", "username": "text", "password": "text"}),
        ({"match": "quay.io/me/*", "type": "docker-hub", "password": "p"},
         {"match": "not Docker Hub", "username": "Docker Hub"}),
        ({"match": "r.azurecr.io/*", "type": "azure", "password": "p"}, {"username": "application id"}),
        ({"match": "r.azurecr.io/*", "type": "ecr", "username": "A", "password": "p"}, {"match": "AWS ECR"}),
        ({"match": "gcr.io/p/*", "type": "gcp", "password": "ya29"}, {"password": "JSON"}),
        ({"match": "gcr.io/p/*", "type": "gcp", "password": "{}"}, {"password": "JSON"}),
        ({"match": "r.example/*", "type": "generic", "username": "u", "password": "p" * 20_000}, {"password": "1 to"}),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_said_at_once(given: dict[str, Any], words: dict[str, str]) -> None:
    with pytest.raises(InvalidRegistry) as caught:
        check_entry(given)
    assert caught.value.details.keys() == words.keys()
    for name, word in words.items():
        assert word in caught.value.details[name]


def test_a_password_stays_with_the_registry_it_was_given_for() -> None:
    current = Entry("r.azurecr.io/*", "generic", "id", None)
    assert check_entry({"match": "r.azurecr.io/team/*"}, current).password is None
    assert check_entry({"username": "other", "password": {"set": True}}, current).password is None
    for match in ("evil.example/*", "r.azurecr.io.evil.example/*", "r.azurecr.io:8443/*"):
        with pytest.raises(InvalidRegistry) as caught:
            check_entry({"match": match}, current)
        assert "again" in caught.value.details["password"]
    assert check_entry({"match": "evil.example/*", "password": "own"}, current).password == "own"
    with pytest.raises(InvalidRegistry):
        check_entry({"password": None}, current)


@pytest.mark.parametrize(
    ("domain", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
        ("1.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("docker.io", None),
    ],
)
def test_the_region_is_in_the_name(domain: str, region: str | None) -> None:
    assert ecr_region(domain) == region


def test_projects_of_organizations_may_use_entries_and_one_account_stands_for_its_organization() -> None:
    assert entries_refused(organization=True) is None
    assert "personal" in (entries_refused(organization=False) or "")
    assert stands_for_organization(1)
    assert not stands_for_organization(2)
