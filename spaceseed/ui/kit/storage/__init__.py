"""What the browser keeps for a visitor: texts by name, in storage that outlives the page.

Each text is an item of its own, so that two windows of one browser, which share the storage of finds, add to it without
overwriting each other's texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
MAX_ITEMS = 500


@dataclass(frozen=True)
class Changes:
    """What Python tells the browser.

    Attributes:
        put: texts to keep, by name.
        drop: names to forget.
        reload: whether to load the page anew, because the server knows nothing of this visit any more.
    """

    put: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    reload: bool = False


class Storage(gr.HTML):
    """Texts that the browser keeps; its value as an input is those it had when the page opened, oldest first.

    Event `full` follows texts for which the browser has no room.

    Args:
        prefix: of the items' keys.
        shared: whether all windows share the texts, which then outlive the browser's end too.
    """

    def __init__(self, prefix: str, *, shared: bool) -> None:
        self.place, self.prefix = "localStorage" if shared else "sessionStorage", prefix
        super().__init__(
            html_template="",
            js_on_load=read(HERE / "script.js", PLACE=self.place, PREFIX=prefix),
            visible="hidden",
            elem_id=prefix,
        )

    @property
    def reader(self) -> str:
        """A script's expression for what an event is to be given in place of this component's value."""
        return read(HERE / "reader.js", PLACE=self.place, PREFIX=self.prefix)

    def postprocess(self, value: Changes | None) -> dict[str, Any] | None:  # type: ignore[override]
        if value is None:
            return None
        return {"put": dict(value.put), "drop": list(value.drop), "reload": value.reload}

    def preprocess(self, payload: Any) -> list[str]:  # type: ignore[override]
        texts = payload.get("texts") if isinstance(payload, dict) else None
        return [text for text in texts[:MAX_ITEMS] if isinstance(text, str)] if isinstance(texts, list) else []

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'texts': [texts that the browser kept]}"}
