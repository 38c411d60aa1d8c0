"""The names under which outputs are known outside of the machine: without secrets, and each its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from valo_jupyter.runtime.mask import Mask


class OutputNames:
    """Names without the values of secrets; files that would then have the same name are numbered."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._shown: dict[str, str] = {}
        self._taken: set[str] = set()

    def add(self, names: Iterable[str]) -> None:
        """Give out names, those without a secret first: they can keep theirs."""
        new = [(self._mask.text(name), name) for name in names if name not in self._shown]
        for shown, name in sorted(new, key=lambda pair: pair[0] != pair[1]):
            self._shown[name] = self._free(shown)
            self._taken.add(self._shown[name])

    def shown(self, name: str) -> str:
        """What stands for a name that was added; always the same."""
        return self._shown[name]

    def _free(self, shown: str) -> str:
        path, free, number = PurePosixPath(shown), shown, 1
        while free in self._taken:
            number += 1
            free = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        return free
