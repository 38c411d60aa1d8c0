"""Stores, files, datasets and traces in words, the same in a terminal and in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valo_jupyter.client import human

STORES = ["name", "kind", "address", "credentials", ""]
DATA = ["name", "size", "from", "tags", "aliases", "stored", "address"]
DATASETS = ["dataset", "version", "files", "size", "address", "made"]
#: what a node of a trace is marked with; never by colour alone
NODES = {"datum": "▤", "execution": "▶", "commit": "◆", "dataset": "▦"}


def store_row(store: Mapping[str, Any]) -> list[str]:
    given = [name for name, shown in store["credentials"].items() if shown["set"]]
    return [
        human.plain(store["name"], 40),
        store["type"],
        human.plain(store["url"], 80),
        "given" if given else "of the machine",
        "default" if store["default"] else "",
    ]


def store_settings(store: Mapping[str, Any]) -> list[list[str]]:
    """The settings of a store, `[name, value]` each."""
    shown = [(f"option {name}", str(value)) for name, value in store["options"].items() if value not in (None, "")]
    secrets = [(f"credential {name}", "set, not shown") for name, one in store["credentials"].items() if one["set"]]
    rows = [
        ("name", store["name"]),
        ("kind", store["type"]),
        ("address", store["url"]),
        ("default", "yes" if store["default"] else "no"),
        *shown,
        *(secrets or [("credentials", "those of the machine")]),
        ("id", store["id"]),
    ]
    return [[name, human.plain(value)] for name, value in rows]


def step_line(step: Mapping[str, Any]) -> str:
    """`✓ write    …`, of a store's test."""
    return f"{'✓' if step['ok'] else '✗'} {step['name']:<8} {human.plain(step['message'] or '', 400)}".rstrip()


def datum_row(datum: Mapping[str, Any]) -> list[str]:
    return [
        human.plain(datum["name"], 50),
        human.size(datum["size"]),
        origin(datum),
        human.plain(", ".join(datum["tags"]), 30),
        human.plain(", ".join(datum.get("aliases") or []), 30),
        human.ago(datum["ctime"]),
        f"datum://{datum['id']}",
    ]


def origin(datum: Mapping[str, Any]) -> str:
    """`#12`, or how else the file came here."""
    made = datum.get("output_execution")
    words = {"input": "read as an input", "upload": "uploaded", "adopted": "adopted"}
    return f"#{made['counter']}" if made else words.get(datum.get("origin") or "", "")


def datum_facts(datum: Mapping[str, Any]) -> list[list[str]]:
    """All that is known of a file, `[name, value]` each."""
    store, wanted = datum.get("store"), datum.get("wanted_store")
    place = store["name"] if store else "built-in store" if datum["uri"].startswith("valo://") else ""
    rows = [
        ("name", datum["name"]),
        ("size", f"{human.size(datum['size'])} ({datum['size']} bytes)"),
        ("content", "purged; the record remains" if datum["purged"] else ""),
        ("from", origin(datum)),
        ("stored", human.ago(datum["ctime"])),
        ("by", (datum.get("creator") or {}).get("username", "")),
        ("store", place),
        ("meant for", wanted["name"] if wanted else ""),
        ("address", f"datum://{datum['id']}"),
        ("in the store", datum["uri"]),
        ("tags", ", ".join(datum["tags"])),
        ("aliases", ", ".join(datum.get("aliases") or [])),
        ("datasets", ", ".join(f"{one['dataset']}/{one['version']}" for one in datum.get("datasets") or [])),
        *((name, datum[name] or "") for name in ("md5", "sha1", "sha256")),
        *((f"metadata {name}", human.value(value)) for name, value in datum["metadata"].items()),
    ]
    return [[name, human.plain(value)] for name, value in rows if value]


def version_row(dataset: Mapping[str, Any], version: Mapping[str, Any]) -> list[str]:
    return [
        human.plain(dataset["name"], 40),
        human.plain(version["name"], 40),
        str(version["count"]),
        human.size(version["size"]),
        version["uri"],
        human.ago(version["ctime"]),
    ]


def trace_lines(trace: Mapping[str, Any], start: str) -> list[str]:
    """The graph as two trees from `start`, an id: where it came from, then what came of it; each node once."""
    nodes = {node["id"]: node for node in trace["nodes"]}
    if start not in nodes:
        return ["Nothing is known of it."]
    lines = [node_words(nodes[start])]
    ways = (("came from", "to", "from"), ("was used for", "from", "to"))
    for title, near, far in ways:
        branch = _branch(trace["edges"], nodes, start, near, far, {start}, 1)
        if branch:
            lines += [f"  {title}", *branch]
    if len(lines) == 1:
        lines.append("  nothing is recorded before or after it")
    if trace.get("truncated"):
        lines.append("  … and more: ask for fewer steps, or begin elsewhere")
    return lines


def node_words(node: Mapping[str, Any]) -> str:
    """`▶ #12 train ✓`, `▤ model.pkl 1.2 MB`."""
    number = f"#{node['counter']} " if node.get("counter") else ""
    more = human.size(node["size"]) if node.get("size") is not None else node.get("status") or ""
    name = node["name"][:13] if node["type"] == "commit" else node["name"]
    return f"{NODES.get(node['type'], '·')} {number}{human.plain(name, 60)} {more}".rstrip()


def _branch(
    edges: list[dict[str, Any]],
    nodes: dict[str, dict[str, Any]],
    start: str,
    near: str,
    far: str,
    seen: set[str],
    depth: int,
) -> list[str]:
    lines = []
    for edge in edges:
        other = edge[far]
        if edge[near] != start or other in seen or other not in nodes:
            continue
        seen.add(other)
        said = (
            f" ({human.plain(edge['name'], 40)})" if edge.get("name") and edge["name"] != nodes[other]["name"] else ""
        )
        lines.append(f"{'  ' * (depth + 1)}{node_words(nodes[other])}{said}")
        lines += _branch(edges, nodes, other, near, far, seen, depth + 1)
    return lines
