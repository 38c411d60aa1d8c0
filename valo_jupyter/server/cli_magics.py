"""`jupyter valo autoload`: whether IPython loads `%valo` by itself."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid

#: IPython runs the files of a profile's startup folder in each kernel and shell, in the order of their names.
NAME = "50-valo.py"
_CODE = """\
# Written by `jupyter valo autoload on`; `jupyter valo autoload off` removes it.
try:
    get_ipython().run_line_magic("load_ext", "valo_jupyter")  # noqa: F821
except ModuleNotFoundError:
    pass  # this environment has no Valo
"""


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "autoload",
        help="load %%valo in every notebook by itself, or no longer",
        description="Writes or removes a startup file of IPython's default profile. Kernels read it when they start.",
    )
    parser.add_argument("state", nargs="?", choices=("on", "off"), help="without it: which it is")
    parser.set_defaults(command=_autoload)


def _autoload(given: argparse.Namespace) -> int:
    from IPython.paths import get_ipython_dir

    path = Path(get_ipython_dir()) / "profile_default" / "startup" / NAME
    try:
        if given.state == "on":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_CODE)
        elif given.state == "off":
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Invalid(f"{path} cannot be changed: {error.strerror}. Check the folder's permissions.") from None
    state = "on" if os.path.exists(path) else "off"
    print(f"Autoload of %valo is {state} ({path}).{' Restart running kernels.' if given.state else ''}")
    return 0
