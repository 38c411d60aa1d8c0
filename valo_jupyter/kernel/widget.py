"""The live card: Python draws it, the browser shows it and sends back what was pressed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from valo_jupyter.kernel.card import STATIC


class CardWidget(anywidget.AnyWidget):
    """`html` is the card; `pressed` is called with `stop` or `rerun`, in a thread, so that the kernel stays free."""

    _esm = STATIC / "card.js"
    _css = STATIC / "card.css"
    html = traitlets.Unicode().tag(sync=True)

    def __init__(self, html: str, pressed: Callable[[str], None]) -> None:
        super().__init__(html=html)
        self._pressed = pressed
        self.on_msg(self._message)

    def _message(self, _: Any, content: Any, __: Any) -> None:
        action = content.get("action") if isinstance(content, dict) else None
        if action in ("stop", "rerun"):
            threading.Thread(target=self._pressed, args=(action,), name=f"valo-{action}", daemon=True).start()
