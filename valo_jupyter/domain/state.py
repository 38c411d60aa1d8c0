"""Where the state of a server on this machine lives."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid


def state_folder() -> Path:
    """`VALO_HOME`, else `valo` in the Jupyter data folder. Not created here."""
    home = os.environ.get("VALO_HOME")
    if home:
        return Path(home).expanduser().absolute()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "valo"


@dataclass(frozen=True)
class StateFolder:
    """The paths of the state folder, as `docs/developer/wire.md` lists them."""

    root: Path

    @classmethod
    def default(cls) -> StateFolder:
        return cls(state_folder())

    @property
    def server_file(self) -> Path:
        return self.root / "server.json"

    @property
    def engine_file(self) -> Path:
        return self.root / "engine.json"

    @property
    def token_file(self) -> Path:
        return self.root / "token"

    @property
    def secret_file(self) -> Path:
        return self.root / "secret"

    @property
    def database(self) -> Path:
        return self.root / "valo.sqlite3"

    @property
    def events(self) -> Path:
        return self.root / "events"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def log(self) -> Path:
        return self.root / "log"

    def lock(self, name: str) -> Path:
        return self.root / f"{name}.lock"

    def repository(self, project_id: str) -> Path:
        return self.root / "projects" / project_id / "repository.git"

    def settings(self) -> dict[str, Any]:
        """`settings.json`, which the server's owner may write; empty when there is none.

        Raises
        ------
        Invalid
            It is no JSON object.
        """
        path = self.root / "settings.json"
        try:
            value = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise Invalid(f"{path} cannot be read: {error}. Mend it, or remove it.") from error
        if not isinstance(value, dict):
            raise Invalid(f"{path} is no JSON object. Mend it, or remove it.")
        return value

    def read_server(self) -> dict[str, Any] | None:
        """`server.json`, or None when there is none or it is half written."""
        return _read_json(self.server_file)

    def read_engine(self) -> dict[str, Any] | None:
        return _read_json(self.engine_file)

    def read_token(self) -> str | None:
        try:
            return self.token_file.read_text().strip() or None
        except OSError:
            return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_private(path: Path, text: str) -> None:
    """Replace `path` atomically by a file only its owner can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(temporary, path)
