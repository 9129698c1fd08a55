"""Where a search is drawn: its line, its pictures, its curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch

from spaceseed.evolution.search import TOP, Find
from spaceseed.ui.kit.charts import plotted, score_curve
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.search.climb import FRAMES, Climb
from spaceseed.ui.search.progress import progress


@dataclass(frozen=True)
class Results:
    """The components, and the state behind them."""

    status: gr.HTML
    best: gr.HTML
    film: gr.HTML
    top: gr.HTML
    curve: gr.HTML
    climb: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What `draw` fills."""
        return [self.status, self.best, self.film, self.top, self.curve, self.climb]


def create_results() -> Results:
    """Lays out the places, empty yet as large as they will be."""
    status = progress("Type a prompt, or pick one, and watch the images change.", "search-status")
    with gr.Row(elem_id="search-results"):
        with gr.Column(scale=6, min_width=260):
            best = faces("Best so far", places=1, columns=1, elem_id="search-best")
        with gr.Column(scale=9, min_width=320):
            top = faces("Best finds", places=TOP, columns=4, elem_id="search-top")
            film = faces("From the start to the best", places=FRAMES, columns=FRAMES, elem_id="search-film")
        with gr.Column(scale=6, min_width=260):
            curve = score_curve()
    return Results(status, best, film, top, curve, gr.State())


def say(text: str) -> list[Any]:
    """Values for `Results.outputs` that change the line alone."""
    return [{"text": text}, *[gr.skip()] * 5]


def draw(state: Climb) -> list[Any]:
    """Values for `Results.outputs`."""
    status = {"text": state.status, "share": state.share}
    if state.latest is None:
        return [status, *[gr.skip()] * 5]
    finds, frames = state.latest.top, state.frames()
    return [
        status,
        _pictures(finds[:1], [f"best so far: {finds[0].score:.3f}"]),
        _pictures([find for _, find in frames], ["start" if number == 1 else f"gen {number}" for number, _ in frames]),
        _pictures(finds, [f"{find.score:.3f}" for find in finds]),
        plotted(state.best, state.mean, state.settings.generations),
        state,
    ]


def _pictures(finds: Sequence[Find], captions: Sequence[str]) -> list[dict[str, Any] | None]:
    return captioned(jpegs(torch.stack([find.image for find in finds])), captions)
