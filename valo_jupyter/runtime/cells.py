"""Runs the cells of a notebook on a kernel: nbclient's rules for outputs, with a message loop of our own."""

from __future__ import annotations

import time
from typing import Any

from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from valo_jupyter.domain.cells import LOCAL_ONLY
from valo_jupyter.runtime.collect import CellStreams, RunLog, display_event, masked
from valo_jupyter.runtime.connection import Message, sent_at
from valo_jupyter.runtime.contract import Sink, StopRequest, StopSignal
from valo_jupyter.runtime.mask import Mask
from valo_jupyter.runtime.processes import Processes
from valo_jupyter.runtime.running import SILENCE, RunningKernel

#: Of stdout and stderr, kept in a notebook; more is in the log only.
NOTEBOOK_OUTPUT_BYTES = 50_000_000
#: Metadata of an executed cell: what it took, or why it was skipped.
OURS = "valo"
_EMPTY = "empty"
#: Between looks at the clock while a cell runs.
_TICK = 0.25
#: A cell that answered, but whose output does not end: the kernel lost a message. papermill gives up after 4 seconds.
_IOPUB_PATIENCE = 10.0
#: Messages whose time is kept in the cell's metadata.
_TIMED = frozenset({"status", "execute_input"})


class CellRunner(PapermillNotebookClient):
    """Papermill's client on a kernel that is ready, telling a sink what happens as it happens.

    nbclient decides what becomes of outputs, displays, widgets and errors; here are the waiting (one poll for all
    channels, the process and a stop), the log, and the limits.
    """

    def __init__(
        self,
        nb_man: Any,
        *,
        kernel: RunningKernel,
        sink: Sink,
        stop: StopSignal,
        mask: Mask,
        processes: Processes,
        notebook_output_bytes: int,
        **options: Any,
    ) -> None:
        super().__init__(nb_man, **options)
        self.kernel = kernel
        self.sink = sink
        self.stop = stop
        self.mask = mask
        self.processes = processes
        self.run_log = RunLog(sink, mask)
        self.streams = CellStreams(notebook_output_bytes, mask)
        #: number of the code cell that a stop ended, or came before
        self.stopped_in: int | None = None
        #: what the kernel answered to the cell that failed; its output may be silent about it
        self.failure: CellExecutionError | None = None
        self._cells_of: dict[str, int] = {}
        self._code = 0
        self._of = sum(cell.cell_type == "code" for cell in self.nb.cells)
        self._began = False

    def execute(self, **kwargs: Any) -> NotebookNode:
        self.reset_execution_trackers()
        for cell in self.nb.cells:
            # of an earlier run, if it is an executed notebook that runs once more
            cell.metadata.pop(OURS, None)
        self.kc = self.kernel.connection  # type: ignore[assignment]
        self.stop.on_stop(self._wake)
        try:
            self.papermill_execute_cells()
        finally:
            self.stop.forget(self._wake)
            self.streams.end_cell()
            self.run_log.flush()
        self.nb.metadata["language_info"] = self.kernel.info["language_info"]
        if self.mask:
            self.widget_state = self.mask.value(self.widget_state)
        self.set_widgets_metadata()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """As papermill's, but a cell that was stopped, or whose kernel died, has failed."""
        for index, cell in enumerate(self.nb.cells):
            if self.stop.is_set():
                self.stopped_in = self._code
                return
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.failure = error
                if self.stop.is_set():
                    self.stopped_in = self._code
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                return
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)

    # -- one cell

    def execute_cell(  # type: ignore[override]
        self, cell: NotebookNode, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> NotebookNode:
        if cell.cell_type != "code":
            return cell
        self._code += 1
        if why := self._why_skipped(cell):
            self._tell(cell_index, "skipped", why=why)
            return cell
        if self.record_timing:
            cell["metadata"]["execution"] = {}
        allowed = not self.force_raise_errors and (
            self.allow_errors or "raises-exception" in cell.metadata.get("tags", [])
        )
        self._tell(cell_index, "started")
        started = time.monotonic()
        cell.outputs = []
        self.clear_before_next_output = False
        self._began = False
        self.processes.begin_cell()
        request = self.kernel.execute(cell.source, store_history=store_history, stop_on_error=not allowed)
        self._cells_of[request] = cell_index
        self.code_cells_executed += 1
        failed = True
        try:
            reply = self._pump(request, cell, cell_index)
            content = reply["content"]
            failed = content["status"] == "error" and not allowed and content.get("ename") not in self.allow_error_names
            if failed:
                raise CellExecutionError("", content.get("ename", "<Error>"), content.get("evalue", ""))
        finally:
            self.streams.end_cell()
            self.run_log.flush()
            seconds, peak = round(time.monotonic() - started, 6), self.processes.end_cell()
            cell.metadata[OURS] = took = {"seconds": seconds, "peak_memory_bytes": peak}
            self._tell(cell_index, "error" if failed else "done", **took)
        return cell

    def _why_skipped(self, cell: NotebookNode) -> str | None:
        """The tag that says so, which is noted in the cell; or that there is nothing in it."""
        for tag in (LOCAL_ONLY, self.skip_cells_with_tag):
            if tag in cell.metadata.get("tags", []):
                cell.metadata[OURS] = {"skipped": tag}
                return tag
        return None if cell.source.strip() else _EMPTY

    def _pump(self, request: str, cell: NotebookNode, index: int) -> Message:
        """Take messages until the cell has answered and its output has ended."""
        connection = self.kernel.connection
        reply: Message | None = None
        idle = interrupted = False
        timeout = self._get_timeout(cell)
        deadline = time.monotonic() + timeout if timeout else None
        heard = nudged = time.monotonic()
        while not (reply and idle):
            ready = connection.wait(_TICK)
            now = time.monotonic()
            for message in connection.receive("iopub"):
                heard = now
                idle = self._on_output(message, request, cell, index) or idle
            for message in connection.receive("shell"):
                if message["parent_header"].get("msg_id") == request and message["msg_type"] == "execute_reply":
                    reply, heard = message, now
            if self.kernel.ended(ready):
                self._drain(request, cell, index)
                self._died(cell, index)
            if self.stop.is_set() and not interrupted and (self._began or now - heard > 1):
                # not before it has begun: a kernel ignores an interrupt while it is idle
                interrupted = True
                self.kernel.interrupt()
            if (idle or not self._began) and now - max(heard, nudged) > SILENCE:
                self.kernel.nudge()
                nudged = now
            if deadline and now > deadline:
                assert timeout
                raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", timeout, cell)
            if reply and now - heard > _IOPUB_PATIENCE:
                self.sink.log("status", ["the kernel did not say that the cell's output is complete; going on"], index)
                break
            self.run_log.flush_quiet(now)
            if self.nb_man.due(now):
                self.streams.seal()
                self.nb_man.write()
        if self.record_timing and reply and (at := sent_at(reply)):
            cell["metadata"]["execution"]["shell.execute_reply"] = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert reply is not None
        return reply

    def _on_output(self, message: Message, request: str, cell: NotebookNode, index: int) -> bool:
        """Take one message of the output channel; whether it ends the output of `request`."""
        if message["parent_header"].get("msg_id") != request:
            self.on_stray(message)
            return False
        try:
            self.process_message(message, cell, index)
        except CellExecutionComplete:
            return True
        return False

    def on_stray(self, message: Message) -> None:
        """Output of an earlier cell's thread or process: not in the notebook (as with papermill), but in the log."""
        if message["msg_type"] == "stream":
            cell = self._cells_of.get(message["parent_header"].get("msg_id", ""))
            self.run_log.write(message["content"]["name"], message["content"]["text"], cell)

    def _drain(self, request: str, cell: NotebookNode, index: int) -> None:
        while True:
            messages = list(self.kernel.connection.receive("iopub"))
            for message in messages:
                self._on_output(message, request, cell, index)
            if not messages:
                return

    def _died(self, cell: NotebookNode, index: int) -> None:
        asked = self.stop.request
        name, value = ("Stopped", asked.reason) if asked else ("DeadKernelError", self.kernel.end_told("the kernel"))
        self._append(
            cell, index, NotebookNode(output_type="error", ename=name, evalue=value, traceback=[f"{name}: {value}"])
        )
        raise CellExecutionError("", name, value)

    # -- what nbclient does with messages, told as events

    def process_message(self, msg: Message, cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        kind = msg["msg_type"]
        self.nb_man.changed()
        if kind == "stream":
            self._on_stream(msg, cell, cell_index)
            return None
        if kind in _TIMED:
            msg["header"]["date"] = sent_at(msg)
            self._began = self._began or kind == "execute_input"
        # papermill's own adds saving and echoing, which are done elsewhere
        return super(PapermillNotebookClient, self).process_message(msg, cell, cell_index)

    def _on_stream(self, message: Message, cell: NotebookNode, index: int) -> None:
        content = message["content"]
        self.run_log.write(content["name"], content["text"], index)
        if self.log_output or self.stdout_file or self.stderr_file:
            self.log_output_message(NotebookNode(output_type="stream", **content))
        if self.output_hook_stack[message["parent_header"]["msg_id"]]:
            super().output(cell.outputs, message, None, index)
            return
        self._clear_if_due(cell.outputs, index)
        self.streams.add(cell.outputs, content["name"], content["text"])

    def output(
        self, outs: list[NotebookNode], msg: Message, display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        if not self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            self._clear_if_due(outs, cell_index)
        self.streams.seal()
        out = super().output(outs, msg, display_id, cell_index)
        if out is not None:
            masked(out, self.mask)
            self._told(out, cell_index, display_id)
            if self.log_output:
                self.log_output_message(out)
        return out

    def clear_output(self, outs: list[NotebookNode], msg: Message, cell_index: int) -> None:
        hooked = self.output_hook_stack[msg["parent_header"].get("msg_id")]
        if not hooked and not msg["content"].get("wait"):
            self._clearing(outs, cell_index)
        super().clear_output(outs, msg, cell_index)

    def _update_display_id(self, display_id: str, msg: Message) -> None:
        update = msg["msg_type"] == "update_display_data"
        super()._update_display_id(display_id, msg)
        for index, places in self._display_id_map.get(display_id, {}).items():
            for place in places:
                out = masked(self.nb.cells[index].outputs[place], self.mask)
                if update:
                    self.sink.emit(display_event("update", index, out, display_id))

    def _clear_if_due(self, outs: list[NotebookNode], index: int) -> None:
        if self.clear_before_next_output:
            self._clearing(outs, index)
            outs[:] = []
            self.clear_display_id_mapping(index)
            self.clear_before_next_output = False

    def _clearing(self, outs: list[NotebookNode], index: int) -> None:
        self.streams.forget(outs)
        self.sink.emit(display_event("clear", index, None, None))

    def _append(self, cell: NotebookNode, index: int, out: NotebookNode) -> None:
        self.streams.seal()
        cell.outputs.append(masked(out, self.mask))
        self._told(out, index, None)

    def _told(self, out: NotebookNode, index: int, display_id: str | None) -> None:
        self.sink.emit(display_event("append", index, out, display_id))
        if out.output_type == "error":
            self.run_log.lines("stderr", "\n".join(out.traceback), index)

    def _tell(self, index: int, state: str, **more: Any) -> None:
        self.sink.emit({"k": "cell", "cell": index, "code": self._code, "of": self._of, "state": state, **more})

    def _wake(self, _: StopRequest) -> None:
        self.kernel.connection.wake()
