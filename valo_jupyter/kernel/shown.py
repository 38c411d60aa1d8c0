"""Executions and tables as a cell shows them."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display

from valo_jupyter.client import human, pool_words, summary
from valo_jupyter.client.environments import Environment
from valo_jupyter.client.executions import Execution
from valo_jupyter.domain.errors import ValoError
from valo_jupyter.domain.executions import Status
from valo_jupyter.kernel import card
from valo_jupyter.kernel.follow import Follower
from valo_jupyter.kernel.view import View

if TYPE_CHECKING:
    from valo_jupyter.kernel.widget import CardWidget

WIDGET = "application/vnd.jupyter.widget-view+json"
#: seconds that the buttons stay after the end; then the card becomes plain HTML, which needs no kernel to be seen again
LINGER = 60.0


class ShownExecution(Execution):
    """An execution that is a live card where a cell shows it."""

    def _ipython_display_(self) -> None:
        if getattr(get_ipython(), "kernel", None) is None:
            print(plain(View(self.data)))
        else:
            LiveCard(self).show()


class LiveCard:
    """One output of a cell: a widget while there is something to press or to watch, plain HTML in the end."""

    def __init__(self, execution: Execution) -> None:
        self._display_id = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._follower = Follower(execution, self._changed)
        self._widget: CardWidget | None = None

    def show(self) -> None:
        view = self._follower.view
        if Status(view.data["status"]).ended:
            view = self._follower.catch_up()
            display({"text/plain": plain(view), "text/html": card.page(view)}, raw=True, display_id=self._display_id)
            return
        from valo_jupyter.kernel.widget import CardWidget

        self._widget = CardWidget(card.card(view, buttons=True), self._pressed)
        display(self._bundle(view), raw=True, display_id=self._display_id)
        self._follower.start()

    def _bundle(self, view: View) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": plain(view), "text/html": card.page(view)}
        if self._widget is not None:
            bundle[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        return bundle

    def _changed(self, view: View) -> None:
        with self._lock:
            if self._widget is not None and view is self._follower.view:
                self._widget.html = card.card(view, buttons=True)
        if Status(view.data["status"]).ended:
            timer = threading.Timer(LINGER, self._settle, [self._follower])
            timer.daemon = True
            timer.start()

    def _settle(self, follower: Follower) -> None:
        """Leave the card in the notebook as it ended, unless it shows another run by now."""
        with self._lock:
            if follower is not self._follower or self._widget is None:
                return
            self._widget = None
        bundle = {"text/plain": plain(follower.view), "text/html": card.page(follower.view)}
        update_display(bundle, raw=True, display_id=self._display_id)

    def _pressed(self, action: str, value: str) -> None:
        execution = self._follower.execution
        try:
            if action == "stop":
                execution.stop()
            elif action in ("tag", "untag"):
                self._tag(execution, action, value.strip())
            else:
                self._switch(execution.rerun(), execution.counter)
        except ValoError as error:
            with self._lock:
                if self._widget is not None:
                    self._widget.html = card.card(View(execution.data, note=error.message), buttons=True)

    def _tag(self, execution: Execution, action: str, tag: str) -> None:
        if tag:
            execution.tag(tag) if action == "tag" else execution.untag(tag)
        with self._lock:
            follower = self._follower
            follower.view = replace(follower.view, data=execution.data)
            if self._widget is not None:
                self._widget.html = card.card(follower.view, buttons=True)

    def _switch(self, execution: Execution, again_of: int) -> None:
        with self._lock:
            self._follower.leave()
            self._follower = Follower(execution, self._changed, again_of=again_of)
        self._changed(self._follower.view)
        self._follower.start()


def plain(view: View) -> str:
    """The execution in lines, for where there is no HTML."""
    head = summary.failure(view.data) if view.data.get("error") else [summary.heading(view.data)]
    return "\n".join([*head, *summary.summary(view.data)])


class Table:
    """Rows for a cell to show; `rows` are plain lists of text."""

    def __init__(self, header: list[str], rows: list[list[str]], empty: str) -> None:
        self.header = header
        self.rows = rows
        self._empty = empty

    def __repr__(self) -> str:
        if not self.rows:
            return self._empty
        shown = [[human.plain(text) for text in row] for row in self.rows]
        return "\n".join(human.table(shown, [human.plain(text) for text in self.header]))

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{escape(self._empty)}</p>"
        head, *body = [
            "".join(f'<{cell} style="text-align: left">{escape(text)}</{cell}>' for text in row)
            for cell, row in [("th", self.header), *(("td", row) for row in self.rows)]
        ]
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


class ShownEnvironment(Environment):
    """An environment as a cell shows it: settings, machines, and who waits."""

    def __repr__(self) -> str:
        return "\n\n".join(repr(table) for table in self._tables())

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self._tables())

    def _tables(self) -> list[Table]:
        machines = Table(pool_words.MACHINES, list(map(pool_words.machine_row, self.machines())), "No machines now.")
        queue = Table(pool_words.QUEUE, [pool_words.queue_row(item.data) for item in self.queue(10)], "Nobody waits.")
        return [Table([self.slug, ""], pool_words.settings(self), ""), machines, queue]
