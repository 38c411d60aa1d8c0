"""The live card: Python draws it, the browser shows it and sends back what was pressed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from valo_jupyter.kernel.card import STATIC

ACTIONS = ("stop", "rerun", "tag", "untag")


class CardWidget(anywidget.AnyWidget):
    """`html` is the card; `pressed` is called with what was asked for, in a thread, so that the kernel stays free.

    It is one of `ACTIONS`, with a value: the tag, for `tag` and `untag`.
    """

    _esm = STATIC / "card.js"
    _css = STATIC / "card.css"
    html = traitlets.Unicode().tag(sync=True)

    def __init__(self, html: str, pressed: Callable[[str, str], None]) -> None:
        super().__init__(html=html)
        self._pressed = pressed
        self.on_msg(self._message)

    def _message(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and (action := content.get("action")) in ACTIONS:
            asked = (action, str(content.get("value") or ""))
            threading.Thread(target=self._pressed, args=asked, name=f"valo-{action}", daemon=True).start()
