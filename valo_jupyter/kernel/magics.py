"""`%valo` and its commands."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from valo_jupyter.client import cells, data_words, human, pool_words, summary
from valo_jupyter.client.arguments import choices, joined, rerun_options, run_options
from valo_jupyter.client.data import SCHEME, Datum
from valo_jupyter.client.environments import Environment
from valo_jupyter.client.executions import Execution
from valo_jupyter.client.find import inside_execution
from valo_jupyter.domain.errors import Invalid, NotFound, ValoError
from valo_jupyter.kernel import complete
from valo_jupyter.kernel.cell import own_execution
from valo_jupyter.kernel.difference import ShownDifference
from valo_jupyter.kernel.files import Files, ShownDatum, Trace
from valo_jupyter.kernel.parser import ALIASES, HelpShown, build_parser, help_text
from valo_jupyter.kernel.shown import ShownEnvironment, ShownExecution, Table
from valo_jupyter.submit import Client


class Commands:
    """The commands of one kernel; they share a connection."""

    def __init__(self) -> None:
        self._parser = build_parser()
        self._client: Client | None = None

    def run(self, line: str) -> Any:
        """One `%valo …` line; the value is what the cell shows."""
        return self._answer(line, self._run_line)

    def run_cell(self, line: str, source: str) -> Any:
        """The code of a cell below `%%valo …`, as an execution of its own."""
        return self._answer(line, lambda words: self._run_cell(words, source))

    def _answer(self, line: str, command: Callable[[list[str]], Any]) -> Any:
        try:
            return command(shlex.split(line))
        except HelpShown:
            return None
        except ValoError as error:
            raise UsageError(_told(error)) from None
        except ValueError as error:
            raise UsageError(f"%valo: {error} in “{line}”.") from None

    def _run_line(self, words: list[str]) -> Any:
        words[:1] = [ALIASES.get(word, word) for word in words[:1]]
        given = self._parser.parse_args(joined(words) if words[:1] in (["run"], ["rerun"]) else words)
        if given.command not in (None, "help") and inside_execution():
            # a notebook that sends itself off with a cell of its own must still run through there
            print(f"%valo {given.command}: nothing to do inside an execution.")
            return None
        return getattr(self, f"_{given.command or 'help'}")(given)

    def _run_cell(self, words: list[str], source: str) -> ShownExecution | None:
        given = self._parser.parse_args(joined(["run", *(words[1:] if words[:1] == ["run"] else words)]))
        if given.notebook:
            raise Invalid(f"%%valo runs the cell's code; `%valo run {given.notebook}`, on a line, runs a notebook.")
        if inside_execution():
            print("%%valo: nothing to do inside an execution.")
            return None
        return ShownExecution(self.client, own_execution(self.client, source, run_options(given)).data)

    def complete(self, line: str) -> list[str]:
        """Words that may come next in `line`."""
        return complete.candidates(line, self._client)

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = Client()
        return self._client

    def _one(self, given: Namespace) -> ShownExecution:
        return ShownExecution(self.client, self.client.execution(given.execution).data)

    def _help(self, _: Namespace) -> None:
        print(help_text())

    def _run(self, given: Namespace) -> ShownExecution:
        execution = self.client.run(self._notebook(given.notebook), **run_options(given))
        return ShownExecution(self.client, execution.data)

    def _list(self, given: Namespace) -> Table:
        found = self.client.executions(limit=given.limit, tag=given.tag, status=given.status, everywhere=given.all)
        rows = [
            [
                f"#{item['counter']}",
                human.plain(item["project"]["name"], 40),
                human.plain(item["title"] or item["step"], 40),
                f"{summary.MARKS[item['status']]} {human.plain(summary.state_words(item), 60)}",
                ", ".join(item["tags"]),
                human.ago(item["ctime"]),
            ]
            for item in (execution.data for execution in found)
        ]
        none = "No execution matches." if given.tag or given.status else "No executions yet. Try `%valo run`."
        return Table(["", "project", "title", "state", "tags", "submitted"], rows, none)

    def _show(self, given: Namespace) -> ShownExecution:
        return self._one(given)

    def _logs(self, given: Namespace) -> None:
        for entry in self._one(given).logs(tail=given.tail):
            print(entry.text)

    def _outputs(self, given: Namespace) -> Files:
        outputs = self._one(given).outputs
        if given.folder is None:
            return Files(outputs.values())
        return Files(outputs.values(), map(str, outputs.download(given.folder, overwrite=given.force)))

    def _metadata(self, given: Namespace) -> Any:
        """A DataFrame where pandas is installed, else a table."""
        execution = self._one(given)
        if find_spec("pandas") is not None and (frame := execution.metadata_frame()).size:
            return frame
        points = execution.metadata
        names = list(dict.fromkeys(name for point in points for name in point if name != "_time"))
        rows = [[human.value(point[name]) if name in point else "" for name in names] for point in points]
        return Table(names, rows, "No metadata. A line of JSON that a cell prints becomes a point.")

    def _cells(self, given: Namespace) -> Table:
        execution = self._one(given)
        rows = [cells.row(cell, execution.data["status"]) for cell in execution.cells]
        return Table(cells.HEADER, rows, cells.NONE)

    def _diff(self, given: Namespace) -> ShownDifference:
        return ShownDifference(self.client.diff(given.execution, given.other).data)

    def _tag(self, given: Namespace) -> None:
        data = self._one(given).tag(*given.tags).data
        print(f"#{data['counter']}: {', '.join(map(human.plain, data['tags']))}")

    def _wait(self, given: Namespace) -> ShownExecution:
        execution = self._one(given)
        execution.wait(given.timeout, raise_on_failure=False)
        return execution

    def _stop(self, given: Namespace) -> None:
        print(summary.heading(self._one(given).stop().data))

    def _rerun(self, given: Namespace) -> ShownExecution:
        return ShownExecution(self.client, self._one(given).rerun(**rerun_options(given)).data)

    def _data(self, given: Namespace) -> Table:
        words = " ".join(given.words) or None
        found = self.client.data(words, tag=given.tag, store=given.store, limit=given.limit)
        none = "No file matches." if words or given.tag or given.store else "No files yet. Try `%valo upload PATH`."
        return Table(data_words.DATA, [data_words.datum_row(datum.data) for datum in found], none)

    def _file(self, given: Namespace) -> ShownDatum:
        return ShownDatum(self.client, self.client.datum(given.file).data)

    def _upload(self, given: Namespace) -> Table:
        if given.alias and len(given.files) > 1:
            raise Invalid("An alias is for one file: upload one at a time.")
        made = [self.client.upload(path, tags=given.tag, alias=given.alias, store=given.store) for path in given.files]
        return Table(data_words.DATA, [data_words.datum_row(datum.data) for datum in made], "")

    def _trace(self, given: Namespace) -> Trace:
        of: Datum | Execution
        of = self.client.execution(given.of) if given.of.lstrip("#").isdigit() else self._traced(given.of)
        return Trace(of.trace(given.direction, given.depth), of.id)

    def _traced(self, name: str) -> Datum | Execution:
        """A file, else what `project:12` or `latest` stands for."""
        try:
            return self.client.datum(name)
        except NotFound:
            if name != "latest" and ":" not in name.removeprefix(SCHEME):
                raise
        return self.client.execution(name)

    def _datasets(self, _: Namespace) -> Table:
        rows = [
            data_words.version_row(dataset, version)
            for dataset in self.client.datasets()
            for version in dataset["versions"]
        ]
        return Table(data_words.DATASETS, rows, "No datasets.")

    def _stores(self, _: Namespace) -> Table:
        rows = [data_words.store_row(store) for store in self.client.stores()]
        return Table(data_words.STORES, rows, "No stores: outputs go to the built-in one.")

    def _environments(self, _: Namespace) -> Table:
        rows = [pool_words.environment_row(environment) for environment in self.client.environments()]
        return Table(pool_words.ENVIRONMENTS, rows, "No environments.")

    def _environment(self, given: Namespace) -> ShownEnvironment:
        return ShownEnvironment(self.client, self.client.environment(given.environment).data)

    def _machines(self, given: Namespace) -> Table:
        none = "No machines. They start when something is to run."
        return self._of_pool(given, pool_words.MACHINES, lambda one: map(pool_words.machine_row, one.machines()), none)

    def _queue(self, given: Namespace) -> Table:
        def rows(environment: Environment) -> list[list[str]]:
            return [pool_words.queue_row(item.data) for item in environment.queue()]

        return self._of_pool(given, pool_words.QUEUE, rows, "Nobody waits.")

    def _of_pool(
        self, given: Namespace, header: list[str], rows_of: Callable[[Environment], Iterable[list[str]]], none: str
    ) -> Table:
        """Of the environment that is named, else of all, each row with its environment's name."""
        if given.environment:
            return Table(header, list(rows_of(self.client.environment(given.environment))), none)
        rows = [[one.slug, *row] for one in self.client.environments() for row in rows_of(one)]
        return Table(["environment", *header], rows, none)

    @staticmethod
    def _notebook(named: str | None) -> Path:
        if named:
            return Path(named)
        from valo_jupyter.client.jupyter import kernel_context

        context = kernel_context()
        if context is None or context.notebook is None:
            raise Invalid(
                "This kernel does not know its notebook: it was not started by a Jupyter server with Valo's extension. "
                "Give its path: %valo run notebook.ipynb"
            )
        return context.notebook


def _told(error: ValoError) -> str:
    """The error's message and, for a submission that needs a decision, the options as they are written here."""
    return "\n".join([error.message, *choices(error, "%valo run")])
