"""Where a search is drawn: its line, its pictures, its curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.evolution.finds import TOP
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.charts import plotted, score_curve
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.picker import Gallery, Picked, PickGallery, Tile
from spaceseed.ui.kit.progress import progress
from spaceseed.ui.kit.text import line
from spaceseed.ui.search.climb import FRAMES, Climb
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.wishes import said, short

DIFFERENT = "The best finds that look different from each other"
FRONT = "From what you typed to your picture: no other image is better in both"


@dataclass(frozen=True)
class Results:
    """The components, and the state behind them."""

    status: gr.HTML
    best: gr.HTML
    met: gr.HTML
    film: gr.HTML
    top: PickGallery
    curve: gr.HTML
    climb: gr.State

    @property
    def outputs(self) -> dict[str, Any]:
        """What `draw` fills."""
        return {
            "status": self.status,
            "best": self.best,
            "met": self.met,
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
            top = PickGallery(
                ternary=False, marked="chosen", sign="", menu_first=True, waiting=TOP, elem_id="search-top"
            )
            film = faces("From the start to the best", places=FRAMES, columns=FRAMES, elem_id="search-film")
        with gr.Column(scale=6, min_width=260):
            curve = score_curve()
    return Results(status, best, met, film, top, curve, gr.State())


def draw(state: Climb, visitor: Session) -> dict[str, Any]:
    """Returns values for `Results.outputs`, by name: the line alone before the first generation, and then all."""
    values: dict[str, Any] = {"status": {"text": state.status, "share": state.share}}
    if state.shown is None:
        return values
    shots, best, scores = state.shown.shots, state.shown.best, state.shown.scores
    recipes = [state.recipe(place) for place in range(len(shots))]
    frames, front = state.frames(), len(scores[0]) > 1
    numbers = ["start" if frame.number == 1 else f"round {frame.number}" for frame in frames]
    about = "the best so far"
    if front:
        about = "best for the slider: words {:.2f} \u00b7 picture {:.2f}".format(*scores[best])
    visitor.prompt, visitor.found, visitor.best = state.job.settings.words, tuple(recipes), best
    return (
        values
        | show_found(visitor, [shot.picture.path for shot in shots], about, state.wall.key)
        | {
            "film": captioned(
                [frame.shot.picture.path for frame in frames],
                numbers,
                [visitor.thumbnails.show(state.told(frame.recipe, frame.shot)) for frame in frames],
            ),
            "curve": plotted(state.lines, state.generations),
            "climb": state,
        }
    )


def show_found(visitor: Session, paths: Sequence[str | None], about: str, key: str) -> dict[str, Any]:
    """Returns values for the pictures of what was found, by name.

    Args:
        visitor: who found it.
        paths: of the pictures.
        about: a few words about the best.
        key: tells this search from others.
    """
    recipes, best = visitor.found, visitor.best
    ids = [visitor.thumbnails.show(recipe) for recipe in recipes]
    tiles = [
        Tile(find, path, _caption(recipe), find=find) for find, path, recipe in zip(ids, paths, recipes, strict=True)
    ]
    front = any(_compromise(recipe) for recipe in recipes)
    return {
        "best": captioned([paths[best]], [about], [ids[best]]),
        "met": said(recipes[best].found),
        "top": Gallery(FRONT if front else DIFFERENT, tiles, key=f"{key} {front}"),
    }


def best_first(visitor: Session) -> list[Recipe]:
    """Returns what was found last: the best, and then the others in their order.

    Raises:
        ValueError: nothing was; the message is for the visitor.
    """
    if not visitor.found:
        raise HintError("Nothing is found yet: start a search first.")
    return list({recipe.id: recipe for recipe in (visitor.found[visitor.best], *visitor.found)}.values())


def chosen(visitor: Session, picked: Picked) -> list[Recipe]:
    """Returns the finds that the visitor chose, or all when none is; the best first."""
    found = best_first(visitor)
    return [recipe for recipe in found if recipe.id in picked.marks] or found


def _compromise(recipe: Recipe) -> tuple[Any, Any] | None:
    """Returns the two scores of a find of a front; None for others."""
    scores = recipe.found.settings.get("score 1"), recipe.found.settings.get("score 2")
    return None if None in scores else scores


def _caption(recipe: Recipe) -> str:
    if (scores := _compromise(recipe)) is not None:
        return "{:.2f} \u00b7 {:.2f}".format(*scores)
    likeness = "" if recipe.found.score is None else f"likeness {recipe.found.score:.2f}"
    return short(recipe.found) or likeness
