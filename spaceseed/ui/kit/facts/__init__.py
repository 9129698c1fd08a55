"""A list of terms, each with a few words about it."""

from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def facts(elem_id: str, **options: Any) -> gr.HTML:
    """Creates a list, empty at first; its value is pairs of a term and its words.

    Args:
        elem_id: the element's id.
        **options: of `gr.HTML`.
    """
    return gr.HTML([], html_template=read(HERE / "template.html"), js_on_load=None, elem_id=elem_id, **options)
