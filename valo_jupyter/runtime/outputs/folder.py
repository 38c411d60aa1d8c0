"""What is in the outputs folder: the files, and what sidecars say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from valo_jupyter.runtime.contract import Folders, Sink
from valo_jupyter.runtime.found import Found, find_outputs, make_readable
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.naming import OutputNames
from valo_jupyter.runtime.sidecars import LISTING, SUFFIX, Properties, read_listing, read_sidecar


@dataclass(frozen=True)
class Output:
    """A file to be stored. Its name and properties show no secret."""

    found: Found
    name: str
    properties: Properties


class OutputsFolder:
    """Looks at it, again and again; what is wrong with a file is said once."""

    def __init__(self, folders: Folders, sink: Sink, mask: Mask) -> None:
        self._folders = folders
        self._sink = sink
        self._mask = mask
        self._names = OutputNames(mask)
        self._complained: set[str] = set()

    def look(self) -> list[Output]:
        """The regular files, while code runs: of links and odd files is spoken at the end."""
        found = find_outputs(self._folders.outputs, self._folders.root, lambda problem: None)
        return self._described([file for file in found if not file.link])[0]

    def look_at_all(self) -> list[Output]:
        """All files there are, now that nobody writes to the folder any more."""
        make_readable(self._folders.outputs)
        found = list(find_outputs(self._folders.outputs, self._folders.root, self.complain))
        files, listed = self._described(found)
        for name in sorted(listed - {file.found.name for file in files}):
            self.complain(f"{LISTING} names {name}, but there is no such output")
        return files

    def complain(self, problem: str) -> None:
        if problem not in self._complained:
            self._complained.add(problem)
            self._sink.log("status", [problem])

    def _described(self, found: list[Found]) -> tuple[list[Output], set[str]]:
        files, sidecars = _apart(found, self.complain)
        listing = read_listing(self._folders.outputs / LISTING, self.complain)
        self._names.add(file.name for file in files)
        described = []
        for file in files:
            said = Properties.of({**listing.get(file.name, {}), **sidecars.get(file.name, {})})
            described.append(Output(file, self._names.shown(file.name), said.masked(self._mask)))
        return described, set(listing)


def _apart(found: list[Found], complain: Callable[[str], None]) -> tuple[list[Found], dict[str, dict[str, object]]]:
    """Files that are outputs, and what sidecars say by the name of the output."""
    names = {file.name for file in found}
    files, sidecars = [], {}
    for file in found:
        if file.name == LISTING:
            continue
        described = file.name.removesuffix(SUFFIX)
        if described != file.name and described in names:
            values = read_sidecar(file.path)
            if values is not None:
                sidecars[described] = values
                continue
            complain(f"{file.name} holds no JSON object; it was stored as a file like others")
        files.append(file)
    return files, sidecars
