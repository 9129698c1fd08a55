"""The parts of the Dissect tab, laid out."""

from dataclasses import dataclass
from typing import Any, Self

import gradio as gr

from spaceseed.ui.dissect.events import HINT, MODES, NO_UNIT, STRENGTHS
from spaceseed.ui.dissect.wall import Wall
from spaceseed.ui.kit.controls import Dropdown, Slider
from spaceseed.ui.kit.jobs import StatusLine
from spaceseed.ui.kit.painter import Painter
from spaceseed.ui.kit.still import still
from spaceseed.ui.kit.text import line


@dataclass(frozen=True)
class Panel:
    """The components."""

    painter: Painter
    words: gr.HTML
    undo: gr.Button
    redo: gr.Button
    reset: gr.Button
    keep: gr.Button
    steer: gr.Button
    fresh: gr.Button
    before: gr.HTML
    thing: gr.Dropdown
    mode: gr.Radio
    strength: gr.Radio
    everywhere: gr.Button
    layer: gr.Dropdown
    cost: gr.HTML
    measure: gr.Button
    job: StatusLine
    level: gr.Slider
    wall: Wall

    @classmethod
    def create(cls) -> Self:
        """Lays them out, empty."""
        strengths = list(STRENGTHS)
        with gr.Row(elem_classes="ss-dissect"):
            with gr.Column(scale=5, min_width=320, elem_classes="ss-dissect-view"):
                painter = Painter("The picture to paint on", keeps=False, elem_id="dissect-painter")
                words = line(HINT, "dissect-words")
                with gr.Row(elem_classes="ss-actions"):
                    keep = gr.Button("Keep", variant="primary", elem_id="dissect-keep")
                    undo = gr.Button("Undo", interactive=False, elem_id="dissect-undo")
                    redo = gr.Button("Redo", interactive=False, elem_id="dissect-redo")
                    reset = gr.Button("Reset all", elem_id="dissect-reset")
            with gr.Column(scale=6, min_width=320, elem_classes="ss-dissect-brush"):
                thing = Dropdown([], label="What to paint", interactive=True, elem_id="dissect-thing")
                mode = gr.Radio(list(MODES), value="Add", label="The brush", elem_id="dissect-mode")
                strength = gr.Radio(strengths, value=strengths[1], label="How strongly", elem_id="dissect-strength")
                everywhere = gr.Button("All over the picture, without the brush", elem_id="dissect-everywhere")
                with gr.Row(elem_classes="ss-dissect-find"):
                    before = still("Before", "dissect-before")
                    with gr.Column(min_width=150):
                        fresh = gr.Button("A fresh one", size="sm", elem_id="dissect-fresh")
                        steer = gr.Button("Steer this", size="sm", elem_id="dissect-steer")
            with gr.Column(elem_classes="ss-dissect-units"):
                with gr.Row():
                    layer = Dropdown([], label="Units of which layer", interactive=True, elem_id="dissect-layer")
                    level = Slider(
                        -1, 1, 0, step=0.05, label=NO_UNIT, info="Click a unit below. In the middle it is as it was.",
                        interactive=False, elem_id="dissect-level",
                    )  # fmt: skip
                cost = line("", "dissect-cost")
                measure = gr.Button("Dissect this layer", visible=False, elem_id="dissect-measure")
                job = StatusLine.create("dissect-job")
                wall = Wall(elem_id="dissect-wall")
        return cls(
            painter, words, undo, redo, reset, keep, steer, fresh, before, thing, mode, strength, everywhere, layer,
            cost, measure, job, level, wall,
        )  # fmt: skip

    @property
    def preview(self) -> dict[str, Any]:
        """What each stroke changes."""
        return {"picture": self.painter, "words": self.words, "undo": self.undo, "redo": self.redo}

    @property
    def controls(self) -> dict[str, Any]:
        """What differs between layers."""
        return {
            "layer": self.layer,
            "thing": self.thing,
            "cost": self.cost,
            "measure": self.measure,
            "level": self.level,
        }

    @property
    def components(self) -> dict[str, Any]:
        """All that shows the find that is open."""
        return {"before": self.before, **self.preview, **self.controls}
