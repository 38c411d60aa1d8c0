"""Valohai's absolute folders, where an execution is a process and its folders are elsewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from valo_jupyter.runtime.contract import Folders

#: a path below /valohai that begins a word, and is none of some other path or address
_FOLDER = re.compile(r"(?<![\w./~-])/valohai/(repository|config|inputs|outputs)(?![\w.-])")
NOTE = "/valohai/… in the commands stands for this execution's own folders: there is no container here to have them."


def with_own_folders(commands: Sequence[str], folders: Folders) -> list[str]:
    """The commands with `/valohai/inputs` and the like replaced by this execution's folders.

    `vh yaml step notebook.ipynb` writes such paths into a step's commands; in a container they exist.
    """
    return [_FOLDER.sub(lambda match: shlex.quote(str(folders.root / match[1])), command) for command in commands]


def advice(message: str) -> str | None:
    """What to say to code that missed a file there."""
    if _FOLDER.search(message) is None:
        return None
    return (
        "there is no /valohai folder here; ask valohai.inputs(), valohai.outputs() or VH_INPUTS_DIR, VH_OUTPUTS_DIR, "
        "VH_CONFIG_DIR and VH_REPOSITORY_DIR for this execution's folders"
    )
