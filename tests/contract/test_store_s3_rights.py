"""Who may do what at S3: browsers (CORS), and a role that is taken on."""

from __future__ import annotations

from pathlib import Path

from tests.contract.cloud_contract import patient
from tests.parts.faults import faults_before
from tests.parts.seaweedfs import SeaweedFS
from valo_jupyter.stores.cloud import CloudStore


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
