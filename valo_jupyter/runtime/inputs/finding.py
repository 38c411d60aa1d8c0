"""Which files the addresses of an input name."""

from __future__ import annotations

import glob
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from valo_jupyter.domain.errors import InputUnavailable
from valo_jupyter.domain.globs import compiled, fixed_part, is_pattern
from valo_jupyter.runtime.assigned import AssignedStores
from valo_jupyter.runtime.contract import Folders
from valo_jupyter.runtime.elsewhere import Source
from valo_jupyter.runtime.inputs.names import kept
from valo_jupyter.runtime.inputs.ways import FromBuiltIn, FromCheckout, FromStore, FromWeb, Way
from valo_jupyter.runtime.left_out import rule_for
from valo_jupyter.stores.base import ObjectInfo
from valo_jupyter.stores.errors import NotFound
from valo_jupyter.stores.local import SCHEME as BUILT_IN
from valo_jupyter.stores.local import LocalStore
from valo_jupyter.stores.web import without_credentials

WEB = ("http://", "https://")


@dataclass(frozen=True)
class Wanted:
    """One file that an input names.

    Attributes
    ----------
    name
        Where it goes below the input's folder; None: as its server calls it.
    uri
        As it may be shown.
    facts
        What the server is told of it besides: `datum`, `store`.
    """

    given: Mapping[str, Any]
    name: str | None
    uri: str
    way: Way
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def input(self) -> str:
        return str(self.given["name"])


class Finder:
    """Finds the files in the checkout, the stores, and among those that the assignment names.

    Its errors are those of stores, or `InputUnavailable` with the input's name.
    """

    def __init__(self, assignment: Mapping[str, Any], folders: Folders, source: Source, stores: AssignedStores) -> None:
        self._folders = folders
        self._left_out = assignment["left_out"]
        self._source = source
        self._stores = stores

    def find(self, given: Mapping[str, Any], uri: str) -> list[Wanted]:
        if uri in given.get("files", {}):
            return [self._known(given, file) for file in given["files"][uri]]
        scheme = urlsplit(uri).scheme if "://" in uri else ""
        if not scheme:
            return list(self._in_checkout(given, uri))
        if uri.startswith(WEB):
            return [self._on_the_web(given, uri)]
        if uri.startswith(BUILT_IN):
            key = LocalStore.key_of(uri)
            return [Wanted(given, given.get("filename") or key, uri, self._built_in(uri))]
        if found := self._stores.find(uri):
            return list(self._in_store(given, uri, *found))
        raise InputUnavailable(
            f"input {given['name']}: {uri} is an address in a data store, and this project has none that holds it; "
            "add the store in the project's settings, or name paths in the project, http:// or https:// addresses"
        )

    def _known(self, given: Mapping[str, Any], file: Mapping[str, Any]) -> Wanted:
        """A file that the server knows: of a datum or a dataset."""
        name, uri = file["name"], file["uri"]
        named = given.get("filename") or kept(name, "", given.get("keep_directories", "none"))
        facts = {"datum": file.get("datum"), "store": file.get("store")}
        if uri.startswith(BUILT_IN):
            return Wanted(given, named, uri, self._built_in(uri, file.get("size")), facts)
        if uri.startswith(WEB):
            return Wanted(given, named, without_credentials(uri), FromWeb(uri, file["sha256"], file["size"]), facts)
        store_id = file.get("store") or (self._stores.find(uri) or (None,))[0]
        if store_id is None:
            raise InputUnavailable(
                f"input {given['name']}: {name} was at {uri}, which cannot be read from here; "
                "name a file that is in a data store, or upload it"
            )
        key = self._stores.key(store_id, uri)
        sums = {each: file.get(each) for each in ("md5", "sha1", "sha256")}
        info = ObjectInfo(key, uri, file["size"], version=file.get("version"), **sums)
        return Wanted(given, named, uri, FromStore(partial(self._stores.open, store_id), info), facts)

    def _built_in(self, uri: str, size: int | None = None) -> FromBuiltIn:
        return FromBuiltIn(self._source, LocalStore.key_of(uri), uri, self._folders.root, size)

    def _on_the_web(self, given: Mapping[str, Any], uri: str) -> Wanted:
        path = unquote(urlsplit(uri).path)
        full = given.get("keep_directories") == "full"
        name = given.get("filename") or (path.strip("/") if full else posixpath.basename(path))
        return Wanted(given, name or None, without_credentials(uri), FromWeb(uri))

    def _in_store(self, given: Mapping[str, Any], uri: str, store_id: str, key: str) -> Iterator[Wanted]:
        store = self._stores.open(store_id)
        keep = given.get("keep_directories", "none")
        pattern = f"{key}**" if key.endswith("/") else key

        def wanted(info: ObjectInfo) -> Wanted:
            name = given.get("filename") or kept(info.key, pattern, keep)
            return Wanted(given, name, info.uri, FromStore(lambda: store, info), {"store": store_id})

        if not is_pattern(pattern):
            yield wanted(store.head(key))
            return
        if not key.endswith("/"):
            try:
                # a key may hold such letters itself
                yield wanted(store.head(key))
                return
            except NotFound:
                pass
        matches = compiled(pattern)
        found = False
        for info in store.list(fixed_part(pattern)):
            # what ends in a slash stands for a folder in the eyes of some tools
            if matches.fullmatch(info.key) and not info.key.endswith("/"):
                found = True
                yield wanted(info)
        if not found:
            raise NotFound(f"{uri} matches no object of the store.")

    def _in_checkout(self, given: Mapping[str, Any], pattern: str) -> Iterator[Wanted]:
        """The snapshot's files that a path or glob names."""
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
            why = rule_for(pattern, self._left_out)
            raise InputUnavailable(
                f"input {given['name']}: no file {pattern} in the snapshot" + (f"; {why}" if why else "")
            )
        keep = given.get("keep_directories", "none")
        for name, path in files:
            if not path.is_relative_to(top):
                raise InputUnavailable(f"input {given['name']}: {name} is a link to a file outside of the project")
            named = given.get("filename") or kept(name, wanted, keep)
            yield Wanted(given, named, path.relative_to(top).as_posix(), FromCheckout(Path(path)))
