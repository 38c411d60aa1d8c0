"""What outputs say about themselves: `<file>.metadata.json` beside a file, and `valohai.metadata.jsonl` for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valo_jupyter.runtime.mask import Mask

SUFFIX = ".metadata.json"
LISTING = "valohai.metadata.jsonl"
#: larger ones are data that happens to have such a name
_LARGEST = 16 * 1024 * 1024
_SPECIAL = frozenset({"valohai.tags", "valohai.alias", "valohai.dataset-versions"})


@dataclass(frozen=True)
class Properties:
    """Tags, aliases, versions of datasets and other metadata of one output."""

    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    #: each `{"uri": "dataset://name/version", …}`, with what else the sidecar says of it
    dataset_versions: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tags or self.aliases or self.dataset_versions or self.metadata)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Properties:
        """From a sidecar's object: `valohai.tags`, `.alias` and `.dataset-versions` are special, all else metadata."""
        rest = {key: value for key, value in values.items() if key not in _SPECIAL}
        versions = _versions(values.get("valohai.dataset-versions"))
        return cls(_texts(values.get("valohai.tags")), _texts(values.get("valohai.alias")), versions, rest)

    def masked(self, mask: Mask) -> Properties:
        """The same without secrets."""
        tags, aliases = _texts(mask.value(list(self.tags))), _texts(mask.value(list(self.aliases)))
        versions = tuple(mask.value(list(self.dataset_versions)))
        return Properties(tags, aliases, versions, mask.value(self.metadata, numbers=True))


def read_sidecar(path: Path) -> dict[str, Any] | None:
    """The object in a sidecar file, or None when it holds no such thing: then it is a file like others."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def read_listing(path: Path, complain: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """`valohai.metadata.jsonl`: properties by output name; a wrong line is named and skipped."""
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return found
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            name, values = entry["file"], entry["metadata"]
            found.setdefault(_relative(str(name)), {}).update(values)
        except (ValueError, KeyError, TypeError):
            complain(f'{LISTING}, line {number}, was skipped: each line is {{"file": name, "metadata": {{…}}}}.')
    return found


def _relative(name: str) -> str:
    return name.removeprefix("./").replace("\\", "/")


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    # once each, in their order
    return tuple(dict.fromkeys(str(one) for one in values))


def _versions(value: Any) -> tuple[dict[str, Any], ...]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    objects = [one if isinstance(one, dict) else {"uri": str(one)} for one in given]
    # the first counts where one is named twice
    return tuple({str(one.get("uri")): one for one in reversed(objects)}.values())[::-1]
