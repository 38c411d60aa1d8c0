"""The gate in front of fake-gcs-server: it verifies what that takes on trust, and answers as Google does.

The token service of the accounts; each request's token and permission; signatures and times of signed addresses;
checksums of uploads; the generation that a request depends on. Uploads in pieces are the gate's own: of a piece that
was cut, it keeps what arrived.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import google_crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Answer = tuple[int, dict[str, str], bytes]

_JSON = {"Content-Type": "application/json"}
#: of a piece that was cut, whole multiples of this are kept
_STEP = 256 * 1024
#: whatever the address of the token service is
_AUDIENCE = "https://oauth2.googleapis.com/token"
ALL = frozenset(f"storage.objects.{verb}" for verb in ("get", "list", "create", "delete"))


@dataclass
class Account:
    """A service account. `permissions` may be changed; `tokens` are those that it got and that are good."""

    email: str
    key: rsa.RSAPrivateKey
    key_file: str
    permissions: frozenset[str] = ALL
    tokens: set[str] = field(default_factory=set)


@dataclass
class Upload:
    """In pieces; `answer` once it is whole."""

    bucket: str
    about: dict[str, Any]
    condition: str
    content: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None


class Gate(ThreadingHTTPServer):
    """Listens on loopback and forwards to the port `behind` there."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.accounts: dict[str, Account] = {}
        self.uploads: dict[str, Upload] = {}
        self._behind = behind

    def handle_error(self, request: Any, client_address: Any) -> None:
        # connections that faults cut
        pass

    def forward(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """The answer of the server behind."""
        connection = http.client.HTTPConnection("127.0.0.1", self._behind, timeout=30)
        try:
            connection.request(method, path, body, {"Host": f"127.0.0.1:{self.port}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def gate(self) -> Gate:
        assert isinstance(self.server, Gate)
        return self.server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        try:
            status, headers, content = self._answer(self._body())
        except _Refused as refused:
            answer = {"error": {"code": refused.status, "message": str(refused)}}
            status, headers, content = refused.status, _JSON, json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", headers.get("Content-Length", "0"))
            content = b""
        else:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) == length:
            return body
        if (upload := self._upload()) is not None and self.command == "PUT":
            self._add(upload, body[: len(body) // _STEP * _STEP])
        raise ConnectionError("cut")

    def _answer(self, body: bytes) -> Answer:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/token":
            return self._token(body)
        if "X-Goog-Signature" in query:
            return self._signed(parts.path, query)
        account = self._account()
        permission = "storage.objects." + self._verb(parts.path)
        if permission not in account.permissions:
            raise _Refused(
                403,
                f"{account.email} does not have {permission} access to the Google Cloud Storage object. "
                f"Permission '{permission}' denied on resource (or it may not exist).",
            )
        if query.get("uploadType") == "resumable":
            return self._resumable(parts.path, query, body)
        if query.get("uploadType") == "multipart":
            boundary = self.headers["Content-Type"].partition("boundary=")[2].strip("\"'").encode()
            sections = body.split(b"--" + boundary)[1:3]
            about, content = (section.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for section in sections)
            _compare(json.loads(about), content)
        self._check_generation(parts.path, query)
        kept = ("range", "content-type")
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        return self.gate.forward(self.command, self.path, body, headers)

    def _verb(self, path: str) -> str:
        if self.command in ("GET", "HEAD"):
            return "list" if path.endswith("/o") else "get"
        return "delete" if self.command == "DELETE" else "create"

    def _token(self, body: bytes) -> Answer:
        """RFC 7523: a token for a statement that the account has signed."""
        form = dict(parse_qsl(body.decode()))
        try:
            signed, _, signature = form["assertion"].rpartition(".")
            header, claims = (json.loads(_unpadded(part)) for part in signed.split("."))
            account = self.gate.accounts[claims["iss"]]
            account.key.public_key().verify(_unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            now = time.time()
            right = header["alg"] == "RS256" and claims["aud"] == _AUDIENCE
            right = right and claims["iat"] <= now + 60 and now < claims["exp"] <= claims["iat"] + 3600
            right = right and "devstorage" in claims["scope"]
        except (KeyError, ValueError, InvalidSignature):
            account, right = None, False
        if account is None or not right:
            answer = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return 400, _JSON, json.dumps(answer).encode()
        token = "ya29." + secrets.token_urlsafe(32)
        account.tokens.add(token)
        answer = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return 200, _JSON, json.dumps(answer).encode()

    def _account(self) -> Account:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        for account in self.gate.accounts.values():
            if token in account.tokens:
                return account
        raise _Refused(401, "Invalid Credentials")

    def _signed(self, path: str, query: dict[str, str]) -> Answer:
        """GOOG4-RSA-SHA256, as Google describes it."""
        signature = bytes.fromhex(query.pop("X-Goog-Signature"))
        email, _, scope = query["X-Goog-Credential"].partition("/")
        stamp = query["X-Goog-Date"]
        names = query["X-Goog-SignedHeaders"].split(";")
        canonical = "\n".join(
            [
                self.command,
                path,
                urlencode(sorted(query.items()), quote_via=quote, safe="~"),
                *(f"{name}:{self.headers[name].strip()}" for name in names),
                "",
                ";".join(names),
                "UNSIGNED-PAYLOAD",
            ]
        )
        text = "\n".join(["GOOG4-RSA-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        try:
            account = self.gate.accounts[email]
            account.key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (KeyError, InvalidSignature):
            raise _Refused(403, "SignatureDoesNotMatch") from None
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
        if time.time() > began + int(query["X-Goog-Expires"]):
            raise _Refused(400, "ExpiredToken")
        bucket, _, key = path.removeprefix("/").partition("/")
        address = f"/download/storage/v1/b/{bucket}/o/{quote(unquote(key), safe='')}?alt=media"
        wanted = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
        status, headers, content = self.gate.forward("GET", address, headers=wanted)
        for name in ("Content-Disposition", "Content-Type"):
            if asked := query.get(f"response-{name.lower()}"):
                headers[name] = asked
        return status, headers, content

    def _check_generation(self, path: str, query: dict[str, str]) -> None:
        """fake-gcs-server looks at these when it writes, and at no other time."""
        wanted = query.get("ifGenerationMatch")
        if wanted is None or self.command not in ("GET", "DELETE"):
            return
        _, _, content = self.gate.forward("GET", path.removeprefix("/download"))
        if json.loads(content).get("generation") != wanted:
            raise _Refused(412, "At least one of the pre-conditions you specified did not hold.")

    def _resumable(self, path: str, query: dict[str, str], body: bytes) -> Answer:
        """fake-gcs-server takes the question how far an upload is for its end."""
        gate = self.gate
        if self.command == "POST":
            kind = self.headers.get("X-Upload-Content-Type", "application/octet-stream")
            about = {"name": query.get("name"), "contentType": kind, **json.loads(body or b"{}")}
            bucket = path.split("/")[-2]
            condition = query.get("ifGenerationMatch", "")
            if (
                condition == "0"
                and gate.forward("GET", f"/storage/v1/b/{bucket}/o/{quote(about['name'], safe='')}")[0] == 200
            ):
                raise _Refused(412, "At least one of the pre-conditions you specified did not hold.")
            name = secrets.token_hex(16)
            gate.uploads[name] = Upload(bucket, about, condition)
            where = f"http://{self.headers['Host']}{path}?uploadType=resumable&upload_id={name}"
            return 200, {"Location": where}, b""
        upload = self._upload()
        if upload is None:
            raise _Refused(404, "Not Found")
        if self.command == "DELETE":
            del gate.uploads[query["upload_id"]]
            return 499, {}, b""
        if upload.answer is not None:
            return upload.answer
        self._add(upload, body)
        size = len(upload.content)
        if self.headers["Content-Range"].rpartition("/")[2] != str(size):
            return 308, {"Range": f"bytes=0-{size - 1}"} if size else {}, b""
        hashes = dict(each.strip().split("=", 1) for each in self.headers.get("x-goog-hash", "").split(",") if each)
        _compare(upload.about | hashes, bytes(upload.content))
        upload.answer = self._store(upload)
        return upload.answer

    def _upload(self) -> Upload | None:
        return self.gate.uploads.get(dict(parse_qsl(urlsplit(self.path).query)).get("upload_id", ""))

    def _add(self, upload: Upload, piece: bytes) -> None:
        span = self.headers["Content-Range"].removeprefix("bytes ").partition("/")[0]
        if span == "*":
            return
        start = int(span.partition("-")[0])
        if start > len(upload.content):
            raise _Refused(503, "Invalid request.  There is a gap.")
        upload.content[start:] = piece

    def _store(self, upload: Upload) -> Answer:
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(upload.about)}\r\n"
        head += f"--{boundary}\r\nContent-Type: {upload.about['contentType']}\r\n\r\n"
        body = head.encode() + upload.content + f"\r\n--{boundary}--".encode()
        condition = f"&ifGenerationMatch={upload.condition}" if upload.condition else ""
        where = f"/upload/storage/v1/b/{upload.bucket}/o?uploadType=multipart{condition}"
        return self.gate.forward("POST", where, body, {"Content-Type": f"multipart/related; boundary={boundary}"})


def _compare(about: dict[str, Any], content: bytes) -> None:
    """fake-gcs-server believes the checksum that it is told."""
    given, found = about.get("crc32c"), base64.b64encode(google_crc32c.Checksum(content).digest()).decode()
    if given is not None and given != found:
        raise _Refused(400, f'Provided CRC32C "{given}" doesn\'t match calculated CRC32C "{found}".')


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
