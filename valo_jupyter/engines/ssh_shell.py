"""Shell scripts for a host over SSH, and how they are handed to whatever shell an account has."""

from __future__ import annotations

import shlex
from typing import Any

_SAID_BYTES = 4000

#: any login shell will do; the script is the first line of standard input, so that no list of processes shows it
SHELL = """exec /bin/sh -c 'IFS= read -r line; eval "$(printf %b "$line")"'"""

#: login shells and setups have things to say, too
MARK = "valo says"

PREPARE = """
mkdir -p "$folder/machines" "$folder/engines" || exit 1
cd "$folder" || exit 1
echo "$PPID $(ps -o lstart= -p "$PPID" 2>/dev/null)"
pwd -P
for record in machines/*.json; do [ -e "$record" ] && echo "$record"; done
exit 0
"""

#: puts what it is given in a file, unless it is there
KEEP = """
mkdir -p {folder} && cd {folder} || exit 1
[ -e {name} ] && exit 0
cat > .{name}.$$ && mv .{name}.$$ {name} || {{ rm -f .{name}.$$; exit 1; }}
"""

INSTALL = """
command -v "$python" >/dev/null || {{ echo "there is no $python" >&2; exit 1; }}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' </dev/null ||
  {{ echo "$python is $("$python" -V 2>&1), and a machine needs Python 3.10 or newer" >&2; exit 1; }}
PYTHONPATH={wheel} exec "$python" -m valo_jupyter.engines.install --where {wheel} {folder}
"""

#: ends the process that served the connection before, which may wait for long for what will never come; it is known by
#: its start, too, since its number may be another's by now
END_SESSION = """
session={session}
set -- $session
pid=$1; shift
[ -n "$*" ] && [ "$*" = "$(echo $(ps -o lstart= -p "$pid" 2>/dev/null))" ] && kill -9 "$pid"
exit 0
"""


def wrapped(script: str, options: dict[str, Any]) -> bytes:
    """The script after the environment's variables and setup, as the one line that `SHELL` reads."""
    folder = options["folder"]
    home = '"$HOME"/' if folder.startswith("~/") else ""
    setup = options["setup"].strip()
    lines = [
        *(f"export {name}={shlex.quote(value)}" for name, value in options["environment"].items()),
        "umask 077",
        f"{{ :; {setup}\n}} >&2" if setup else "",
        f"folder={home}{shlex.quote(folder.removeprefix('~/'))}",
        f"echo '{MARK}'",
        f"python={shlex.quote(options['python'])}",
        script,
    ]
    text = "\n".join(lines)
    return text.replace("\\", "\\\\").replace("\n", "\\n").encode() + b"\n"


def said(output: Any) -> str:
    """What a script printed, without what came before it."""
    return _text(output).partition(f"{MARK}\n")[2]


def words(errors: Any) -> str:
    """The last of what a command complained of, in one line."""
    return "; ".join(_text(errors)[-_SAID_BYTES:].strip().splitlines()[-3:])


def _text(output: Any) -> str:
    return bytes(output or b"").decode("utf-8", "replace")
