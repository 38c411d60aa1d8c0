"""Files to and from S3 beside rclone and boto3's own transfers, all against one SeaweedFS in memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from unittest import mock

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from benchmarks.shaped import GIGABIT, shaped
from benchmarks.table import Row, show
from tests.parts.seaweedfs import SeaweedFS, seaweedfs
from valo_jupyter.stores import digests, open_store, receiving
from valo_jupyter.stores.base import ObjectInfo

LARGE = 512_000_000
MANY, SMALL = 1000, 10_000
THREADS = 16


class Places:
    """One bucket, three ways to it by an address of the server, and a folder in memory."""

    def __init__(self, weed: SeaweedFS, folder: Path, url: str) -> None:
        self.weed, self.folder, self.bucket = weed, folder, weed.bucket()
        self.config = weed.config(self.bucket, url=url)
        self.store = open_store(self.config)
        keys = weed.keys
        self.boto = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            config=Config(max_pool_connections=THREADS, s3={"addressing_style": "path"}),
        )
        self.transfer = TransferConfig(max_concurrency=THREADS, preferred_transfer_client="classic")
        self.rclone = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_WEED_TYPE": "s3",
            "RCLONE_CONFIG_WEED_PROVIDER": "Other",
            "RCLONE_CONFIG_WEED_ENDPOINT": url,
            "RCLONE_CONFIG_WEED_ACCESS_KEY_ID": keys.access_key_id,
            "RCLONE_CONFIG_WEED_SECRET_ACCESS_KEY": keys.secret_access_key,
        }
        self.large = folder / "large"
        block = os.urandom(8_000_000)
        with self.large.open("wb") as file:
            for number in range(LARGE // len(block)):
                file.write(number.to_bytes(8, "big") + block[8:])
        sums = digests.digest_file(self.large)
        self.noted = ObjectInfo("large/valo", "", sums.size, md5=sums.md5, sha1=sums.sha1, sha256=sums.sha256)
        self.small = folder / "small"
        self.small.mkdir()
        for number in range(MANY):
            (self.small / f"{number:04}").write_bytes(os.urandom(SMALL))

    def prepare(self, way: str, what: str, name: str) -> None:
        """Remove what an earlier round stored there, or fetched."""
        if way == "up":
            for info in list(self.store.list(f"{what}/{name.lower()}")):
                self.store.delete(info.key)
        (self.folder / "copy").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "copies", ignore_errors=True)
        (self.folder / "copies").mkdir()

    def copy(self, source: str, target: str) -> None:
        command = ["rclone", "copy" if source.endswith("/") else "copyto", source, target]
        options = ["--transfers", str(THREADS), "--multi-thread-streams", "4", "--s3-no-check-bucket"]
        done = subprocess.run([*command, *options], env=self.rclone, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _large(places: Places) -> dict[str, dict[str, Callable[[], object]]]:
    copy, bucket = places.folder / "copy", places.bucket
    return {
        "up": {
            "Valo": lambda: places.store.put_file(places.large, "large/valo"),
            "boto3": lambda: places.boto.upload_file(str(places.large), bucket, "large/boto3", Config=places.transfer),
            "rclone": lambda: places.copy(str(places.large), f"weed:{bucket}/large/rclone"),
        },
        "down": {
            "Valo": lambda: places.store.get_file("large/valo", copy),
            "noted": lambda: places.store.get_file("large/valo", copy, noted=places.noted),
            "boto3": lambda: places.boto.download_file(bucket, "large/boto3", str(copy), Config=places.transfer),
            "rclone": lambda: places.copy(f"weed:{bucket}/large/rclone", str(copy)),
        },
    }


def _small(places: Places) -> dict[str, dict[str, Callable[[], object]]]:
    names = [f"{number:04}" for number in range(MANY)]
    copies, bucket = places.folder / "copies", places.bucket

    def each(what: Callable[[str], object]) -> Callable[[], object]:
        def run() -> None:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(what, names))

        return run

    return {
        "up": {
            "Valo": each(lambda name: places.store.put_file(places.small / name, f"small/valo/{name}")),
            "boto3": each(
                lambda name: places.boto.upload_file(
                    str(places.small / name), bucket, f"small/boto3/{name}", Config=places.transfer
                )
            ),
        },
        "down": {
            "Valo": each(lambda name: places.store.get_file(f"small/valo/{name}", copies / name)),
            "boto3": each(
                lambda name: places.boto.download_file(
                    bucket, f"small/boto3/{name}", str(copies / name), Config=places.transfer
                )
            ),
        },
    }


def _measure(ways: dict[str, Callable[[], object]], prepare: Callable[[str], object], runs: int) -> dict[str, float]:
    """Medians in seconds, taken in turns, after one of each that does not count: a server has to grow first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, way in ways.items():
            prepare(name)
            begun = time.perf_counter()
            way()
            if run:
                times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(each) for name, each in times.items()}


class _NoDigester(digests.Digester):
    """Counts only: what a transfer would be without checksums."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(names=())

    def digests(self) -> dict[str, str]:
        return dict.fromkeys(digests.ALL, "")


def _checksums(places: Places, where: str, runs: int) -> list[Row]:
    """What all three checksums add to the transfer of the large file, which nobody has noted any of."""
    store, copy = places.store, places.folder / "copy"
    known = digests.digest_file(places.large)
    places.boto.upload_file(str(places.large), places.bucket, "large/foreign", Config=places.transfer)

    def without() -> None:
        with mock.patch.object(receiving, "Digester", _NoDigester), mock.patch.object(receiving, "_verify"):
            store.get_file("large/foreign", copy)

    ways: dict[str, dict[str, Callable[[], object]]] = {
        "up": {
            "with": lambda: store.put_file(places.large, "large/with"),
            "without": lambda: store.put_file(places.large, "large/without", known=known),
        },
        "down": {"with": lambda: store.get_file("large/foreign", copy), "without": without},
    }
    found = []
    for way, both in ways.items():
        times = _measure(both, partial(places.prepare, way, "large"), runs)
        found.append(Row(f"512 MB {way}, {where}: all checksums", "none", times["with"], times["without"], 1.15, 1.05))
    return found


def _memory(places: Places) -> float:
    """MB that a process needs at the most for the large file up and down."""
    code = (
        "import json, re, sys; from pathlib import Path; from valo_jupyter.stores import open_store\n"
        "store = open_store(json.loads(sys.stdin.read())); file = Path(sys.argv[1])\n"
        "store.put_file(file, 'large/memory'); store.get_file('large/memory', file.with_name('memory'))\n"
        "print(re.search('VmHWM: *\\t *([0-9]+)', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, places.large], input=json.dumps(places.config), text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    with suppress(FileNotFoundError):
        (places.folder / "memory").unlink()
    return int(done.stdout) / 1000


def _large_rows(places: Places, where: str, runs: int) -> list[Row]:
    found = []
    for way, ways in _large(places).items():
        times = _measure(ways, partial(places.prepare, way, "large"), runs)
        best = min(("boto3", "rclone"), key=times.__getitem__)
        for name, what in (("Valo", ""), ("noted", ", checksums on record")):
            if name in times:
                ours, peers = (LARGE / 1e6 / times[each] for each in (name, best))
                found.append(Row(f"512 MB {way}, {where}{what}", best, ours, peers, 1, 1.2, "MB/s", True))
    return found + _checksums(places, where, runs)


def _small_rows(places: Places, runs: int) -> list[Row]:
    found = []
    for way, ways in _small(places).items():
        times = _measure(ways, partial(places.prepare, way, "small"), runs)
        found.append(
            Row(f"1,000 × 10 KB {way}", "boto3", MANY / times["Valo"], MANY / times["boto3"], 3, 6, "/s", True)
        )
    return found


@contextmanager
def _places(rate: float | None = None) -> Iterator[Places]:
    """A server of their own: what is deleted there still takes memory."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    with seaweedfs(memory) as weed, tempfile.TemporaryDirectory(dir=memory) as folder:
        if rate is None:
            yield Places(weed, Path(folder), weed.url)
            return
        with shaped(weed.url, rate) as url:
            yield Places(weed, Path(folder), url)


def rows(runs: int = 3) -> list[Row]:
    with _places() as places:
        found = _large_rows(places, "loopback", runs)
    with _places(GIGABIT) as places:
        found += _large_rows(places, "1 Gbit/s", runs)
    with _places() as places:
        found.append(Row("memory of 512 MB up and down", "200 MB", _memory(places), 200, 1, 0.5, "MB"))
        found += _small_rows(places, runs)
    return found


if __name__ == "__main__":
    show(rows())
