"""Who may do what at S3: browsers (CORS), and a role that is taken on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import urllib3

from tests.contract.cloud_contract import patient
from tests.parts.faults import faults_before
from tests.parts.seaweedfs import Keys, SeaweedFS
from valo_jupyter.stores.cloud import CloudStore
from valo_jupyter.stores.errors import Denied, Misconfigured, StoreError
from valo_jupyter.stores.s3 import S3Store


def _cors(store: CloudStore) -> str:
    [said] = [step.message for step in store.check().steps if step.name == "cors"]
    return said


def test_the_check_says_whether_browsers_may_read(weed: SeaweedFS):
    bucket, client = weed.bucket(), weed.client()
    store = patient(weed.config(bucket))
    assert "aws s3api put-bucket-cors" in _cors(store)
    writing = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [writing]})
    assert "no CORS rule for reading" in _cors(store)
    reading = {"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["https://lab.example.org"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [writing, reading]})
    assert _cors(store) == ""
    with faults_before(weed.url) as faults:
        # as of an account that may not look, and of a service without such rules
        for status, code in ((403, "AccessDenied"), (501, "NotImplemented")):
            faults.answer(status, f"<Error><Code>{code}</Code></Error>".encode(), words="?cors")
            assert "could not be told. It needs s3:GetBucketCORS" in _cors(patient(weed.config(bucket, url=faults.url)))
            assert faults.left == 0
        # and of one that has the rules, and none among them
        for rules in (b"", b"<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>"):
            faults.answer(200, b"<CORSConfiguration>%s</CORSConfiguration>" % rules, words="?cors")
            assert "no CORS rule for reading" in _cors(patient(weed.config(bucket, url=faults.url)))
            assert faults.left == 0


def test_a_role_that_is_taken_on(weed: SeaweedFS, tmp_path: Path):
    bucket = weed.bucket()
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(Denied):
        patient(weed.config(bucket, keys=weed.reader)).put_file(tmp_path / "source", "key")
    store = patient(weed.config(bucket, keys=weed.reader, role_arn=weed.role))
    assert store.check().ok
    store.put_file(tmp_path / "source", "key")
    url = store.signed_url("key", ttl=60)
    assert url is not None
    assert urllib3.request("GET", url, retries=False).data == b"content"


def test_a_role_that_cannot_be_taken_on(weed: SeaweedFS, tmp_path: Path):
    nobodys = weed.role + "-of-nobody"
    store = patient(weed.config(weed.bucket(), role_arn=nobodys))
    [auth] = store.check().steps
    assert auth.message.startswith(f"The role {nobodys} cannot be taken on: the account needs sts:AssumeRole")
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(Denied, match="sts:AssumeRole"):
        store.put_file(tmp_path / "source", "key")


def _refusal(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>said so</Message></Error></ErrorResponse>".encode()


def _given(keys: Keys, until: datetime) -> bytes:
    told = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key, "SessionToken": "token"}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in (told | {"Expiration": until.isoformat()}).items())
    answer = f"<AssumeRoleResult><Credentials>{inner}</Credentials></AssumeRoleResult>"
    return f"<AssumeRoleResponse>{answer}</AssumeRoleResponse>".encode()


def test_a_role_is_asked_for_again_where_that_may_help(weed: SeaweedFS, tmp_path: Path):
    (tmp_path / "source").write_bytes(b"content")
    with faults_before(weed.url) as faults:
        store = patient(weed.config(weed.bucket(), url=faults.url, role_arn=weed.role))
        faults.answer(503, method="POST")
        faults.answer(400, _refusal("Throttling"), method="POST")
        faults.answer(400, _refusal("RequestLimitExceeded"), method="POST")
        store.put_file(tmp_path / "source", "key")
        assert faults.left == 0


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "AccessDenied", Denied, "the account needs sts:AssumeRole"),
        (400, "ExpiredTokenException", Denied, "unknown, expired or revoked"),
        (400, "ValidationError", Misconfigured, "correct `role_arn`"),
    ],
)
def test_a_role_is_asked_for_once_where_that_is_in_vain(
    weed: SeaweedFS, status: int, code: str, kind: type[StoreError], words: str
):
    with faults_before(weed.url) as faults:
        store = patient(weed.config(weed.bucket(), url=faults.url, role_arn=weed.role))
        faults.answer(status, _refusal(code), method="POST")
        with pytest.raises(kind, match=words):
            next(store.list())
        assert len(faults.of("POST")) == 1


def test_a_role_is_asked_for_with_the_credentials_that_have_come_meanwhile(
    weed: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    profile = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))

    def rotate(keys: Keys) -> None:
        profile.write_text(
            f"[science]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        )

    rotate(weed.reader)
    (tmp_path / "source").write_bytes(b"content")
    with faults_before(weed.url) as faults:
        config = weed.config(weed.bucket(), url=faults.url, role_arn=weed.role, profile="science")
        store = patient({**config, "credentials": {}})
        assert isinstance(store, S3Store)
        # credentials of the role that have nearly had their time
        faults.answer(200, _given(weed.keys, datetime.now(timezone.utc) + timedelta(minutes=5)), method="POST")
        store._renewable.get()
        assert faults.left == 0
        rotate(weed.keys)
        faults.answer(400, _refusal("ExpiredTokenException"), method="POST")
        store.put_file(tmp_path / "source", "key")
        assert faults.left == 0
