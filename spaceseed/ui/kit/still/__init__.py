"""A large picture with a title."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def still(title: str, elem_id: str) -> gr.HTML:
    """Creates a place for one picture; its value is {"image": the `url` of a `Jpeg`, "find": for its menu, or ""}."""
    return gr.HTML(
        {},
        html_template=read(HERE / "template.html", TITLE=title),
        js_on_load=None,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )
