"""The bar of the Search tab: the words, the picture, and the buttons."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import ModelCard
from spaceseed.ui.kit.text import line
from spaceseed.ui.kit.uploads import Image
from spaceseed.ui.search.controls import Control, create_balance
from spaceseed.ui.state.examples import subject_of

NO_EXAMPLE = "in a few words: colours, shapes, what is to be seen"


@dataclass(frozen=True)
class Bar:
    """The components."""

    prompt: gr.Textbox
    unknown: gr.HTML
    balance: Control
    picture: Image
    go: gr.Button
    stop: gr.Button
    halt: gr.Button
    again: gr.Button
    chips: gr.Dataset

    @property
    def buttons(self) -> dict[str, gr.Button]:
        """Those that change while a search runs; `pressable` fills them."""
        return {"stop": self.stop, "halt": self.halt, "again": self.again}


def asking(card: ModelCard) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what differs between models in the box for the words and in the examples below it."""
    subject = subject_of(card)
    prompt = {
        "label": f"What should the {subject.one} look like? Enter starts the search.",
        "placeholder": f"{subject.prompts[0]}, or pick one below" if subject.prompts else NO_EXAMPLE,
    }
    return prompt, {"samples": [[text] for text in subject.prompts], "visible": bool(subject.prompts)}


def create_bar(card: ModelCard) -> Bar:
    """Lays out the bar.

    Args:
        card: the model that visitors meet first.
    """
    words, examples = asking(card)
    with gr.Row(elem_id="search-bar"):
        with gr.Column(scale=5, min_width=240):
            prompt = gr.Textbox(**words, elem_id="search-prompt")
            unknown = line("", "search-unknown", visible=False)
            chips = gr.Dataset(
                components=[gr.Textbox(visible=False)],
                **examples,
                label="Example prompts",
                show_label=False,
                elem_id="search-examples",
            )
        with gr.Column(min_width=150, elem_id="search-like"):
            picture = Image(
                label="Or like a picture",
                sources=["upload", "clipboard"],
                placeholder="Drop or paste",
                buttons=[],
                elem_id="search-picture",
            )
            balance = create_balance()
        with gr.Column(min_width=150, elem_id="search-buttons"):
            go = gr.Button("Search", variant="primary", elem_id="search-go")
            stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="search-stop")
            halt = gr.Button("Stopping...", visible=False, elem_id="search-halt")
            again = gr.Button("Go on", interactive=False, elem_id="search-again")
    return Bar(prompt, unknown, balance, picture, go, stop, halt, again, chips)


def pressable(searching: bool, more: bool = False) -> dict[str, Any]:
    """Returns values for `Bar.buttons`, by name.

    Args:
        searching: whether a search runs.
        more: whether one has ended that can go on.
    """
    return {
        "stop": gr.Button(visible=True, interactive=searching),
        "halt": gr.Button(visible=False),
        "again": gr.Button(interactive=more),
    }
