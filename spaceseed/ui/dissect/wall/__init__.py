"""The units of a layer that draw one thing, each with the images where it lights most; one of them is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.files import linked
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """One unit on the wall.

    Attributes:
        unit: its number.
        path: of its images side by side; None while they are drawn.
        words: how well it fits.
    """

    unit: int
    path: str | None
    words: str


class Wall(gr.HTML):
    """The wall. As an input its value is the number of the unit that was clicked last, or None. Event `choose`.

    Args:
        **options: of `gr.HTML`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            html_template=read(HERE / "template.html"),
            css_template=read(HERE / "style.css"),
            js_on_load=read(HERE / "script.js"),
            apply_default_css=False,
            padding=False,
            **options,
        )

    def postprocess(self, value: tuple[str, Sequence[Shown], int | None] | None) -> dict[str, Any]:  # type: ignore[override]
        """Takes a title, the units, and which of them is chosen."""
        if value is None:
            return {}
        title, units, chosen = value
        shown = [
            {"unit": each.unit, "image": linked(each.path) if each.path else None, "words": each.words}
            for each in units
        ]
        return {"title": title, "units": shown, "chosen": chosen}

    def preprocess(self, payload: Any) -> int | None:  # type: ignore[override]
        chosen = payload.get("chosen") if isinstance(payload, dict) else None
        return chosen if isinstance(chosen, int) and not isinstance(chosen, bool) else None

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'chosen': number of a unit}"}
