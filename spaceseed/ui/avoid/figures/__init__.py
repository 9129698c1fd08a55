"""A table of figures, measured without a filter and with it."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def figures(elem_id: str) -> gr.HTML:
    """Creates a table, empty at first; its value is {"rows": rows of words, "conditions": what was measured how}."""
    return gr.HTML(
        {},
        html_template=read(HERE / "template.html"),
        js_on_load=None,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )
