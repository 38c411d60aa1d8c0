"""Names of places where secrets are kept, which no snapshot takes unless the user names them."""

from __future__ import annotations

from fnmatch import fnmatchcase

#: Folders and files that hold keys, tokens or passwords by convention, wherever they lie.
_NAMES = frozenset({
    ".ssh", ".aws", ".azure", ".gnupg", ".kube", ".oci", ".password-store", ".vault-token", ".kaggle",
    ".env", ".envrc", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".databrickscfg",
    ".npmrc", ".pypirc", ".git-credentials", ".dockercfg", ".htpasswd",
    "credentials.json", "kaggle.json", "application_default_credentials.json",
})  # fmt: skip

#: `.pem`, `.crt` and `.key` are not here: public certificates are common, so those are judged by what is in them.
_PATTERNS = (
    ".env.*", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.p12", "*.pfx", "*.ppk", "*.kdbx",
    "client_secret*.json", "service-account*.json", "service_account*.json",
)  # fmt: skip

_NESTED = frozenset({
    (".config", "gcloud"), (".config", "gh"), (".config", "hub"), (".config", "rclone"),
    (".docker", "config.json"), (".streamlit", "secrets.toml"), (".huggingface", "token"), (".valohai", "token"),
})  # fmt: skip

#: Written to be shared: they show which settings there are.
_EXAMPLES = (".example", ".sample", ".template", ".dist", ".defaults", ".pub")

#: Files that may hold a private key or only a certificate.
_KEY_ENDINGS = (b".pem", b".key", b".p8")


def secret_place(folder: str, name: str) -> str | None:
    """The well-known place that `name` in a folder called `folder` is, else None."""
    low = name.lower()
    if low in _NAMES:
        return name
    parent = folder.lower()
    if (parent, low) in _NESTED:
        return f"{folder}/{name}"
    if not low.endswith(_EXAMPLES) and any(fnmatchcase(low, pattern) for pattern in _PATTERNS):
        return name
    return None


def may_hold_key(name: bytes) -> bool:
    """Whether the file has to be looked into to know."""
    return name.lower().endswith(_KEY_ENDINGS)


def holds_private_key(start: bytes) -> bool:
    """Whether a file that begins so holds a private key in PEM form."""
    return b"PRIVATE KEY-----" in start
