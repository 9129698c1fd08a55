"""The parts of the Photo tab, laid out."""

from dataclasses import dataclass
from typing import Any, Self

import gradio as gr

from spaceseed.ui.kit.compare import ImageSlider
from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.kit.facts import facts
from spaceseed.ui.kit.painter import Painter
from spaceseed.ui.kit.progress import progress
from spaceseed.ui.kit.still import still
from spaceseed.ui.kit.text import line
from spaceseed.ui.kit.uploads import Image
from spaceseed.ui.photo.framed import framed
from spaceseed.ui.photo.job import CLOSENESS, MAX_STEPS, USUAL
from spaceseed.ui.state.photo import LIMITS

PRIVACY = (
    "Your picture stays in the memory of this visit: the file is deleted at once, nobody else sees it, and it is gone "
    "when you close the page."
)
BEGIN = "Drop a photograph or a drawing, and see it found."


@dataclass(frozen=True)
class Panel:
    """The components."""

    place: Image
    framing: gr.Accordion
    hand: list[gr.Slider]
    centre: gr.Button
    leaving_out: gr.Accordion
    painter: Painter
    closeness: gr.Slider
    steps: gr.Slider
    framed: gr.HTML
    found: gr.HTML
    told: gr.HTML
    status: gr.HTML
    go: gr.Button
    stop: gr.Button
    keep: gr.Button
    steer: gr.Button
    breed: gr.Button
    figures: gr.HTML
    compare: ImageSlider

    @classmethod
    def create(cls, steps: int) -> Self:
        """Lays them out, empty yet as large as they will be.

        Args:
            steps: to begin with.
        """
        with gr.Row(elem_classes="ss-photo"):
            with gr.Column(scale=4, min_width=280, elem_classes="ss-photo-side"):
                with gr.Column(elem_classes="ss-photo-drop"):
                    place = Image(
                        label="Your picture",
                        sources=["upload", "clipboard"],
                        placeholder="Drop or paste a picture",
                        buttons=[],
                        height=150,
                        elem_id="photo-picture",
                    )
                    gr.HTML(f'<p class="ss-hint">{PRIVACY}</p>', padding=False, elem_id="photo-privacy")
                with gr.Column(elem_classes="ss-photo-settings"):
                    closeness, count = _create_sliders(steps)
                    framing, hand, centre = _create_hand()
                    leaving_out, painter = _create_painter()
            with gr.Column(scale=7, min_width=320, elem_classes="ss-photo-main"):
                with gr.Row(elem_classes="ss-pair"):
                    place_framed, found = framed("Your picture", "photo-framed"), still("Found", "photo-found")
                told = line("", "photo-told")
                status = progress(BEGIN, "photo-status")
                with gr.Row(elem_classes="ss-actions"):
                    go = gr.Button("Find it", variant="primary", elem_id="photo-go")
                    stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="photo-stop")
                with gr.Row(elem_classes="ss-actions"):
                    steer = gr.Button("Steer this", elem_id="photo-steer")
                    breed = gr.Button("Breed from this", elem_id="photo-breed")
                    keep = gr.Button("Keep", elem_id="photo-keep")
                table = facts("photo-figures", padding=False)
                compare = ImageSlider(
                    label="Yours and the find: move the line", buttons=[], interactive=False, elem_id="photo-compare"
                )
        return cls(
            place, framing, hand, centre, leaving_out, painter, closeness, count, place_framed, found, told, status,
            go, stop, keep, steer, breed, table, compare,
        )  # fmt: skip

    @property
    def outputs(self) -> dict[str, Any]:
        """What `stream.steps` fills."""
        return {"found": self.found, "status": self.status, "stop": self.stop, "figures": self.figures}


def about_closeness(value: Any) -> str:
    """Returns what a place in `CLOSENESS` means; "" for what is none."""
    return CLOSENESS[value - 1][2] if value in range(1, len(CLOSENESS) + 1) else ""


def _create_sliders(steps: int) -> tuple[gr.Slider, gr.Slider]:
    closeness = Slider(
        1, len(CLOSENESS), USUAL, step=1, label="Easier to edit ↔ closer to the picture", info=about_closeness(USUAL),
        elem_id="photo-closeness",
    )  # fmt: skip
    count = Slider(
        1, MAX_STEPS, steps, step=1, label="Steps", info="More come nearer, and take longer.", elem_id="photo-steps"
    )
    return closeness, count


def _create_hand() -> tuple[gr.Accordion, list[gr.Slider], gr.Button]:
    with gr.Accordion("Frame by hand", open=False, elem_id="photo-hand") as framing:
        hand: list[gr.Slider] = [
            Slider(*LIMITS["zoom"], 1, step=0.02, label="Zoom", elem_id="photo-zoom"),
            Slider(*LIMITS["right"], 0, step=0.01, label="Left or right", elem_id="photo-right"),
            Slider(*LIMITS["down"], 0, step=0.01, label="Up or down", elem_id="photo-down"),
            Slider(*LIMITS["turn"], 0, step=1, label="Turn, in degrees", elem_id="photo-turn"),
        ]
        centre = gr.Button("Frame it as at first", size="sm", elem_id="photo-centre")
    return framing, hand, centre


def _create_painter() -> tuple[gr.Accordion, Painter]:
    with gr.Accordion("Leave out hands, hats…", open=False, elem_id="photo-leave-out") as leaving_out:
        gr.HTML('<p class="ss-hint">Paint over what should not count.</p>', padding=False)
        painter = Painter("Your picture, whole", elem_id="photo-painter")
    return leaving_out, painter
