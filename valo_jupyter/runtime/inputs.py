"""Brings an execution's inputs to its machine, before its code starts."""

from __future__ import annotations

import glob
import os
import posixpath
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.runtime.cache import Cached, InputCache
from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.left_out import rule_for
from valo_jupyter.runtime.progress import ProgressEvents
from valo_jupyter.stores.base import Cancel
from valo_jupyter.stores.copying import copy_file
from valo_jupyter.stores.digests import Checksums, checksums_of, digest_file
from valo_jupyter.stores.errors import Cancelled, StoreError
from valo_jupyter.stores.http import without_credentials
from valo_jupyter.stores.local import SCHEME as BUILT_IN
from valo_jupyter.stores.local import LocalStore

_WILD = frozenset("*?[")
_WEB = ("http://", "https://")
#: downloads that share the machine's connection
_AT_ONCE = 4


@dataclass(frozen=True)
class InputFile:
    """One file of an input, on the machine unless its download is left to the code (`path` is None then)."""

    input: str
    name: str
    uri: str
    path: Path | None
    sums: Checksums | None
    datum: str | None = None

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/inputs`."""
        assert self.sums is not None
        return {"input": self.input, "name": self.name, "uri": self.uri, **asdict(self.sums)}

    def to_config(self) -> dict[str, Any]:
        """Its entry in `inputs.json`."""
        sums = self.sums
        return {
            "name": self.name,
            "path": str(self.path) if self.path else None,
            "uri": self.uri,
            "size": sums.size if sums else None,
            "checksums": {"md5": sums.md5, "sha1": sums.sha1, "sha256": sums.sha256} if sums else {},
            "metadata": [],
            "datum_id": self.datum,
        }


class Inputs:
    """Fetches what an assignment's `inputs` name. Every failure is `InputUnavailable`, or `Cancelled` on a stop.

    Parameters
    ----------
    register
        Tells the server of a file that code is about to use (`POST /run/v1/inputs`).
    source
        Has the built-in store, and this machine's downloads.
    """

    def __init__(
        self,
        assignment: Mapping[str, Any],
        folders: Folders,
        sink: Sink,
        *,
        register: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
        cancel: Cancel,
        source: Source,
    ) -> None:
        self._source = source
        self._assignment = assignment
        self._folders = folders
        self._sink = sink
        self._register = register
        self._cancel = cancel
        self._downloads: dict[str, Future[Cached]] = {}
        self._failed = threading.Event()
        asked = assignment["environment_variables"].get("VH_NO_DATA_CACHE", "")
        self._fresh = str(asked).lower() in ("1", "yes", "true")

    def fetch(self) -> dict[str, Any]:
        """Fetch everything; what `inputs.json` is to hold."""
        self._folders.inputs.mkdir(exist_ok=True)
        found: dict[str, list[InputFile]] = {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="valo-download") as pool:
            try:
                self._begin_downloads(pool)
                for given in self._assignment["inputs"]:
                    files = found.setdefault(given["name"], [])
                    for uri in given["uris"]:
                        files += self._fetch_one(given, uri)
            except BaseException:
                # whatever it was, the other downloads are of no use any more
                self._failed.set()
                raise
        present = self._registered([file for files in found.values() for file in files if file.path])
        return {
            name: {"files": [present.get(file.path, file).to_config() for file in files]}
            for name, files in found.items()
        }

    def _begin_downloads(self, pool: ThreadPoolExecutor) -> None:
        """Fetch several web addresses at once into the machine's cache, each once."""
        for given in self._assignment["inputs"]:
            for uri in given["uris"]:
                if uri.startswith(_WEB) and uri not in self._downloads and given.get("download") != "on-demand":
                    self._sink.log("status", [f"Downloading input {given['name']}: {without_credentials(uri)}"])
                    progress = ProgressEvents(self._sink, "download", without_credentials(uri))
                    self._downloads[uri] = pool.submit(
                        self._cache.fetch, uri, fresh=self._fresh, progress=progress, cancel=self._given_up
                    )

    @property
    def _cache(self) -> InputCache:
        return self._source.inputs

    def _given_up(self) -> bool:
        return self._failed.is_set() or self._cancel()

    def _fetch_one(self, given: Mapping[str, Any], uri: str) -> list[InputFile]:
        scheme = urlsplit(uri).scheme if "://" in uri else ""
        try:
            if not scheme:
                return [self._copy(given, name, path) for name, path in self._in_checkout(given, uri)]
            if uri.startswith(_WEB):
                return [self._download(given, uri)]
            if uri.startswith(BUILT_IN):
                return [self._from_built_in(given, uri)]
        except Cancelled:
            raise
        except (StoreError, OSError) as error:
            reason = error.message if isinstance(error, StoreError) else error.strerror or str(error)
            raise InputUnavailable(f"input {given['name']}: {reason}") from error
        raise InputUnavailable(
            f"input {given['name']}: {scheme}:// is an address in a data store, and none of that kind is configured "
            "here; paths in the project, http:// and https:// can be read"
        )

    def _copy(self, given: Mapping[str, Any], name: str, path: Path) -> InputFile:
        uri = path.relative_to(self._folders.repository.resolve()).as_posix()
        target = self._target(given, given.get("filename") or name)
        copy_file(path, target, cancel=self._cancel)
        return self._file(given, target, uri, digest_file(target, cancel=self._cancel))

    def _download(self, given: Mapping[str, Any], uri: str) -> InputFile:
        shown = without_credentials(uri)
        path = unquote(urlsplit(uri).path)
        full = given.get("keep_directories") == "full"
        name = given.get("filename") or (path.strip("/") if full else posixpath.basename(path))
        if given.get("download") == "on-demand":
            return InputFile(given["name"], name or given["name"], uri, None, None)
        cached = self._downloads[uri].result()
        target = self._target(given, name or cached.filename or given["name"])
        cached = self._place(cached, target, lambda: self._cache.fetch(uri, fresh=True, cancel=self._cancel))
        return self._file(given, target, shown, cached.sums)

    def _place(self, cached: Cached, target: Path, again: Callable[[], Cached]) -> Cached:
        try:
            self._cache.place(cached, target, cancel=self._cancel)
        except FileNotFoundError:
            # another execution has just trimmed it away
            cached = again()
            self._cache.place(cached, target, cancel=self._cancel)
        self._cache.trim()
        return cached

    def _from_built_in(self, given: Mapping[str, Any], uri: str) -> InputFile:
        key = LocalStore.key_of(uri)
        target = self._target(given, given.get("filename") or key)

        def get(path: Path) -> Checksums:
            progress = ProgressEvents(self._sink, "download", target.name)
            return checksums_of(self._source.store.get_file(key, path, progress=progress, cancel=self._cancel))

        if not self._source.far:
            return self._file(given, target, uri, get(target))

        def fetch() -> Cached:
            return self._cache.fetch_unchanging(uri, get)

        return self._file(given, target, uri, self._place(fetch(), target, fetch).sums)

    def _in_checkout(self, given: Mapping[str, Any], pattern: str) -> list[tuple[str, Path]]:
        """Names and paths of the snapshot's files that a path or glob names."""
        top = self._folders.repository.resolve()
        wanted = posixpath.normpath(pattern)
        if posixpath.isabs(wanted) or wanted.startswith(".."):
            raise InputUnavailable(
                f"input {given['name']}: {pattern} is outside of the project; "
                "a path names files of the project's folder, others need an address"
            )
        if (top / wanted).is_dir():
            wanted += "/**"
        matches = sorted(glob.glob(wanted, root_dir=top, recursive=True))
        files = [(name, path) for name in matches if (path := (top / name).resolve()).is_file()]
        if not files:
            why = rule_for(pattern, self._assignment["left_out"])
            raise InputUnavailable(
                f"input {given['name']}: no file {pattern} in the snapshot" + (f"; {why}" if why else "")
            )
        for name, path in files:
            if not path.is_relative_to(top):
                raise InputUnavailable(f"input {given['name']}: {name} is a link to a file outside of the project")
        keep = given.get("keep_directories", "none")
        return [(_kept(name, wanted, keep), path) for name, path in files]

    def _target(self, given: Mapping[str, Any], name: str) -> Path:
        """Where a file of the input goes; its folder is made."""
        folder = self._folders.inputs / given["name"]
        target = Path(os.path.normpath(folder / name))
        for inner, outer in ((folder, self._folders.inputs), (target, folder)):
            if inner == outer or not inner.is_relative_to(outer):
                raise InputUnavailable(f"input {given['name']}: “{name}” is no name for a file below {outer.name}/")
        if target.exists():
            raise InputUnavailable(
                f"input {given['name']}: two files would both be {name}; keep their folders apart "
                "with `keep-directories: full`, or name fewer"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _file(self, given: Mapping[str, Any], target: Path, uri: str, sums: Checksums) -> InputFile:
        name = target.relative_to(self._folders.inputs / given["name"]).as_posix()
        return InputFile(given["name"], name, uri, target, sums)

    def _registered(self, files: list[InputFile]) -> dict[Path | None, InputFile]:
        """Tell the server of the files; the same with their data, by path."""
        if not files:
            return {}
        answers = self._register([file.to_report() for file in files])
        told = [replace(file, datum=answer["datum"]) for file, answer in zip(files, answers, strict=True)]
        for file, answer in zip(told, answers, strict=True):
            assert file.sums is not None
            facts = {"input": file.input, "name": file.name, "uri": file.uri, "size": file.sums.size}
            self._sink.emit(
                {
                    "k": "input",
                    **facts,
                    "sha256": file.sums.sha256,
                    "datum": file.datum,
                    "warning": answer.get("warning"),
                }
            )
            sums = f"md5 {file.sums.md5}, sha1 {file.sums.sha1}, sha256 {file.sums.sha256}"
            self._sink.log("status", [f"Input {file.input}: {file.name}, {file.sums.size} bytes, {sums}"])
            if answer.get("warning"):
                self._sink.log("status", [f"Input {file.input}: {answer['warning']}"])
        return {file.path: file for file in told}


def _kept(name: str, pattern: str, keep: str) -> str:
    """A matched file's name in its input's folder, with as much of its path as `keep` (none, suffix, full) says."""
    if keep == "full":
        return name
    if keep != "suffix":
        return posixpath.basename(name)
    root = []
    for part in pattern.split("/")[:-1]:
        if _WILD & set(part):
            break
        root.append(part)
    return posixpath.relpath(name, "/".join(root) or ".")
