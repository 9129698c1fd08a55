"""The parts of the Avoid tab, laid out."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.ui.avoid import examples, learning, proof
from spaceseed.ui.avoid.figures import figures
from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.kit.faces import faces
from spaceseed.ui.kit.facts import facts
from spaceseed.ui.kit.jobs import StatusLine
from spaceseed.ui.kit.picker import PickGallery
from spaceseed.ui.kit.text import heading, line


@dataclass(frozen=True)
class Examples:
    """Where examples are shown and found."""

    bad: PickGallery
    good: PickGallery
    text: gr.Textbox
    drawn: gr.Slider
    words: gr.Button
    hunt: gr.Button
    forget: gr.Button
    job: StatusLine

    @classmethod
    def create(cls, placeholder: str) -> "Examples":
        """Lays them out."""
        with gr.Row():
            with gr.Column(scale=6, min_width=320):
                heading("1. What is bad, and what is good")
                bad, good = (
                    PickGallery(ternary=False, marked="forgotten", sign="✕", elem_id=name, elem_classes="ss-row")
                    for name in ("avoid-bad", "avoid-good")
                )
                forget = gr.Button("Forget all marks", size="sm", elem_id="avoid-forget")
            with gr.Column(scale=5, min_width=320):
                heading("More of both, without clicking")
                text = gr.Textbox(
                    label="From words", info="Of many images, the tenth that fits best is bad, all others are good.",
                    placeholder=placeholder, max_length=1000, elem_id="avoid-text",
                )  # fmt: skip
                drawn = Slider(
                    20, examples.MAX_DRAWN, examples.DRAWN, step=10, label="Images looked at",
                    info="More teach more, and take longer.", elem_id="avoid-drawn",
                )  # fmt: skip
                with gr.Row(elem_classes="ss-actions"):
                    words = gr.Button("Find by words", elem_id="avoid-words")
                    hunt = gr.Button("Let a search find broken ones", elem_id="avoid-hunt")
                job = StatusLine.create("avoid-finding")
        return cls(bad, good, text, drawn, words, hunt, forget, job)

    @property
    def shelves(self) -> list[PickGallery]:
        """What shows the examples."""
        return [self.bad, self.good]


@dataclass(frozen=True)
class Study:
    """Where a filter is learned, judged, and put to use."""

    learn: gr.Button
    job: StatusLine
    verdict: gr.HTML
    fold: gr.Accordion
    numbers: gr.HTML
    method: gr.Dropdown
    how: gr.Dropdown
    refused: gr.Slider
    in_breed: gr.Checkbox
    in_search: gr.Checkbox
    download: gr.DownloadButton
    drop: gr.File

    @classmethod
    def create(cls) -> "Study":
        """Lays it out."""
        with gr.Row():
            with gr.Column(scale=6, min_width=320):
                heading("2. Learn where the bad ones come from")
                learn = gr.Button("Learn filter", variant="primary", elem_id="avoid-learn")
                job = StatusLine.create("avoid-learning")
                settings = _settings()
                verdict = line("", "avoid-verdict")
                with gr.Accordion("Its numbers", open=False, visible=False, elem_id="avoid-numbers") as fold:
                    numbers = facts("avoid-facts", apply_default_css=False)
            with gr.Column(scale=5, min_width=320):
                heading("3. Use it")
                with gr.Row():
                    in_breed = gr.Checkbox(
                        label="Use it in Breed", info="For fresh ones.", interactive=False, min_width=150,
                        elem_id="avoid-in-breed",
                    )  # fmt: skip
                    in_search = gr.Checkbox(
                        label="Use it in Search", info="Bad ones score less.", interactive=False, min_width=150,
                        elem_id="avoid-in-search",
                    )  # fmt: skip
                download = gr.DownloadButton("Download filter", interactive=False, elem_id="avoid-download")
                drop = gr.File(
                    label="Load a filter: drop its file here", file_types=[".safetensors"], height=120,
                    elem_id="avoid-drop",
                )  # fmt: skip
        return cls(learn, job, verdict, fold, numbers, *settings, in_breed, in_search, download, drop)


@dataclass(frozen=True)
class Proof:
    """Where a filter is seen at work and measured."""

    column: gr.Column
    strip: gr.HTML
    before: gr.HTML
    after: gr.HTML
    replaced: gr.HTML
    other: gr.Button
    images: gr.Slider
    measure: gr.Button
    job: StatusLine
    told: gr.HTML
    fold: gr.Accordion
    figures: gr.HTML

    @classmethod
    def create(cls, compared: int) -> "Proof":
        """Lays it out, hidden until there is a filter; each gallery has `compared` places."""
        with gr.Column(visible=False, elem_id="avoid-shown") as column:
            heading("4. See and measure it")
            strip = faces("From good to bad", places=learning.STEPS, columns=learning.STEPS, elem_id="avoid-strip")
            with gr.Row():
                with gr.Column(scale=1, min_width=320):
                    heading("Without the filter")
                    before = faces("Without the filter", places=compared, columns=4, elem_id="avoid-before")
                with gr.Column(scale=1, min_width=320):
                    heading("With it, from the same seeds")
                    after = faces("With the filter", places=compared, columns=4, elem_id="avoid-after")
            replaced = line("", "avoid-replaced")
            other = gr.Button("Compare other seeds", size="sm", elem_id="avoid-other")
            with gr.Row(elem_classes="ss-field-row"):
                images = Slider(
                    proof.MIN_IMAGES, proof.MAX_IMAGES, proof.IMAGES, step=50, label="Images to measure",
                    info="So many without the filter and with it; few leave it unsure.", elem_id="avoid-images",
                    min_width=240,
                )  # fmt: skip
                measure = gr.Button("Measure", elem_id="avoid-measure")
            job = StatusLine.create("avoid-measuring")
            told = line("", "avoid-told")
            with gr.Accordion("The figures", open=False, visible=False, elem_id="avoid-measured") as fold:
                table = figures("avoid-figures")
        return cls(column, strip, before, after, replaced, other, images, measure, job, told, fold, table)

    @property
    def pictures(self) -> list[Any]:
        """What shows the filter at work."""
        return [self.strip, self.before, self.after, self.replaced]


def _settings() -> tuple[gr.Dropdown, gr.Dropdown, gr.Slider]:
    with gr.Accordion("Method and strength", open=False, elem_id="avoid-settings"):
        method = gr.Dropdown(
            list(learning.METHODS), label=learning.METHOD, elem_id="avoid-method",
            info="A plane does with few marks; round regions take hundreds.",
        )  # fmt: skip
        how = gr.Dropdown(
            list(learning.SAMPLERS), label=learning.HOW, elem_id="avoid-how",
            info="What changes or draws again leaves good ones as they are; moving changes all.",
        )  # fmt: skip
        refused = Slider(
            1, learning.MAX_REFUSED, 25, step=1, label="Strength in %",
            info="How many of a hundred images are refused.", elem_id="avoid-strength",
        )  # fmt: skip
    return method, how, refused
