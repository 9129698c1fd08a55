"""Controls that pass any value on: whoever reads the value checks it, and names what is wrong in one sentence.

The browser finds a component's code by the name of its class, so the names must stay those of Gradio.
"""

from typing import Any

import gradio as gr


class Slider(gr.Slider):
    """A slider."""

    def preprocess(self, payload: Any) -> Any:
        return payload


class Dropdown(gr.Dropdown):
    """A menu, whose choices differ between models."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def postprocess(self, value: Any) -> Any:
        return value
