"""The bar above the tabs: which model draws, what it may be used for, and the classes and the pose where it has any."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.models.generators.labels import groups_of
from spaceseed.ui.kit.controls import Dropdown
from spaceseed.ui.kit.jobs import size_text
from spaceseed.ui.kit.templates import read
from spaceseed.ui.shell.model_line import about, model_line
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.view import MAX_SHIFT, MAX_TURN, View, max_classes
from spaceseed.ui.state.workspace import Workspace

HERE = Path(__file__).parent


@dataclass(frozen=True)
class ModelBar:
    """The components.

    Attributes:
        choice: the menu of models.
        line: about the model, or how far the next one is loaded.
        classes: the menu of classes, or of attributes.
        pose: holds the sliders of the pose.
        shift_x, shift_y, turn: those sliders.
    """

    choice: gr.Dropdown
    line: gr.HTML
    classes: Dropdown
    pose: gr.Row
    shift_x: gr.Slider
    shift_y: gr.Slider
    turn: gr.Slider

    @property
    def view(self) -> list[Any]:
        """The controls of a `View` but the truncation."""
        return [self.classes, self.shift_x, self.shift_y, self.turn]

    @property
    def fitted(self) -> list[Any]:
        """What `values_for` fills."""
        return [self.choice, self.line, self.classes, self.pose, self.shift_x, self.shift_y, self.turn]


def create_model_bar(networks: Networks) -> ModelBar:
    """Lays out the bar; `switching` joins the events that change the model."""
    with gr.Row(elem_id="model-bar"):
        gr.HTML(read(HERE / "header.html"), elem_id="model-header")
        choice = gr.Dropdown(
            choices(networks),
            value=networks.default,
            label="Model",
            show_label=False,
            container=False,
            min_width=280,
            elem_id="model-choice",
        )
    line = model_line(networks.cards[networks.default])
    generator = networks.generator(networks.default)
    view = View.of(generator)
    classes = Dropdown(**class_menu(generator, view), elem_id="model-classes")
    with gr.Row(visible="transform" in generator.options, elem_id="model-pose") as pose:
        shift_x = gr.Slider(
            -MAX_SHIFT, MAX_SHIFT, 0, step=0.01, label="Right", info="Shift, in widths.",
            elem_id="model-shift-x", min_width=100,
        )  # fmt: skip
        shift_y = gr.Slider(
            -MAX_SHIFT, MAX_SHIFT, 0, step=0.01, label="Down", info="Shift, in heights.",
            elem_id="model-shift-y", min_width=100,
        )  # fmt: skip
        turn = gr.Slider(
            -MAX_TURN, MAX_TURN, 0, step=1, label="Turn", info="Clockwise, in °.", elem_id="model-turn",
            min_width=100,
        )  # fmt: skip
    return ModelBar(choice, line, classes, pose, shift_x, shift_y, turn)


def values_for(networks: Networks, generator: Generator, workspace: Workspace) -> list[Any]:
    """Returns what a `ModelBar` shows in `fitted` for a model."""
    card = generator.card
    assert card is not None
    _, _, shift_x, shift_y, turn = workspace.view.values
    return [
        gr.Dropdown(choices=choices(networks), value=card.id),
        about(card),
        Dropdown(**class_menu(generator, workspace.view)),
        gr.Row(visible="transform" in generator.options),
        shift_x,
        shift_y,
        turn,
    ]


def choices(networks: Networks) -> list[tuple[str, str]]:
    """Returns the models as the menu lists them: title and id."""
    return [(title(networks, card), card.id) for card in networks.cards.values()]


def title(networks: Networks, card: ModelCard) -> str:
    """Returns how the menu names a model: with its size where it must be downloaded, or why it cannot be had here."""
    name = f"{card.title} · {card.resolution} px"
    if networks.at_hand(card.id):
        return name
    away = networks.away(card.id).partition(",")[0]
    return f"{name} · {away or f'{size_text(card.size)} to download'}"


def class_menu(generator: Generator, view: View) -> dict[str, Any]:
    """Returns what the menu of classes shows for a model."""
    names, most = generator.card.classes if generator.card else (), max_classes(generator)
    label, info = "Kinds (classes)", f"Type to search; up to {most} are mixed in equal parts."
    if groups_of(generator):
        label, info = "Attributes", "Several of one kind are mixed; what you leave open is up to each image."
    return {
        "choices": [(names[i] if i < len(names) else f"class {i}", i) for i in range(generator.num_classes)],
        "value": list(view.classes),
        "multiselect": True,
        "max_choices": most,
        "label": label,
        "info": info,
        "visible": generator.num_classes > 0,
    }
