"""Names of images as Docker reads them, and which entry is for which image."""

from __future__ import annotations

import itertools
import random

import pytest

from valo_jupyter.domain.images import InvalidImage, Pattern, Reference, match

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        (" alpine ", "docker.io/library/alpine:latest"),
        ("alpine:3.18", "docker.io/library/alpine:3.18"),
        ("alpine:V1_x-2.3", "docker.io/library/alpine:V1_x-2.3"),
        ("library/alpine", "docker.io/library/alpine:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("docker.io/library/alpine:1", "docker.io/library/alpine:1"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/me/x", "docker.io/me/x:latest"),
        ("me/x", "docker.io/me/x:latest"),
        ("a/b/c:t", "docker.io/a/b/c:t"),
        ("myregistry.azurecr.io/a/b/c:t", "myregistry.azurecr.io/a/b/c:t"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
        ("host:5000/x:1", "host:5000/x:1"),
        ("[::1]:5000/x:1", "[::1]:5000/x:1"),
        ("127.0.0.1:5000/x/y", "127.0.0.1:5000/x/y:latest"),
        ("Registry/x", "Registry/x:latest"),
        ("docker.io:443/x", "docker.io:443/x:latest"),
        ("docker.io", "docker.io/library/docker.io:latest"),
        ("foo__bar/b--c/d.e_f-g", "docker.io/foo__bar/b--c/d.e_f-g:latest"),
        (f"alpine@{DIGEST}", f"docker.io/library/alpine@{DIGEST}"),
        (f"alpine:3@{DIGEST}", f"docker.io/library/alpine:3@{DIGEST}"),
        (f"gcr.io/p/x@sha512:{'0' * 128}", f"gcr.io/p/x@sha512:{'0' * 128}"),
        ("abcdef123456", "docker.io/library/abcdef123456:latest"),
        ("x" * 247, f"docker.io/library/{'x' * 247}:latest"),
        ("a:" + "t" * 128, f"docker.io/library/a:{'t' * 128}"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(written: str, full: str) -> None:
    reference = Reference.parse(written)
    assert str(reference) == full
    assert Reference.parse(full) == reference


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "/x", "x/", "x//y", "-x", "x-", "x_", "a___b", "a.-b", "a..b", ".a", "a:", ":a", "a:b:c", "a:-x",
        "a:.x", "a b", "a:" + "t" * 129, "Alpine", "me/Alpine", "docker.io/Me/x", "x@", "x@sha256:abc",
        f"x@{DIGEST.upper()}", f"x@{DIGEST}0", f"x@{DIGEST}@{DIGEST}", "x@md5:" + "0" * 32, DIGEST, "sha256:abcd",
        "0" * 64, "x" * 256, "https://gcr.io/x", "-host.io/x", "host-.io/x", "host..io/x", "host.io:port/x",
        "host.io:/x", "[::1/x", "ä/x", "x\ny", "a:b\n/c", "_host.io/x", "x:latest/y",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        Reference.parse(written)
    assert caught.value.message.endswith((".", ":tag."))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("docker.io/myusername/*", "docker.io/myusername/*"),
        ("myusername/*", "docker.io/myusername/*"),
        ("index.docker.io/me/*", "docker.io/me/*"),
        ("docker.io/*", "docker.io/*"),
        ("library/*", "docker.io/library/*"),
        ("myregistry.azurecr.io/*", "myregistry.azurecr.io/*"),
        ("MyRegistry.azurecr.io/*", "myregistry.azurecr.io/*"),
        ("gcr.io/project/registry:*", "gcr.io/project/registry:*"),
        ("gcr.io/project/registry", "gcr.io/project/registry:*"),
        ("gcr.io/project/registry:1.0", "gcr.io/project/registry:1.0"),
        (f"gcr.io/project/registry@{DIGEST}", f"gcr.io/project/registry@{DIGEST}"),
        ("alpine", "docker.io/library/alpine:*"),
        ("alpine:*", "docker.io/library/alpine:*"),
        ("python:3.11", "docker.io/library/python:3.11"),
        ("localhost:5000/*", "localhost:5000/*"),
        ("[::1]:5000/a/*", "[::1]:5000/a/*"),
    ],
)
def test_a_pattern_has_one_form(written: str, canonical: str) -> None:
    assert str(Pattern.parse(written)) == canonical
    assert Pattern.parse(canonical) == Pattern.parse(written)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("", "name its registry"),
        ("*", "name its registry"),
        ("/*", "name its registry"),
        ("*/*", "name its registry"),
        ("*.azurecr.io/*", "whole last part"),
        ("docker.io/me*", "whole last part"),
        ("docker.io/*/x", "whole last part"),
        ("docker.io/me/**", "whole last part"),
        ("docker.io/me/x:v*", "whole last part"),
        ("docker.io/me/*:1", "whole last part"),
        ("docker.io/me/x:1:*", "one of them"),
        (f"docker.io/me/x@{DIGEST}:*", "one of them"),
        (f"docker.io/me/x@{DIGEST}/*", "could never match"),
        ("gcr.io/p/x:1/*", "could never match"),
        ("docker.io/me/x/*", "docker.io/me/x:*"),
        ("docker.io/Me/*", "lower case"),
        ("https://docker.io/me/*", "without “https://”"),
        ("myregistry.azurecr.io", "myregistry.azurecr.io/*"),
        ("localhost:5000", "localhost:5000/*"),
        ("docker.io", "docker.io/*"),
        ("ho st.io/*", "no address"),
        ("gcr.io/p//*", "no name"),
        (DIGEST, "identifier"),
    ],
)
def test_patterns_that_could_never_match_say_what_was_meant(written: str, word: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        Pattern.parse(written)
    assert word in caught.value.message


PATTERNS = [
    "docker.io/*", "docker.io/me/*", "docker.io/me/x:*", "docker.io/me/x:1", "gcr.io/*", "gcr.io/p/*", "gcr.io/p/q/*",
    "gcr.io/p/q/x:*", f"gcr.io/p/q/x@{DIGEST}", "localhost:5000/*",
]  # fmt: skip


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("alpine", "docker.io/*"),
        ("me/y", "docker.io/me/*"),
        ("meme/y", "docker.io/*"),
        ("me/x", "docker.io/me/x:*"),
        ("me/x:1", "docker.io/me/x:1"),
        ("me/x:10", "docker.io/me/x:*"),
        ("me/xy:1", "docker.io/me/*"),
        (f"me/x:1@{DIGEST}", "docker.io/me/x:*"),
        ("gcr.io/x", "gcr.io/*"),
        ("gcr.io/p", "gcr.io/*"),
        ("gcr.io/p/x", "gcr.io/p/*"),
        ("GCR.io/p/x", "gcr.io/p/*"),
        ("gcr.io/pq/x", "gcr.io/*"),
        ("gcr.io/p/q", "gcr.io/p/*"),
        ("gcr.io/p/q/x:7", "gcr.io/p/q/x:*"),
        (f"gcr.io/p/q/x@{DIGEST}", f"gcr.io/p/q/x@{DIGEST}"),
        ("gcr.io/p/q/x/y", "gcr.io/p/q/*"),
        ("gcr.io.evil.example/p/x", None),
        ("evil.example/gcr.io/p/x", None),
        ("gcr.io:443/p/x", None),
        ("docker.io.evil.example/me/x", None),
        ("localhost/me/x", None),
        ("localhost:5000/me/x", "localhost:5000/*"),
        ("localhost:50000/me/x", None),
    ],
)
def test_the_most_specific_pattern_wins(image: str, expected: str | None) -> None:
    reference = Reference.parse(image)
    for seed in range(5):
        shuffled = random.Random(seed).sample(PATTERNS, len(PATTERNS))
        assert match(shuffled, reference) == expected


def test_what_holds_for_all_names_and_patterns() -> None:
    """Over many made-up names: forms are stable, and a pattern never reaches beyond its own parts."""
    dice = random.Random(7)
    domains = ["docker.io", "gcr.io", "r.example:5000", "localhost", "a.b.c.example"]
    parts = ["a", "ab", "a-b", "a.b", "a_b", "x1"]
    versions = ["", ":latest", ":1", ":1.0", f"@{DIGEST}"]
    names = []
    for domain, version in itertools.product(domains, versions):
        for _ in range(12):
            path = "/".join(dice.choice(parts) for _ in range(2 if domain == "docker.io" else dice.randint(1, 4)))
            names.append(f"{domain}/{path}{version}")
    references = [Reference.parse(name) for name in names]
    for name, reference in zip(names, references, strict=True):
        assert Reference.parse(str(reference)) == reference
        everything, repository, exact = (
            Pattern.parse(text) for text in (f"{reference.domain}/*", f"{reference.repository}:*", str(reference))
        )
        for other in references:
            assert everything.covers(other) == (other.domain == reference.domain)
            assert repository.covers(other) == (other.repository == reference.repository)
            assert exact.covers(other) == (
                (other.repository, other.version) == (reference.repository, reference.version)
            )
            if exact.covers(other):
                assert match(map(str, (everything, repository, exact)), other) == str(exact)
        *above, _ = reference.path.split("/")
        if above:
            below = Pattern.parse(f"{reference.domain}/{'/'.join(above)}/*")
            prefix = f"{reference.domain}/{'/'.join(above)}/"
            for other in references:
                assert below.covers(other) == other.repository.startswith(prefix), (name, str(below), str(other))
