"""What no run needs: caches, virtual environments and the leftovers of tools, left out unless git tracks them."""

from __future__ import annotations

from collections.abc import Container

#: Only names that are never a user's own code; `env`, `build`, `data` are not, so those are judged by their content.
_FOLDERS = frozenset({
    b".git", b".ipynb_checkpoints", b"__pycache__", b"node_modules", b".pytest_cache", b".mypy_cache", b".ruff_cache",
    b".hypothesis", b".tox", b".nox", b".eggs", b".pytype", b".pyre", b".cache", b".virtual_documents",
    b".jupyter_ystore", b".Trash", b".Trash-0", b".Trash-1000", b".dask-worker-space", b"dask-worker-space",
    b".terraform", b".svn", b".hg", b".bzr", b".jj", b".conda", b".pixi", b".direnv",
})  # fmt: skip
_FILES = frozenset({
    b".git", b".DS_Store", b"Thumbs.db", b"desktop.ini", b".jupyter_ystore.db", b".coverage", b".Rhistory",
    b".python_history",
})  # fmt: skip
_ENDINGS = (b".pyc", b".pyo", b".swp", b".swo")
_TEMPORARY = (b".~", b".nfs", b"~$", b".#")

#: A file inside that says what its folder is.
_MARKS = {
    b"pyvenv.cfg": "a virtual environment",
    b"conda-meta": "a conda environment",
    b"CACHEDIR.TAG": "a cache (CACHEDIR.TAG)",
}


def by_name(name: bytes, is_folder: bool) -> str | None:
    """The entry of the default list that `name` is, else None."""
    if name in (_FOLDERS if is_folder else _FILES):
        return name.decode()
    if not is_folder:
        for ending in _ENDINGS:
            if name.endswith(ending):
                return f"*{ending.decode()}"
        for beginning in _TEMPORARY:
            if name.startswith(beginning):
                return f"{beginning.decode()}*"
    return None


def patterns() -> list[str]:
    """The names of the list as git writes such patterns."""
    names = [name.decode() for name in sorted(_FOLDERS | _FILES)]
    return [*names, *(f"*{one.decode()}" for one in _ENDINGS), *(f"{one.decode()}*" for one in _TEMPORARY)]


def by_content(names: Container[bytes]) -> str | None:
    """What a folder that holds these names is, if it is one to leave out."""
    for mark, what in _MARKS.items():
        if mark in names:
            return what
    return None
