"""A grid of pictures that change while the visitor looks: places keep their size, filled or empty."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.files import linked
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def faces(title: str, places: int, columns: int, elem_id: str) -> gr.HTML:
    """Creates a grid with `places` for pictures; its value is what `captioned` returns."""
    return gr.HTML(
        [],
        html_template=read(HERE / "template.html", TITLE=title, PLACES=places, COLUMNS=columns),
        css_template=read(HERE / "style.css"),
        js_on_load=None,
        apply_default_css=False,
        elem_id=elem_id,
    )


def captioned(
    paths: Sequence[str | None], captions: Sequence[str], finds: Sequence[str] = ()
) -> list[dict[str, Any] | None]:
    """Returns pictures with a caption each, as `faces` shows them; None where there is no picture yet.

    Args:
        paths: of the image files.
        captions: a few words each.
        finds: what the menus of the pictures refer to them by; without them the pictures have no menu.
    """
    return [
        {"image": linked(path), "caption": caption, "find": find} if path else None
        for path, caption, find in zip(paths, captions, finds or [""] * len(captions), strict=True)
    ]
