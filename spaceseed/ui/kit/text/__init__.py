"""Words on the page: lines that change, and headings."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def line(words: str, elem_id: str, *, visible: bool = True) -> gr.HTML:
    """Creates a line of words, which screen readers read out when it changes; its value is the words."""
    return gr.HTML(
        words,
        html_template=read(HERE / "line.html"),
        js_on_load=None,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
        visible=visible,
    )


def heading(words: str) -> gr.HTML:
    """Creates a heading inside a tab."""
    return gr.HTML(words, html_template=read(HERE / "heading.html"), js_on_load=None, padding=False)
