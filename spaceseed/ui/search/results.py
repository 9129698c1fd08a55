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
    def outputs(self) -> dict[str, Any]:
        """What `draw` fills."""
        return {
            "status": self.status,
            "best": self.best,
            "film": self.film,
            "top": self.top,
            "curve": self.curve,
            "climb": self.climb,
        }


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


def draw(state: Climb) -> dict[str, Any]:
    """Returns values for `Results.outputs`, by name: the line alone before the first generation, and then all."""
    shown: dict[str, Any] = {"status": {"text": state.status, "share": state.share}}
    if state.latest is None:
        return shown
    finds, frames = state.latest.top, state.frames()
    numbers = ["start" if number == 1 else f"gen {number}" for number, _ in frames]
    return shown | {
        "best": _pictures(finds[:1], [f"best so far: {finds[0].score:.3f}"]),
        "film": _pictures([find for _, find in frames], numbers),
        "top": _pictures(finds, [f"{find.score:.3f}" for find in finds]),
        "curve": plotted(state.best, state.mean, state.settings.generations),
        "climb": state,
    }


def _pictures(finds: Sequence[Find], captions: Sequence[str]) -> list[dict[str, Any] | None]:
    return captioned(jpegs(torch.stack([find.image for find in finds])), captions)
