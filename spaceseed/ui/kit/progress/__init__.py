"""A line of words over a bar: how much of long work is done."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def progress(text: str, elem_id: str) -> gr.HTML:
    """Creates the line and the bar; their value is {"text": words, "share": how much is done, 0 to 1}."""
    return gr.HTML({"text": text}, html_template=read(HERE / "template.html"), js_on_load=None, elem_id=elem_id)
