"""What a snapshot is asked, and what it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

MB = 1_000_000


@dataclass(frozen=True)
class Choice:
    """What the user chose to send."""

    #: the whole project folder, or the notebook alone
    include: Literal["folder", "notebook"] = "folder"
    #: questions already answered with yes: "large", "home"
    accept: frozenset[str] = frozenset()
    #: secret places that may be taken: project-relative paths of files or folders
    name_secrets: tuple[str, ...] = ()
    max_file_bytes: int = 100 * MB
    #: above these, the first snapshot of a folder asks
    ask_files: int = 2_000
    ask_bytes: int = 200 * MB
    #: further patterns to leave out, written as in a `.gitignore` at the project's root
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """Something of the folder that is not in the snapshot; a folder is one entry, its path ending in `/`."""

    path: str
    #: what excluded it, e.g. `.gitignore:3 data/`
    rule: str
    size: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far a snapshot is. Totals are None until the folder has been looked through."""

    stage: Literal["scan", "store"]
    files: int
    bytes: int
    total_files: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """A commit in the project's bare repository, and what there is to say about it."""

    commit: str
    tree: str
    files: int
    bytes: int
    #: files added, changed or gone since the folder's previous snapshot
    changed: int
    left_out: list[LeftOut] = field(default_factory=list)
    empty_folders: int = 0
    warnings: list[str] = field(default_factory=list)
    #: `{"head", "branch", "remote", "dirty": [{"path", "status"}], "patch"}` if the folder is a git repository
    git: dict[str, Any] | None = None

    @property
    def identifier(self) -> str:
        """The commit's name on the wire: the same code has the same one."""
        return "~" + self.tree

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "identifier": self.identifier}


@dataclass(frozen=True)
class CheckoutReport:
    """What a checkout wrote."""

    files: int
    bytes: int
    empty_folders: int
