"""A page of the evolution, drawn."""

from collections.abc import Iterator, Mapping

from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.picker import Gallery, Tile
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.marks import caption, face_id, page_key, recipes
from spaceseed.ui.state.session import Session


def paint(generator: Generator, visitor: Session, marks: Mapping[int, int] | None = None) -> Iterator[Gallery]:
    """Draws the page of the present model.

    Args:
        generator: the present model's.
        visitor: whose page.
        marks: those to show; the page's own if None.

    Yields:
        the page, at once with the images that are there already, and again as more are drawn.
    """
    workspace = visitor.workspace
    page, key = workspace.breeding.page, page_key(visitor)
    shown = {face_id(page, i): mark for i, mark in (page.marks if marks is None else marks).items()}
    drawn = subject_of(generator.card).many
    title = f"Generation {page.number}: click the {drawn} you like, again for a bad one"
    finds = [visitor.thumbnails.show(recipe) for recipe in recipes(generator, workspace.view, page)]
    for paths in visitor.thumbnails.draw_all(workspace.view.space(generator, page.space), page.latents, finds):
        tiles = [
            Tile(face_id(page, i), path, caption(page, i), page.kind(i), find=find)
            for i, (path, find) in enumerate(zip(paths, finds, strict=True))
        ]
        yield Gallery(title, tiles, shown, key=key)
