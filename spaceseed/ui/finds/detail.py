"""One find in full: large, with its history, its files and its link."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import ModelCard
from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.facts import facts
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.kit.templates import read
from spaceseed.ui.state.basket import LARGE, file
from spaceseed.ui.state.basket import png as png_of
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import write_query
from spaceseed.ui.state.view import TRUNCATION

WAYS = {
    "seed": "drawn from a seed",
    "search": "searched for",
    "breed": "bred",
    "steer": "steered",
    "project": "projected from a picture",
}
SHARP = 128  # pixels: what is no wider is shown much enlarged
MAX_NAMED = 16  # classes; a stranger's find may mix a thousand
# The page knows its address; a server behind a proxy does not.
WHOLE_LINK = read(Path(__file__).with_name("whole_link.js"))


@dataclass(frozen=True)
class FindDetail:
    """The components; `outputs` is what `fill` fills, which is all but the name.

    Attributes:
        panel: holds them all.
        image: the picture.
        load: loads the find's model where that is not the visitor's and its picture cannot be drawn without it.
        name: of the find; an event of its own fills it, for the visitor may be changing it.
        owner: id of the find whose name that is, hidden; filled with it.
        facts: its history.
        png, json, npz: its files.
        large: downloads the PNG enlarged; only small finds have it.
        link: to it.
    """

    panel: gr.Column
    image: gr.HTML
    load: gr.Button
    name: gr.Textbox
    owner: gr.Textbox
    facts: gr.HTML
    png: gr.DownloadButton
    json: gr.DownloadButton
    npz: gr.DownloadButton
    large: gr.Button
    link: gr.Textbox

    @property
    def outputs(self) -> list[Any]:
        """In the order of `fill`."""
        return [self.panel, self.image, self.load, self.facts, self.png, self.large, self.json, self.npz, self.link]


def create_find_detail() -> FindDetail:
    """Lays out the panel; it is hidden until there is a find to show."""
    # Hidden, but there: of what is not there, of several updates only the last arrives, and it may be a skip.
    with gr.Column(visible="hidden", elem_id="finds-detail") as panel:
        image = faces("Find", places=1, columns=1, elem_id="finds-image")
        load = gr.Button("Load its model", variant="primary", visible=False, elem_id="finds-load")
        name = gr.Textbox(label="Name", info="Kept as you type.", max_length=100, elem_id="finds-name")
        owner = gr.Textbox(visible="hidden", elem_id="finds-owner")
        table = facts("finds-facts")
        with gr.Row(elem_id="finds-files"):
            png = gr.DownloadButton("PNG", size="sm", min_width=60, elem_id="finds-png")
            large = gr.Button("PNG, large", size="sm", min_width=60, elem_id="finds-large")
            json = gr.DownloadButton("JSON", size="sm", min_width=60, elem_id="finds-json")
            npz = gr.DownloadButton("NPZ", size="sm", min_width=60, elem_id="finds-npz")
        link = gr.Textbox(
            label="Link",
            info="Reopens this find for anyone.",
            interactive=False,
            buttons=["copy"],
            max_lines=1,
            elem_id="finds-link",
        )
    return FindDetail(panel, image, load, name, owner, table, png, json, npz, large, link)


def fill(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Shows the find that the visitor looks at.

    Yields:
        what a `FindDetail` shows: all but the PNG at once where that takes long to draw, and then all, if the tab is
        open.
    """
    recipe = visitor.basket.current
    if recipe is None:
        no = gr.Button(visible=False)
        yield [gr.Column(visible="hidden"), [], no, [], None, no, None, None, ""]
        return
    card = networks.cards[recipe.model]
    pixels = ["ss-pixels"] if card.resolution <= SHARP else []
    for path, load, png in _pictures(networks, visitor, recipe):
        rest = [
            history(recipe, card),
            png,
            gr.Button(visible=card.resolution < LARGE, interactive=networks.at_hand(recipe.model)),
            file(recipe, ".json"),
            file(recipe, ".npz"),
            write_query(recipe) or "",
        ]
        image = captioned([path], [recipe.name or recipe.id], [recipe.id])
        yield [gr.Column(visible=True), gr.HTML(value=image, elem_classes=pixels), load, *rest]


def _pictures(
    networks: Networks, visitor: Session, recipe: Recipe
) -> Iterator[tuple[str | None, gr.Button, gr.DownloadButton]]:
    """Yields the picture, the button that loads the model, and the PNG, as far as they are there."""
    no_load, no_png = gr.Button(visible=False), gr.DownloadButton(value=None, interactive=False)
    if not networks.at_hand(recipe.model):
        yield None, gr.Button(f"Load {networks.cards[recipe.model].title} to see it", visible=True), no_png
        return
    try:
        if not _drawn(visitor, recipe) and is_slow(networks.cards[recipe.model]):
            yield visitor.thumbnails.path_of(recipe.id), no_load, no_png
            if visitor.tab != "finds":
                return
        path = png_of(networks, visitor.basket, recipe)
    except RecipeError as error:
        warn(str(error))
        yield None, no_load, no_png
    else:
        yield path, no_load, gr.DownloadButton(value=path, interactive=True)


def history(recipe: Recipe, card: ModelCard) -> list[tuple[str, str]]:
    """Returns how a find came about, as pairs of a term and its words; much of it may come from a stranger.

    Args:
        recipe: the find.
        card: of its model, which names the classes.
    """
    found = recipe.found
    rows = {
        "Found": WAYS.get(found.by or ""),
        "Asked for (prompt)": found.prompt,
        "Likeness (score)": None if found.score is None else f"{found.score:.3f}",
        "Seed": recipe.seed,
        "Round (generation)": found.generation or None,
        "Searched by (optimizer)": found.optimizer,
        "Compared by (judge)": found.judge,
        "Kept away from what is bad (filter)": found.avoided,
        "Attributes" if card.groups else "Kinds (classes)": _classes(recipe, card),
        TRUNCATION: f"{recipe.truncation:g}",
        "Where it lies (latent space)": recipe.space,
        "Model": recipe.model,
    }
    return [(name, str(value)) for name, value in rows.items() if value is not None]


def _classes(recipe: Recipe, card: ModelCard) -> str | None:
    """Returns the names of a find's classes; None where it has no labels, or their names are not known."""
    if recipe.labels is None or len(recipe.labels) != len(card.classes):
        return None
    shares = [(name, share) for name, share in zip(card.classes, recipe.labels.tolist(), strict=True) if share]
    said = [name if share == 1 else f"{name} {100 * share:.3g} %" for name, share in shares[:MAX_NAMED]]
    more = [f"{len(shares) - MAX_NAMED} more"] if len(shares) > MAX_NAMED else []
    return ", ".join(said + more) or "left open"


def _drawn(visitor: Session, recipe: Recipe) -> bool:
    return Path(visitor.basket.files.get(recipe, "")).is_file()
