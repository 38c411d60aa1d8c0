"""Finds values in text that look like keys, tokens or passwords: by detect-secrets, and formats it does not know yet.

Reading a text costs next to nothing while it has none of the words that a secret comes with: only then is
detect-secrets imported, which takes a third of a second, once in a process.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple

#: Of a value that is passed on, at the most: what shows that it is one, and is none itself.
SHOWN = 4
#: Of one text: whoever has more has something else to do first.
MOST = 100


class Match(NamedTuple):
    """One value; `line` counts from 1."""

    kind: str
    value: str
    line: int

    @property
    def shown(self) -> str:
        """What may be shown of it."""
        return "" if self.kind == _PRIVATE_KEY else f"{self.value[: min(SHOWN, len(self.value) // 3)]}…"


_PRIVATE_KEY = "Private Key"
_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----((?:(?!-----).){0,20000})", re.DOTALL)
#: detect-secrets' plugins whose alarms are rarely false, and what is in every text that they find something in.
_PLUGINS = {
    "aws.AWSKeyDetector": r"A3T|ABIA|ACCA|AKIA|ASIA|(?i:aws)",
    "azure_storage_key.AzureStorageKeyDetector": r"AccountKey=",
    "basic_auth.BasicAuthDetector": r"://[^/@\s'\"]{3,200}@",
    "gitlab_token.GitLabTokenDetector": r"gl(?:pat|dt|ft|soat|rt|cbt)-|GR1348941",
    "jwt.JwtTokenDetector": r"eyJ[\w-]{10,}\.",
    "npm.NpmDetector": r"_authToken",
    "openai.OpenAIDetector": r"T3BlbkFJ",
    "pypi_token.PypiTokenDetector": r"pypi-Ag",
    "sendgrid.SendGridDetector": r"SG\.[\w-]{22}",
    "slack.SlackDetector": r"xox[abposr]-|hooks\.slack\.com",
    "square_oauth.SquareOAuthDetector": r"sq0csp-",
    "stripe.StripeDetector": r"[rs]k_live_",
}
_KEYWORD = "keyword.KeywordDetector"
_URL = "basic_auth.BasicAuthDetector"
#: What is shorter is no secret, or none that anything could tell from a word.
_SHORTEST = 4
#: Formats that detect-secrets has no plugin for, or tells the beginning of only.
_FORMATS = {
    "Anthropic or OpenAI Key": r"\bsk-(?:ant|proj|svcacct)-[\w-]{20,}",
    "Databricks Token": r"\bdapi[0-9a-f]{32}\b",
    "GitHub Token": r"\b(?:github_pat_\w{60,}|gh[pousr]_\w{36})",
    "Google API Key": r"\bAIza[\w-]{35}\b",
    "Hugging Face Token": r"\bhf_[A-Za-z]{34}\b",
}
#: Where an assignment to a word such as `password` is looked for.
_CODE = frozenset({
    ".py", ".r", ".jl", ".sh", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".json", ".js", ".ts", ".tf",
    ".properties", ".env", ".sql",
})  # fmt: skip
_WORDS = re.compile(r"(?i)api_?key|(?:auth|service|account|db|database|priv|private|client)_?key|pass|pwd|secret")
#: A name of something about a secret, rather than of one.
_ABOUT = re.compile(
    r"(?i)(?:key|pass\w*?|pwd|secrets?)_?(?:name|id|path|file|field|col|column|url|uri|type|label|len|length|ref|arn|env"
    r"|var|prompt|title|text|message|hint|policy|regex|pattern|scope|provider|manager)s?['\"\]]*\s*[:=]"
)
_PLACEHOLDER = re.compile(
    r"(?i)example|change_?me|placeholder|your|dummy|fake|sample|secret_?here|x{4}|\*{3}|\.{3}|<.*>|\{.*\}|^\$|^%"
)
#: A path or a word, which a name such as `secret_key` is often set to, and passwords worth the name are not.
_PLAIN = re.compile(r"[a-z_ -]*|[A-Z_]*|[./~].*|https?://.*|[\d.]+")
_WORDS_FOR_PASSWORDS = frozenset({"password", "passwd", "pass", "pwd", "secret", "token", "word"})
#: Names of variables and parameters whose values are secrets.
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_-])(?:token|secret|password|passwd|pwd|passphrase|api_?key|access_?key|private_?key|auth_?key)(?:$|[_-])"
)


def find(text: str, name: str = "cell.py", *, until: float = math.inf) -> list[Match]:
    """What in `text` looks like a secret, the first `MOST` of it.

    Parameters
    ----------
    name
        Of its file, whose ending says how code assigns there.
    until
        When to stop looking, by `time.monotonic()`.
    """
    found: dict[str, Match] = {}
    end = -1
    for start, stop, kind, value in sorted(_found(text, name, until), key=lambda one: (one[0], -one[1])):
        # what one pattern finds within what another does is the same secret
        if stop <= end or value in found:
            continue
        end = stop
        if "pragma: allowlist" not in text[text.rfind("\n", 0, start) + 1 : _line_end(text, start)]:
            found[value] = Match(kind, value, text.count("\n", 0, start) + 1)
    return list(found.values())


def find_named(name: str, value: str) -> list[Match]:
    """As `find`, of a variable's or parameter's value; its name alone may say what it is."""
    found = find(value, "value.txt")
    if not found and _SECRET_NAME.search(name) and len(value) >= 6 and not _harmless(value):
        return [Match("Secret by its name", value, 1)]
    return found


def _found(text: str, name: str, until: float) -> Iterator[tuple[int, int, str, str]]:
    """Where each begins and ends, its kind, and the value."""
    ways = [_formats(text), _keys(text), _known(text)]
    if PurePosixPath(name).suffix.lower() in _CODE and _WORDS.search(text):
        ways.append(_assigned(text, name, until))
    for one in islice(chain(*ways), MOST):
        yield one
        if time.monotonic() > until:
            return


def _formats(text: str) -> Iterator[tuple[int, int, str, str]]:
    for kind, pattern in _FORMATS.items():
        for match in re.finditer(pattern, text):
            yield *match.span(), kind, match[0]


def _keys(text: str) -> Iterator[tuple[int, int, str, str]]:
    for match in _KEY.finditer(text) if "PRIVATE KEY" in text else ():
        # its name alone stands in code that reads one
        if re.search(r"[A-Za-z0-9+/]{40}", match[1]):
            yield *match.span(), _PRIVATE_KEY, match[0]


def _known(text: str) -> Iterator[tuple[int, int, str, str]]:
    """By detect-secrets' patterns."""
    for plugin, hint in _PLUGINS.items():
        if not re.search(hint, text):
            continue
        detector = _detector(plugin)
        holds = getattr(detector, "is_formally_valid", lambda _: True)
        for pattern in detector.denylist:
            for match in pattern.finditer(text):
                group = next((number for number, given in enumerate(match.groups(), 1) if given), 0)
                value = match[group]
                if len(value) < _SHORTEST or _PLACEHOLDER.search(value) or not holds(value):
                    continue
                if plugin == _URL and _harmless_url(text[match.end() : match.end() + 300], value):
                    continue
                yield *match.span(group), detector.secret_type, value


def _assigned(text: str, name: str, until: float) -> Iterator[tuple[int, int, str, str]]:
    """Values that are assigned to names such as `password`."""
    position = 0
    for line in text.splitlines(keepends=True):
        if time.monotonic() > until:
            return
        if len(line) < 1000 and _WORDS.search(line) and not _ABOUT.search(line):
            for secret in _detector(_KEYWORD).analyze_line(filename=name, line=line.rstrip("\r\n")):
                value = secret.secret_value or ""
                if len(value) >= 6 and not _harmless(value) and not _indirect(line, value):
                    start = position + max(0, line.find(value))
                    yield start, start + len(value), "Password or Key", value
        position += len(line)


def _harmless(value: str) -> bool:
    from detect_secrets.filters import heuristic

    return bool(
        _PLAIN.fullmatch(value)
        or _PLACEHOLDER.search(value)
        or " " in value
        or heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_templated_secret(value)
        or heuristic.is_not_alphanumeric_string(value)
    )


def _harmless_url(after: str, password: str) -> bool:
    """Whether the address is of this machine, or shows how addresses are written; `after` begins with its host."""
    host = re.match(r"[\w.-]*", after)
    return password.lower() in _WORDS_FOR_PASSWORDS or (host is not None and host[0] in ("localhost", "127.0.0.1", ""))


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _indirect(line: str, value: str) -> bool:
    from detect_secrets.filters import heuristic

    return heuristic.is_indirect_reference(line) or heuristic.is_likely_id_string(value, line)


@cache
def _detector(plugin: str) -> Any:
    module, _, name = plugin.partition(".")
    return getattr(import_module(f"detect_secrets.plugins.{module}"), name)()
