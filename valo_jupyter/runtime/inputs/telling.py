"""Tells of the files of inputs: to the server, which makes them data, in events, and in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from valo_jupyter.runtime.contract import Sink
from valo_jupyter.runtime.inputs.finding import Wanted
from valo_jupyter.stores.digests import Checksums

#: files told to the server at once
_TOGETHER = 500

Register = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class InputFile:
    """One file of an input; `path` and `sums` are None where code is yet to ask for it."""

    wanted: Wanted
    name: str
    path: Path | None = None
    sums: Checksums | None = None
    version: str | None = None
    datum: str | None = None

    def to_report(self) -> dict[str, Any]:
        """Its entry in `POST /run/v1/inputs`."""
        assert self.sums is not None
        told = {"input": self.wanted.input, "name": self.name, "uri": self.wanted.uri, **asdict(self.sums)}
        more = {**self.wanted.facts, "version": self.version}
        return told | {name: value for name, value in more.items() if value is not None}

    def to_config(self) -> dict[str, Any]:
        """Its entry in `inputs.json`."""
        sums = self.sums
        return {
            "name": self.name,
            "path": str(self.path) if self.path else None,
            "uri": self.wanted.uri,
            "size": sums.size if sums else None,
            "checksums": {"md5": sums.md5, "sha1": sums.sha1, "sha256": sums.sha256} if sums else {},
            "metadata": [],
            "datum_id": self.datum or self.wanted.facts.get("datum"),
        }


class Telling:
    """Thread-safe.

    Parameters
    ----------
    register
        Tells the server of files that code is about to use (`POST /run/v1/inputs`).
    """

    def __init__(self, sink: Sink, register: Register) -> None:
        self._sink = sink
        self._register = register

    def tell(self, files: Sequence[InputFile]) -> list[InputFile]:
        """Of files whose content is here; the same with their data."""
        told = []
        for start in range(0, len(files), _TOGETHER):
            part = files[start : start + _TOGETHER]
            answers = self._register([file.to_report() for file in part])
            for file, answer in zip(part, answers, strict=True):
                told.append(replace(file, datum=answer["datum"]))
                self._say(told[-1], answer.get("warning"))
        return told

    def _say(self, file: InputFile, warning: str | None) -> None:
        sums = file.sums
        assert sums is not None
        facts = {"input": file.wanted.input, "name": file.name, "uri": file.wanted.uri, "size": sums.size}
        self._sink.emit({"k": "input", **facts, "sha256": sums.sha256, "datum": file.datum, "warning": warning})
        shown = f"md5 {sums.md5}, sha1 {sums.sha1}, sha256 {sums.sha256}"
        self._sink.log("status", [f"Input {file.wanted.input}: {file.name}, {sums.size} bytes, {shown}"])
        if warning:
            self._sink.log("status", [f"Input {file.wanted.input}: {warning}"])
