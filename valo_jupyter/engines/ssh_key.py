"""Whether a text is a private key, as far as that can be told without a host. Imports no engine."""

from __future__ import annotations

from typing import Any

_PUBLIC = ("ssh-", "ecdsa-", "sk-", "-----BEGIN PUBLIC KEY", "---- BEGIN SSH2 PUBLIC KEY")
_FORM = "The private key is the whole text of its file, from its line BEGIN … PRIVATE KEY to its line END."


def problems(options: dict[str, Any]) -> dict[str, str]:
    """What is wrong with the option `key`, or with the `passphrase` that goes with it."""
    text, passphrase = options["key"], options["passphrase"]
    if not text:
        return {}
    text = text.strip()
    if text.startswith(_PUBLIC):
        return {"key": "This is a public key; give the private one, whose file has the same name without .pub."}
    if "PRIVATE KEY-----" not in text or not text.isascii():
        return {"key": _FORM}
    return _unread(text.encode() + b"\n", passphrase.encode("utf-8", "replace") if passphrase else None)


def _unread(content: bytes, passphrase: bytes | None) -> dict[str, str]:
    """Why the key cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    read = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in content else load_pem_private_key
    try:
        read(content, passphrase)
    except UnsupportedAlgorithm:
        pass  # who uses it may know more kinds
    except TypeError:
        # one of the two has no counterpart; a passphrase too many is no harm
        if passphrase is None:
            return {"passphrase": "The private key has a passphrase; give it, too."}
    except ValueError:
        if passphrase is not None and _needs_passphrase(read, content):
            return {"passphrase": "The private key cannot be opened with this passphrase."}
        return {"key": f"The private key is damaged. {_FORM}"}
    return {}


def _needs_passphrase(read: Any, content: bytes) -> bool:
    try:
        read(content, None)
    except (TypeError, ValueError) as error:
        return isinstance(error, TypeError)
    return False
