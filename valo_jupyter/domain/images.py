"""Names of images as Docker reads them, and the patterns by which credentials belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from valo_jupyter.domain.errors import Invalid

DOCKER_HUB = "docker.io"

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
_DOMAIN = re.compile(rf"(?:{_HOST}(?:\.{_HOST})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
#: the algorithms Docker knows, and how many digits they make
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
#: identifiers of images on one machine: they name no registry, so nobody could check who may run them
_LOCAL_ID = re.compile(r"sha256:[0-9a-f]+|[0-9a-f]{64}")
#: what the name of a repository may have
MAX_PATH = 255


class InvalidImage(Invalid):
    """This is no name of an image."""

    code = "invalid_image"


@dataclass(frozen=True)
class Reference:
    """A name in full.

    Attributes
    ----------
    domain
        The registry: `docker.io`, `myregistry.azurecr.io`, `localhost:5000`.
    path
        The repository in it: `library/alpine`.
    tag
        None only when there is a digest.
    digest
        `sha256:…`; what a registry gives then, whatever the tag.
    """

    domain: str
    path: str
    tag: str | None = "latest"
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a name as Docker does: `alpine` is `docker.io/library/alpine:latest`; raises `InvalidImage`."""
        name = text.strip()
        if not name:
            raise InvalidImage("The name of the image is empty.")
        if _LOCAL_ID.fullmatch(name):
            raise InvalidImage(f"{text!r} is an identifier, not a name: write the image as registry/repository:tag.")
        rest, at, digest = name.partition("@")
        if at:
            algorithm, _, digits = digest.partition(":")
            if _DIGITS.get(algorithm) != len(digits) or not re.fullmatch("[0-9a-f]+", digits):
                raise InvalidImage(f"{digest!r} in the image {text!r} is no digest such as sha256: and 64 digits.")
        domain, path = _split(rest)
        path, colon, tag = path.partition(":")
        if domain == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        if colon and not _TAG.fullmatch(tag):
            raise InvalidImage(f"{tag!r} in the image {text!r} is no tag: 1 to 128 letters, digits, “_”, “.” and “-”.")
        _check_name(text, domain, path)
        return cls(domain, path, tag if colon else None if at else "latest", digest if at else None)

    @property
    def repository(self) -> str:
        """The name without tag and digest."""
        return f"{self.domain}/{self.path}"

    @property
    def version(self) -> str:
        """What is asked for in the repository: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


@dataclass(frozen=True)
class Pattern:
    """Which images an entry is for: `docker.io/myusername/*`, `gcr.io/project/registry:*`, or one image.

    Attributes
    ----------
    path
        The components that a repository must begin with, or be.
    below
        It ends in `/*`: all repositories below.
    version
        A tag or a digest; None is any.
    """

    domain: str
    path: tuple[str, ...]
    below: bool = False
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Raises `InvalidImage` for a pattern that could never match, and for one that is for every registry."""
        name = text.strip()
        if "://" in name:
            raise InvalidImage(f"Write the registry in {text!r} without “{name.partition('://')[0]}://”.")
        if name.strip("/*") == "":
            raise InvalidImage("The pattern must name its registry, such as myregistry.azurecr.io/*.")
        if "/" not in name and _is_registry(name.partition(":")[0]):
            raise InvalidImage(f"{text!r} names a registry, but no images: did you mean {name}/*?")
        below = name.endswith("/*")
        name = name.removesuffix("/*") if below else name.removesuffix(":*")
        if "*" in name:
            raise InvalidImage(f"In {text!r} “*” is not a whole last part: a pattern ends in “/*” or “:*”.")
        if not below:
            reference = Reference.parse(name)
            named = reference.digest is not None or ":" in name.rpartition("/")[2]
            if named and text.strip().endswith(":*"):
                raise InvalidImage(f"{text!r} names a version and “:*”: write one of them.")
            version = reference.version if named else None
            return cls(reference.domain.lower(), tuple(reference.path.split("/")), version=version)
        if "@" in name or ("/" in name and ":" in name.rpartition("/")[2]):
            raise InvalidImage(f"{text!r} could never match: after a tag or a digest there is nothing below.")
        # with a last part in the place of the star, `myusername` is a beginning and no repository
        domain, path = _split(f"{name}/x")
        _check_name(text, domain, path)
        path = path.rpartition("/")[0]
        if domain == DOCKER_HUB and "/" in path:
            raise InvalidImage(
                f"{text!r} could never match: names on Docker Hub have two parts; did you mean {domain}/{path}:*?"
            )
        return cls(domain.lower(), tuple(path.split("/")) if path else (), below=True)

    def covers(self, reference: Reference) -> bool:
        if self.domain != reference.domain.lower():
            return False
        path = tuple(reference.path.split("/"))
        if self.below:
            return len(path) > len(self.path) and path[: len(self.path)] == self.path
        return path == self.path and self.version in (None, reference.version)

    @property
    def specificity(self) -> tuple[bool, bool, int]:
        """Greater for a pattern that is for fewer images."""
        return (self.version is not None, not self.below, len(self.path))

    def __str__(self) -> str:
        name = "/".join((self.domain, *self.path))
        if self.below:
            return f"{name}/*"
        if self.version is None:
            return f"{name}:*"
        # the only version with a colon is a digest
        return f"{name}{'@' if ':' in self.version else ':'}{self.version}"


def match(patterns: Iterable[str], reference: Reference) -> str | None:
    """The most specific of the patterns that are for the image."""
    found = [(Pattern.parse(text), text) for text in patterns]
    covering = [(pattern.specificity, text) for pattern, text in found if pattern.covers(reference)]
    return max(covering)[1] if covering else None


def _split(name: str) -> tuple[str, str]:
    """`(domain, rest)`: the first part is a registry if it cannot be a part of a path."""
    first, slash, rest = name.partition("/")
    if not slash or not (_is_registry(first) or ":" in first or first != first.lower()):
        first, rest = DOCKER_HUB, name
    return (DOCKER_HUB if first == "index.docker.io" else first), rest


def _is_registry(first: str) -> bool:
    return "." in first or first == "localhost"


def _check_name(text: str, domain: str, path: str) -> None:
    if not _DOMAIN.fullmatch(domain):
        raise InvalidImage(f"{domain!r} in {text!r} is no address of a registry.")
    if path != path.lower():
        raise InvalidImage(f"{path!r} in {text!r} must be in lower case, as all names of images are.")
    if not _PATH.fullmatch(path):
        raise InvalidImage(f"{text!r} is no name of an image, such as registry/repository:tag.")
    if len(path) > MAX_PATH:
        raise InvalidImage(f"The name {text[:40]!r}… is longer than {MAX_PATH} characters.")
