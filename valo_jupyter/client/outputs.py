"""The files an execution produced: listed, opened, downloaded."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

from valo_jupyter.client.http import Http
from valo_jupyter.client.targets import CHUNK, NotWritable, check_targets, holds, target_of
from valo_jupyter.domain.errors import Invalid, NotFound, ValoError


class Corrupted(ValoError):
    """What arrived is not the file that was stored."""

    code = "corrupted"


class NoSuchOutput(NotFound, KeyError):
    """The execution has no output of this name."""

    __str__ = Exception.__str__


class Output:
    """One file; `name` may contain folders, with `/`."""

    def __init__(self, http: Http, data: dict[str, Any]) -> None:
        self._http = http
        self.data = data

    def __repr__(self) -> str:
        return f"<Output {self.name} {self.size} bytes>"

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def size(self) -> int:
        return self.data["size"]

    @property
    def uri(self) -> str:
        """Its address in the store."""
        return self.data["uri"]

    def download(self, folder: str | Path = ".", *, overwrite: bool = False) -> Path:
        """Write it below `folder`, under its name; a file with the same content is left as it is.

        Raises
        ------
        WouldOverwrite
            A file of that name has other content, and `overwrite` is false.
        NotWritable
            It cannot be written there; the message says why.
        """
        return self.save(target_of(folder, self.name), overwrite=overwrite)

    def save(self, target: Path, *, overwrite: bool = False) -> Path:
        """Write it to `target`; raises what `download` does."""
        check_targets([(target, self.data)], overwrite=overwrite)
        if holds(target, self.data):
            return target
        try:
            self._write(target, overwrite)
        except OSError as error:
            raise NotWritable.of(target, error.strerror or str(error)) from error
        return target

    def path(self) -> Path:
        """A local copy for as long as this process lives; downloaded once."""
        folder = Path(_copies().name) / self.id
        target = target_of(folder, self.name)
        return target if target.is_file() else self.download(folder)

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:
        """Open a local copy for reading."""
        if mode not in ("r", "rb", "rt"):
            raise Invalid("An output can be opened for reading only: mode “r” or “rb”.")
        return open(self.path(), mode, **options)

    def _write(self, target: Path, overwrite: bool) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".valo-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                self._copy_to(file)
            # a long download leaves time for somebody to put another file there
            check_targets([(target, self.data)], overwrite=overwrite)
            os.replace(partial, target)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise

    def _copy_to(self, file: IO[bytes]) -> None:
        address = self._http.get(f"data/{self.id}/download/")["url"]
        digest, size = hashlib.sha256(), 0
        with self._http.stream(address) as response:
            for chunk in response.stream(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        expected = self.data.get("sha256")
        if size != self.size or (expected and digest.hexdigest() != expected):
            raise Corrupted(f"{self.name} arrived with {size} bytes instead of {self.size}, or changed. Try again.")


class Outputs(Mapping[str, Output]):
    """An execution's files by name, in order of name."""

    def __init__(self, http: Http, items: list[dict[str, Any]]) -> None:
        # the newest come first, and of two files of one name the newer counts
        found = [Output(http, item) for item in reversed(items) if not item.get("purged")]
        found.sort(key=lambda output: output.name)
        self._by_name = {output.name: output for output in found}

    def __getitem__(self, name: str) -> Output:
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self._by_name) or "none"
            raise NoSuchOutput(f"No output is called “{name}”. There are: {known}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def download(
        self, folder: str | Path = ".", names: Iterable[str] | None = None, *, overwrite: bool = False
    ) -> list[Path]:
        """Write all files, or those called `names`, below `folder`; none is when one is refused as a download."""
        chosen = [self[name] for name in (self if names is None else names)]
        targets = [(target_of(folder, output.name), output.data) for output in chosen]
        check_targets(targets, overwrite=overwrite)
        return [output.download(folder, overwrite=overwrite) for output in chosen]

    def __repr__(self) -> str:
        return f"<Outputs {', '.join(self._by_name) or 'none'}>"


@cache
def _copies() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="valo-outputs-")
