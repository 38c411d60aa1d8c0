"""What is to be removed at a service if this process dies in an upload, by a process that outlives it.

Run as a program it reads what there is to do from its standard input, and does it when that ends. It is given addresses
that are signed for this one purpose, no credentials; in a group of its own it also outlives a kill of the whole job.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable

_ROUNDS = 5
_SECONDS = 10.0


class Abandoned:
    """Requests to make when this process is gone; used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watcher: subprocess.Popen[bytes] | None = None

    def add(self, url: str, ca: str | None = None) -> str:
        """DELETE this address, unless `remove` is called with what this gives."""
        name = uuid.uuid4().hex
        self._tell({"add": name, "url": url, "ca": ca})
        return name

    def remove(self, name: str) -> None:
        self._tell({"remove": name})

    def _tell(self, what: dict[str, str | None]) -> None:
        with self._lock:
            if self._watcher is None or self._watcher.poll() is not None:
                self._watcher = _start()
            assert self._watcher.stdin is not None
            try:
                self._watcher.stdin.write(json.dumps(what).encode() + b"\n")
                self._watcher.stdin.flush()
            except BrokenPipeError:
                # it was ended from outside: the next upload has another
                self._watcher = None


ABANDONED = Abandoned()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )


def _watch(lines: Iterable[bytes]) -> None:
    left: dict[str, dict[str, str]] = {}
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            # the last line, half written
            break
        if "add" in told:
            left[told["add"]] = told
        else:
            left.pop(told["remove"], None)
    for _ in range(_ROUNDS):
        # once more until it is gone: a part that was under way may have arrived behind the first
        left = {name: told for name, told in left.items() if not _is_gone(told)}
        if not left:
            return
        time.sleep(1)


def _is_gone(told: dict[str, str]) -> bool:
    import ssl

    context = ssl.create_default_context(cadata=told["ca"]) if told["ca"] else None
    request = urllib.request.Request(told["url"], method="DELETE")
    try:
        urllib.request.urlopen(request, timeout=_SECONDS, context=context).close()
    except urllib.error.HTTPError as error:
        return error.code == 404
    except OSError:
        return False
    return False


if __name__ == "__main__":
    _watch(sys.stdin.buffer)
