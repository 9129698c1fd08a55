"""One find in full: large, with its history, its files and its link."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from spaceseed.models.generator import Generator
from spaceseed.recipe import Recipe
from spaceseed.ui.basket import files
from spaceseed.ui.session import Session
from spaceseed.ui.share import write_query

WAYS = {
    "seed": "drawn from a seed",
    "search": "searched for",
    "breed": "bred",
    "steer": "steered",
    "project": "projected from a picture",
}
# The page knows its address; a server behind a proxy does not.
WHOLE_LINK = "(query) => query.startsWith('?') ? location.origin + location.pathname + query : query"


@dataclass(frozen=True)
class FindDetail:
    """The components; `outputs` is what `fill` fills."""

    panel: gr.Column
    image: gr.Image
    name: gr.Textbox
    facts: gr.HTML
    downloads: list[gr.DownloadButton]
    link: gr.Textbox

    @property
    def outputs(self) -> list[Any]:
        """In the order of `fill`."""
        return [self.panel, self.image, self.name, self.facts, *self.downloads, self.link]


def create_find_detail() -> FindDetail:
    """Lays out the panel; it is hidden until there is a find to show."""
    with gr.Column(visible=False, elem_id="finds-detail") as panel:
        image = gr.Image(
            show_label=False, interactive=False, buttons=[], height=320, elem_id="finds-image", elem_classes="ss-large"
        )
        name = gr.Textbox(label="Name", info="Press Enter to keep a new name.", max_length=100, elem_id="finds-name")
        table = gr.HTML(elem_id="finds-facts")
        with gr.Row():
            downloads = [
                gr.DownloadButton(kind, size="sm", min_width=80, elem_id=f"finds-{kind.lower()}")
                for kind in ("PNG", "JSON", "NPZ")
            ]
        link = gr.Textbox(
            label="Link",
            info="Reopens this find for anyone.",
            interactive=False,
            buttons=["copy"],
            max_lines=1,
            elem_id="finds-link",
        )
    return FindDetail(panel, image, name, table, downloads, link)


def fill(generator: Generator, visitor: Session) -> list[Any]:
    """What a `FindDetail` shows of the find that the visitor looks at."""
    recipe = visitor.finds.get(visitor.shown)
    if recipe is None:
        return [gr.Column(visible=False), None, "", "", None, None, None, ""]
    paths = files(generator, recipe)
    query = write_query(generator, recipe) or ""
    return [gr.Column(visible=True), paths[0], recipe.name, facts(recipe), *paths, query]


def facts(recipe: Recipe) -> str:
    """How a find came about, as a list in HTML; much of it may come from a stranger, so all of it is escaped."""
    found = recipe.found
    rows = {
        "Found": WAYS.get(found.by or ""),
        "Prompt": found.prompt,
        "Score": None if found.score is None else f"{found.score:.3f}",
        "Seed": recipe.seed,
        "Generation": found.generation or None,
        "Optimizer": found.optimizer,
        "Judge": found.judge,
        "Truncation ψ": f"{recipe.truncation:g}",
        "Space": recipe.space,
        "Model": recipe.model,
    }
    items = "".join(
        f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in rows.items() if value is not None
    )
    return f'<dl class="ss-facts">{items}</dl>'
