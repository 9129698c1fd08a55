"""The line under the menu of models: what the model is and may be used for, or how far the next one is loaded."""

from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import ModelCard
from spaceseed.ui.kit.jobs import size_text
from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent


def model_line(card: ModelCard) -> gr.HTML:
    """Creates the line; its value is what `about` or `loading` returns."""
    return gr.HTML(about(card), html_template=read(HERE / "template.html"), js_on_load=None, elem_id="model-line")


def about(card: ModelCard) -> dict[str, Any]:
    """Returns what a visitor should know of a model, as the line shows it."""
    named = {"network": card.family, "licence": card.licence}
    facts = [f"{card.resolution} px", size_text(card.size)]
    facts += [f"{name} {value}" for name, value in named.items() if value] + [card.terms]
    return {"facts": [fact for fact in facts if fact], "note": card.note}


def loading(words: str) -> dict[str, Any]:
    """Returns how far a model is loaded, as the line shows it."""
    return {"loading": words}
