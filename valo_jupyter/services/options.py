"""An engine's options: checked as a whole, with those that are secret kept apart and encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from valo_jupyter.engines.kinds import KINDS, InvalidOptions, check_options
from valo_jupyter.services.sealing import Seal


@dataclass(frozen=True)
class Checked:
    engine: str
    options: dict[str, Any]
    #: encrypted
    secrets: str | None

    def columns(self) -> dict[str, Any]:
        return {"engine": self.engine, "options": self.options, "secret_options": self.secrets}


class Options:
    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def check(self, engine: Any, given: Any, kept: Mapping[str, Any] | None = None) -> tuple[Checked, dict[str, str]]:
        """`(options, problems)`. `kept`: secrets that hold unless another is given, or null."""
        nothing = Checked(str(engine), {}, None)
        if not isinstance(engine, str) or engine not in KINDS:
            return nothing, {"engine": f"There is no engine {engine!r}; there are {', '.join(KINDS)}."}
        if given is not None and not isinstance(given, dict):
            return nothing, {"options": "The options are an object of names and values."}
        names = _secret_names(engine)
        secrets = {name: value for name, value in (kept or {}).items() if name in names}
        plain: dict[str, Any] = {}
        for name, value in (given or {}).items():
            if name not in names:
                plain[name] = value
            elif value is None:
                secrets.pop(name, None)
            elif not _stands_for_itself(value):
                secrets[name] = value
        try:
            checked = check_options(engine, {**plain, **secrets})
        except InvalidOptions as error:
            return nothing, error.details
        plain = {name: value for name, value in checked.items() if name not in names}
        return Checked(engine, plain, self._seal.close(secrets) if secrets else None), {}

    def change(self, row: Any, given: Mapping[str, Any]) -> tuple[Checked, dict[str, str]]:
        """The options of an environment's row with `engine` and `options` changed as `given` says."""
        engine = given.get("engine", row.engine)
        kept = self._seal.open(row.secret_options) or {}
        options = given.get("options", row.options if engine == row.engine else None)
        return self.check(engine, options, kept if engine == row.engine else None)

    def opened(self, options: Mapping[str, Any], secrets: str | None) -> dict[str, Any]:
        """All options, for the engine."""
        return {**options, **(self._seal.open(secrets) or {})}

    def shown(self, row: Any) -> dict[str, Any]:
        """All options as they may be read: of those that are secret, whether there is one."""
        secrets = self._seal.open(row.secret_options) or {}
        return {**row.options, **{name: {"set": name in secrets} for name in sorted(_secret_names(row.engine))}}


def _stands_for_itself(value: Any) -> bool:
    # a secret as it is shown: whoever sends it back does not change it
    return isinstance(value, dict) and value.keys() == {"set"}


def _secret_names(engine: str) -> set[str]:
    return {option.name for option in KINDS[engine].options if option.secret} if engine in KINDS else set()
