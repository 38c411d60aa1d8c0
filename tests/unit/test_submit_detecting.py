"""What looks like a secret, and what does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from valo_jupyter.submit.detecting import MOST, find, find_named

# joined here, so that no scanner takes these lines for what they only look like
AWS = "AKIA" + "IOSFODNN7ABCDEFG"
GITHUB = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7\n"


@pytest.mark.parametrize(
    ("text", "kind", "shown", "line"),
    [
        (f"import os\nkey = '{AWS}'", "AWS Access Key", "AKIA…", 2),
        (f'aws_secret_access_key = "{"wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYabcdefghij"}"', "AWS Access Key", "wJal…", 1),
        (f"!git clone https://x:{GITHUB}@github.com/a/b", "GitHub Token", "ghp_…", 1),
        ("hf = 'hf_" + "a" * 34 + "'", "Hugging Face Token", "hf_a…", 1),
        ("sk = 'sk-ant-" + "api03-abcdefghijklmnopqrstu'", "Anthropic or OpenAI Key", "sk-a…", 1),
        ("hook('https://hooks.slack.com/services/" + "T0001/B0001/abcdefXYZ123')", "Slack Token", "http…", 1),
        (f"t = '{JWT}'", "JSON Web Token", "eyJh…", 1),
        (KEY, "Private Key", "", 1),
        ('db = "postgresql://ana:s3cr3t9@db.example.org/x"', "Basic Auth Credentials", "s3…", 1),
        ('password = "hunter2x"', "Password or Key", "hu…", 1),
        ('connect(host, password="p4ssw0rd1")', "Password or Key", "p4s…", 1),
        ('os.environ["OPENAI_API_KEY"] = "abc123def456"', "Password or Key", "abc1…", 1),
    ],
)  # fmt: skip
def test_found(text: str, kind: str, shown: str, line: int) -> None:
    assert [(one.kind, one.shown, one.line) for one in find(text)] == [(kind, shown, line)]


@pytest.mark.parametrize(
    "text",
    [
        'id = "123e4567-e89b-12d3-a456-426614174000"',
        'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        "password = getpass.getpass()",
        'password = os.environ["PASSWORD"]',
        'secret_name = "prod/db1"',
        'password_column = "pw1col"',
        'api_key = "<your key>"',
        'api_key = "${API_KEY}"',
        "AKIA" + "IOSFODNN7EXAMPLE",
        'image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"',
        'if "-----BEGIN ' + 'PRIVATE KEY-----" in text:',
        "pip install git+https://github.com/x/y@main",
        "postgresql://user:password@host/database",
        "redis://default:s3cr3t9@localhost:6379",
        'secret_key = "8f14e45fceea167a5a36dedd4bea2543"  # pragma: allowlist secret',
        'key = "accuracy"; compass = "north1"; tokenizer = "bert-base-uncased"',
    ],
)
def test_not_found(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HF_TOKEN", "abcd1234", True),
        ("db_password", "pa55word", True),
        ("note", AWS, True),
        ("TOKENIZERS_PARALLELISM", "false", False),
        ("MAX_TOKEN", "51200000", False),
        ("SECRET_PATH", "/run/secrets/x", False),
        ("lr", "0.1", False),
    ],
)
def test_a_name_may_say_it(name: str, value: str, secret: bool) -> None:
    assert bool(find_named(name, value)) is secret


def test_a_private_key_is_found_whatever_stands_around_it() -> None:
    assert [one.line for one in find(f"{KEY}\nprint(f'{{k}} ...')")] == [1]
    mention = 'if "-----BEGIN RSA ' + 'PRIVATE KEY-----" in text: pass\n' + "x = 1\n" * 100
    assert [one.line for one in find(mention + KEY)] == [102]
    in_json = json.dumps({"private_key": KEY.replace("RSA ", "")})
    assert [one.kind for one in find(in_json, "account.json")] == ["Private Key"]


def test_a_short_value_is_not_shown_whole() -> None:
    [found] = find("postgres://u:Ab1z@db.corp/x")
    assert found.shown == "A…"


def test_a_text_full_of_them_does_not_take_for_ever() -> None:
    many = "\n".join(f"postgres://u:pa55word{number}@db.corp/x" for number in range(20_000))
    assert len(find(many)) == MOST
    rows = "\n".join(f'{{"password": "pa55word{number}"}}' for number in range(20_000))
    assert len(find(rows, "users.json")) == MOST
    assert len(find(rows, "users.json", until=0.0)) <= 1


def test_configuration_assigns_without_quotes() -> None:
    assert find("db:\n  password: tr0ub4dor&3\n", "conf/app.yaml")[0].line == 2
    assert find("password: tr0ub4dor&3 is what they say\n", "README.md") == []


def test_the_quickstart_has_none_and_does_not_pay_for_looking() -> None:
    notebook = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
    sources = ["".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"]]
    code = (
        "import json, sys; from valo_jupyter.submit.detecting import find\n"
        "assert [find(text) for text in json.load(sys.stdin)]\n"
        "assert 'detect_secrets' not in sys.modules, 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], input=json.dumps(sources), text=True, check=True, timeout=30)
    assert not any(find(text) for text in sources)
