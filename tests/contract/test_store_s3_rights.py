"""Who may do what at S3: browsers (CORS), and a role that is taken on."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3

from tests.contract.cloud_contract import patient
from tests.parts.faults import faults_before
from tests.parts.seaweedfs import SeaweedFS
from valo_jupyter.stores.cloud import CloudStore
from valo_jupyter.stores.errors import Denied


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
