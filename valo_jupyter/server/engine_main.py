"""Starts the engine process, as small as it can be."""

from __future__ import annotations

from valo_jupyter.engines import lean


def main() -> None:
    lean.forgo()
    from valo_jupyter.server import engine

    engine.main()


if __name__ == "__main__":
    main()
