"""The parts of the Avoid tab, laid out."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.ui.avoid import examples, learning, pictures, proof, wall
from spaceseed.ui.avoid.figures import figures
from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.kit.faces import faces
from spaceseed.ui.kit.facts import facts
from spaceseed.ui.kit.jobs import StatusLine
from spaceseed.ui.kit.picker import PickGallery
from spaceseed.ui.kit.text import heading, line
from spaceseed.ui.state.networks import Networks


@dataclass(frozen=True)
class Wall:
    """Where images are shown to be marked.

    Attributes:
        picker: shows them.
        told: how many marks there are, and how many are missing.
        others: the button for the next ones.
        hint: holds a suggestion to try another model.
        flawed: the button that changes to it.
    """

    picker: PickGallery
    told: gr.HTML
    others: gr.Button
    hint: gr.Column
    flawed: gr.Button

    @classmethod
    def create(cls, networks: Networks) -> "Wall":
        """Lays it out."""
        heading("1. Mark what is bad")
        picker = PickGallery(marked="good", elem_id="avoid-wall")
        told = line(wall.missing(0, 0), "avoid-count")
        others = gr.Button("Show others", visible=False, elem_id="avoid-others")
        with gr.Column(visible=examples.suggests_flawed(networks, networks.default), elem_id="avoid-hint") as hint:
            line(examples.suggestion(networks), "avoid-suggestion")
            flawed = gr.Button("Try it there", size="sm", elem_id="avoid-flawed")
        return cls(picker, told, others, hint, flawed)


@dataclass(frozen=True)
class Examples:
    """Where examples are shown, and found without the wall."""

    column: gr.Column
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
        """Lays them out; the shelves are hidden until there are examples."""
        with gr.Column(visible=False, elem_id="avoid-marks") as column:
            with gr.Row():
                bad, good = (_shelf(name) for name in ("avoid-bad", "avoid-good"))
            forget = gr.Button("Forget all marks", size="sm", elem_id="avoid-forget")
        with gr.Accordion("Other ways to mark", open=False, elem_id="avoid-more"):
            line("What you mark on Breed counts here, too.", "avoid-breed")
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
        return cls(column, bad, good, text, drawn, words, hunt, forget, job)

    @property
    def shelves(self) -> list[PickGallery]:
        """What shows the examples."""
        return [self.bad, self.good]


@dataclass(frozen=True)
class Study:
    """Where a filter is learned, or comes from a file."""

    source: gr.Radio
    refused: gr.Slider
    learn: gr.Button
    job: StatusLine
    method: gr.Dropdown
    how: gr.Dropdown
    drop: gr.File

    @classmethod
    def create(cls, networks: Networks) -> "Study":
        """Lays it out."""
        heading("2. Learn what is bad")
        with gr.Row(elem_classes="ss-field-row"):
            refused = Slider(
                1, learning.MAX_REFUSED, learning.REFUSED, step=1, label="Strength in %",
                info="How many of a hundred images are refused at most.", elem_id="avoid-strength", min_width=240,
            )  # fmt: skip
            source = gr.Radio(
                list(learning.SOURCES), value=learning.source_for(networks, networks.default), label=learning.FROM,
                info="Real images teach without any marks.", elem_id="avoid-source", min_width=240,
                visible=learning.has_real_images(networks, networks.default),
            )  # fmt: skip
        learn = gr.Button("Learn filter", variant="primary", elem_id="avoid-learn")
        job = StatusLine.create("avoid-learning")
        with gr.Accordion(learning.OTHERS, open=False, elem_id="avoid-settings"):
            method = gr.Dropdown(
                list(learning.METHODS), value=learning.method_for(networks.generator(networks.default)),
                label=learning.METHOD, elem_id="avoid-method",
                info="Images tell most. Latents need no look at images; round regions take hundreds of marks.",
            )  # fmt: skip
            how = gr.Dropdown(
                list(learning.SAMPLERS), label=learning.HOW, elem_id="avoid-how",
                info="Moving changes all images; the others leave those that are kept as they are.",
            )  # fmt: skip
            drop = gr.File(
                label="Load a filter: drop its file here", file_types=[".safetensors"], height=120,
                elem_id="avoid-drop",
            )  # fmt: skip
        return cls(source, refused, learn, job, method, how, drop)

    @property
    def settings(self) -> list[Any]:
        """What `learning.learn` takes."""
        return [self.source, self.refused, self.method, self.how]


@dataclass(frozen=True)
class Proof:
    """Where a filter is judged, seen at work, measured, used and taken home."""

    column: gr.Column
    verdict: gr.HTML
    before: gr.HTML
    after: gr.HTML
    replaced: gr.HTML
    other: gr.Button
    strip: gr.HTML
    numbers: gr.HTML
    images: gr.Slider
    measure: gr.Button
    job: StatusLine
    told: gr.HTML
    figures: gr.HTML
    in_breed: gr.Checkbox
    in_search: gr.Checkbox
    download: gr.DownloadButton

    @classmethod
    def create(cls, compared: int) -> "Proof":
        """Lays it out, hidden until there is a filter; each gallery has `compared` places."""
        with gr.Column(visible=False, elem_id="avoid-shown") as column:
            heading("3. See what it is worth")
            verdict = line("", "avoid-verdict")
            with gr.Row():
                with gr.Column(scale=1, min_width=320):
                    heading("Without the filter")
                    before = faces("Without the filter", places=compared, columns=4, elem_id="avoid-before")
                with gr.Column(scale=1, min_width=320):
                    heading("With it, from the same seeds")
                    after = faces("With the filter", places=compared, columns=4, elem_id="avoid-after")
            replaced = line("", "avoid-replaced")
            other = gr.Button("Compare other seeds", size="sm", elem_id="avoid-other")
            heading("From good to bad, and how likely each is to be kept")
            steps = pictures.STEPS
            strip = faces("From good to bad", places=steps, columns=steps, elem_id="avoid-strip")
            with gr.Accordion("Its numbers", open=False, elem_id="avoid-numbers"):
                numbers = facts("avoid-facts", apply_default_css=False)
                with gr.Row(elem_classes="ss-field-row"):
                    images = Slider(
                        proof.MIN_IMAGES, proof.MAX_IMAGES, proof.IMAGES, step=50, label="Images to measure",
                        info="So many without the filter and with it; few leave it unsure.", elem_id="avoid-images",
                        min_width=240,
                    )  # fmt: skip
                    measure = gr.Button("Measure", elem_id="avoid-measure")
                job = StatusLine.create("avoid-measuring")
                told = line("", "avoid-told")
                table = figures("avoid-figures")
            heading("4. Use it")
            with gr.Row():
                in_breed = gr.Checkbox(
                    label="Use it in Breed", info="For fresh ones and children.", min_width=150,
                    elem_id="avoid-in-breed",
                )  # fmt: skip
                in_search = gr.Checkbox(
                    label="Use it in Search", info="Bad ones score less.", min_width=150, elem_id="avoid-in-search"
                )
            download = gr.DownloadButton("Download filter", elem_id="avoid-download")
        return cls(
            column, verdict, before, after, replaced, other, strip, numbers, images, measure, job, told, table,
            in_breed, in_search, download,
        )  # fmt: skip

    @property
    def state(self) -> list[Any]:
        """What shows what has been learned, measured and switched on."""
        told = [self.column, self.verdict, self.numbers, self.told, self.figures]
        return [*told, self.in_breed, self.in_search, self.download]

    @property
    def pictures(self) -> list[Any]:
        """What shows the filter at work."""
        return [self.before, self.after, self.replaced, self.strip]


def _shelf(elem_id: str) -> PickGallery:
    with gr.Column(scale=1, min_width=320):
        return PickGallery(ternary=False, marked="forgotten", sign="✕", elem_id=elem_id, elem_classes="ss-row")
