"""Papermill's engine “valo”, and how it saves a notebook that runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode
from papermill.engines import Engine, NotebookExecutionManager
from papermill.iorw import LocalHandler, papermill_io, write_ipynb

if TYPE_CHECKING:
    from valo_jupyter.runtime.run import NotebookRun

#: The notebook is saved at most so often while it runs, and for at most one twentieth of the time.
_EVERY = 1.0
_SHARE = 20


class ValoEngine(Engine):
    """Runs a notebook on a Valo kernel: `papermill --engine valo in.ipynb out.ipynb`.

    Within Valo, `run` says on which kernel and where events go; alone, it starts a kernel in the current folder.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        run: NotebookRun | None = None,
        **kwargs: Any,
    ) -> NotebookNode:
        manager = SavingManager(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        if run is not None:
            manager.publish = run.sink.notebook
            nb.metadata.papermill.update(run.paths)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, run=run, **kwargs)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: SavingManager, kernel_name: str, run: NotebookRun | None = None, **kwargs: Any
    ) -> None:
        from valo_jupyter.runtime.run import NotebookRun

        if run is not None:
            run.execute(nb_man)
        else:
            NotebookRun.alone(kernel_name, nb_man, **kwargs)


class SavingManager(NotebookExecutionManager):
    """Papermill's record of a run, saved in a while rather than twice for each cell, and never half written."""

    #: takes the notebook as it stands
    publish: Callable[[bytes], None] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next = 0.0
        self._changed = True
        super().__init__(*args, **kwargs)

    def changed(self) -> None:
        """Something is in the notebook that is not saved yet."""
        self._changed = True

    def due(self, now: float) -> bool:
        return self._changed and now >= self._next

    def save(self, **kwargs: Any) -> None:
        self._changed = True
        if self.due(time.monotonic()):
            self.write()

    def notebook_complete(self, **kwargs: Any) -> None:
        super().notebook_complete(**kwargs)
        if self._changed:
            self.write()

    def write(self) -> None:
        """Save now."""
        started = time.monotonic()
        if self.output_path:
            _write(self.nb, self.output_path)
        if self.publish is not None:
            self.publish(json.dumps(self.nb, ensure_ascii=False).encode("utf-8", "replace"))
        ended = time.monotonic()
        self._changed = False
        self._next = ended + max(_EVERY, (ended - started) * _SHARE)


def _write(nb: NotebookNode, path: str) -> None:
    if isinstance(papermill_io.get_handler(path), LocalHandler) and os.path.isabs(path):
        partial = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.ipynb")
        write_ipynb(nb, partial)
        os.replace(partial, path)
    else:
        write_ipynb(nb, path)
