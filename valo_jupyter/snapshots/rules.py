"""Decides, name by name, what a snapshot leaves out, and says which rule did."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from valo_jupyter.snapshots import defaults, private
from valo_jupyter.snapshots.fingerprint import of_indexes
from valo_jupyter.snapshots.gitignore import GitIgnore, Tracked
from valo_jupyter.snapshots.places import git_directory
from valo_jupyter.snapshots.records import MB, Choice

VHIGNORE = b".vhignore"


class Rule(NamedTuple):
    """Why something is left out, and whether git may track it all the same."""

    text: str
    may_be_tracked: bool


class Rules:
    """The rules of one snapshot, strongest first.

    The notebook itself is always taken. Secret places never are, unless named. `.vhignore` and the patterns of the
    choice hold for every file; `.gitignore` and the default list only for files that git does not track.
    """

    def __init__(
        self, folder: Path, bare: Path, choice: Choice, notebook: bytes | None, nested: tuple[bytes, ...] = ()
    ) -> None:
        self._folder = folder
        self._root = os.fsencode(folder)
        self._named = tuple(os.fsencode(os.path.normpath(name)) for name in choice.name_secrets)
        self._always = _with_parents(notebook) if notebook else frozenset()
        self._patterns = _patterns(folder, choice)
        self._repositories: dict[bytes, Tracked] = {}
        own = git_directory(folder)
        if own is not None:
            self._repositories[b""] = Tracked(folder, own)
        for path in nested:
            self._enter_repository(path)
        self._git = GitIgnore(folder, own or bare)
        self.max_bytes = choice.max_file_bytes
        self.size_rule = f"over {_megabytes(choice.max_file_bytes)} MB (file size limit)"
        self.notebook = notebook

    @property
    def nested(self) -> tuple[bytes, ...]:
        """The repositories found inside the folder so far."""
        return tuple(sorted(path for path in self._repositories if path))

    def indexes(self) -> bytes:
        """A digest of the state of every repository's index."""
        return of_indexes([tracked.git_dir for _, tracked in sorted(self._repositories.items())])

    def exceptions(self) -> bytes:
        """A digest of the files that are taken, although a rule ignores them, because git tracks them."""
        listed = (path + b"\0" + tracked.although_ignored() for path, tracked in sorted(self._repositories.items()))
        return hashlib.sha256(b"\0\0".join(listed)).digest()

    def close(self) -> None:
        self._git.close()

    def of_folder(self, path: bytes, names: Container[bytes]) -> str | None:
        """The rule that leaves out a whole folder because of what is in it."""
        if path and b".git" in names and path not in self._repositories:
            self._enter_repository(path)
        what = defaults.by_content(names)
        if what is None or not path or path in self._always or self._tracked(path):
            return None
        return f"default ignore list: {what}"

    def _enter_repository(self, path: bytes) -> None:
        folder = self._folder / os.fsdecode(path)
        own = git_directory(folder)
        if own is not None:
            self._repositories[path] = Tracked(folder, own)

    def of_names(self, folder: bytes, names: list[tuple[bytes, bool]]) -> dict[bytes, Rule]:
        """The rule for each of these `(name, is a folder)` that is left out by what it is called."""
        prefix = folder + b"/" if folder else b""
        found: dict[bytes, Rule] = {}
        ask: list[bytes] = []
        inherited = _inherited(folder)
        for name, is_folder in names:
            path = prefix + name
            if path in self._always:
                continue
            rule = self._secret(folder, name, path, is_folder) or self._pattern(path, is_folder)
            what = inherited or defaults.by_name(name, is_folder)
            if rule is not None:
                found[name] = Rule(rule, True)
            elif what is not None and (name == b".git" or not self._tracked(path)):
                found[name] = Rule(f"default ignore list: {what}", False)
            else:
                ask.append(path)
        for path, rule in self._git.rules(ask).items():
            if not self._tracked(path):
                found[path[len(prefix) :]] = Rule(rule, False)
        return found

    def depends_on_content(self, name: bytes) -> bool:
        """Whether a change inside such a file may change the answer."""
        return private.may_hold_key(name)

    def _secret(self, folder: bytes, name: bytes, path: bytes, is_folder: bool) -> str | None:
        place = _secret_above(folder) or private.secret_place(_text(os.path.basename(folder)), _text(name))
        if place is None and not is_folder and private.may_hold_key(name):
            place = self._private_key(path)
        if place is None:
            return None
        for named in self._named:
            below = is_folder and named.startswith(path + b"/")
            if path == named or path.startswith(named + b"/") or below:
                return None
        return f"secret place: {place}"

    def _private_key(self, path: bytes) -> str | None:
        try:
            descriptor = os.open(os.path.join(self._root, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            start = os.read(descriptor, 8192)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return f"private key in {_text(os.path.basename(path))}" if private.holds_private_key(start) else None

    def _pattern(self, path: bytes, is_folder: bool) -> str | None:
        for spec, labels in self._patterns:
            index = spec.check_file(os.fsdecode(path) + ("/" if is_folder else "")).index
            if index is not None and not labels[index].partition(" ")[2].startswith("!"):
                return labels[index]
        return None

    def _tracked(self, path: bytes) -> bool:
        for root, tracked in reversed(self._repositories.items()):  # nested ones come after those around them
            if not root:
                return path in tracked
            if path == root or path.startswith(root + b"/"):
                return path == root or path[len(root) + 1 :] in tracked
        return False


def _inherited(folder: bytes) -> str | None:
    """The default rule that a folder around these names fell under: it was entered for what is tracked in it."""
    for part in folder.split(b"/") if folder else ():
        what = defaults.by_name(part, True)
        if what is not None:
            return what
    return None


def _secret_above(folder: bytes) -> str | None:
    parts = [_text(part) for part in folder.split(b"/")] if folder else []
    for number, part in enumerate(parts):
        place = private.secret_place(parts[number - 1] if number else "", part)
        if place is not None:
            return place
    return None


def _patterns(folder: Path, choice: Choice) -> list:
    """`(compiled patterns, the rule's text for each)` of `.vhignore` and of the choice."""
    sources = [("setting:", list(enumerate(choice.ignore, 1)))]
    try:
        text = (folder / ".vhignore").read_text(errors="surrogateescape")
    except OSError:
        text = ""
    sources.append((".vhignore:", list(enumerate(text.splitlines(), 1))))
    compiled = []
    for source, lines in sources:
        lines = [(number, line.rstrip("\r")) for number, line in lines if line.strip() and not line.startswith("#")]
        if lines:
            import pathspec  # 20 ms, which most folders need not pay

            spec = pathspec.GitIgnoreSpec.from_lines(line for _, line in lines)
            compiled.append((spec, [f"{source}{number} {line}" for number, line in lines]))
    return compiled


def _with_parents(path: bytes) -> frozenset[bytes]:
    parts = path.split(b"/")
    return frozenset(b"/".join(parts[: number + 1]) for number in range(len(parts)))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _megabytes(size: int) -> str:
    return f"{size / MB:g}"
