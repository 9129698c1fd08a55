"""Where a search is drawn: its line, its pictures, its curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch

from spaceseed.evolution.finds import TOP, Find
from spaceseed.ui.kit.charts import plotted, score_curve
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.kit.text import line
from spaceseed.ui.search.climb import FRAMES, Climb
from spaceseed.ui.search.met import listed
from spaceseed.ui.search.progress import progress

DIFFERENT = "The best finds that look different from each other"
FRONT = "From what you typed to your picture: no other image is better in both"


@dataclass(frozen=True)
class Results:
    """The components, and the state behind them."""

    status: gr.HTML
    best: gr.HTML
    met: gr.HTML
    note: gr.HTML
    film: gr.HTML
    top: gr.HTML
    curve: gr.HTML
    climb: gr.State

    @property
    def outputs(self) -> dict[str, Any]:
        """What `draw` fills."""
        return {
            "status": self.status,
            "best": self.best,
            "met": self.met,
            "note": self.note,
            "film": self.film,
            "top": self.top,
            "curve": self.curve,
            "climb": self.climb,
        }


def create_status() -> gr.HTML:
    """Lays out the line that says how far the search is."""
    return progress("Type what you want to see, pick a prompt or add a picture.", "search-status")


def create_results(status: gr.HTML) -> Results:
    """Lays out the places, empty yet as large as they will be."""
    with gr.Row(elem_id="search-results"):
        with gr.Column(scale=6, min_width=260):
            best = faces("Best so far", places=1, columns=1, elem_id="search-best")
            met = line("", "search-met")
        with gr.Column(scale=9, min_width=320):
            note = gr.HTML(_note(DIFFERENT), padding=False, elem_id="search-note")
            top = faces("Best finds", places=TOP, columns=4, elem_id="search-top")
            film = faces("From the start to the best", places=FRAMES, columns=FRAMES, elem_id="search-film")
        with gr.Column(scale=6, min_width=260):
            curve = score_curve()
    return Results(status, best, met, note, film, top, curve, gr.State())


def draw(state: Climb) -> dict[str, Any]:
    """Returns values for `Results.outputs`, by name: the line alone before the first generation, and then all."""
    values: dict[str, Any] = {"status": {"text": state.status, "share": state.share}}
    if state.shown is None:
        return values
    finds, best, scores = state.shown.finds, state.shown.best, state.shown.scores
    frames, met, front = state.frames(), state.met(finds), len(scores[0]) > 1
    numbers = ["start" if number == 1 else f"gen {number}" for number, _ in frames]
    about = f"best so far: {finds[best].score:.3f}"
    if front:
        about = "best for the slider: words {:.2f} \u00b7 picture {:.2f}".format(*scores[best])
    return values | {
        "best": _pictures([finds[best]], [about]),
        "met": listed(state.phrases.wish.phrases, met[best]) if state.phrases else "",
        "note": _note(FRONT if front else DIFFERENT),
        "film": _pictures([find for _, find in frames], numbers),
        "top": _pictures(finds, [_caption(each, yes) for each, yes in zip(scores, met, strict=True)]),
        "curve": plotted(state.lines, state.generations),
        "climb": state,
    }


def _note(words: str) -> str:
    return f'<p class="ss-note">{words}</p>'


def _caption(scores: Sequence[float], met: tuple[bool, ...]) -> str:
    if len(scores) > 1:
        return " \u00b7 ".join(f"{score:.2f}" for score in scores)
    count = f"{sum(met)} of {len(met)} \u00b7 " if met else ""
    return f"{count}{scores[0]:.3f}"


def _pictures(finds: Sequence[Find], captions: Sequence[str]) -> list[dict[str, Any] | None]:
    return captioned(jpegs(torch.stack([find.image for find in finds])), captions)
