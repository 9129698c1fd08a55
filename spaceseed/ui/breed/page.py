"""A page of the evolution as it is seen: its images, their names and marks, and the recipes of the liked ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from spaceseed.evolution.breeding import LIKED, Page
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.kit.picker import Gallery, Picked, Tile
from spaceseed.ui.state.networks import noun
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.thumbnails import thumbnails


def marks_on(page: Page, picked: Picked) -> dict[int, int]:
    """The marks by index, without those that do not belong to this page."""
    ids = {face_id(page, i): i for i in range(len(page.latents))}
    return {ids[name]: mark for name, mark in picked.marks.items() if name in ids}


def page_key(visitor: Session) -> str:
    """Names the visitor's page among those of all their models."""
    return f"{visitor.model} {visitor.breeding.page.number}"


def marks_of(visitor: Session, picked: Picked) -> dict[int, int]:
    """The marks by index on the visitor's page; none while the browser still shows another model's page."""
    return marks_on(visitor.breeding.page, picked) if picked.key in ("", page_key(visitor)) else {}


def note_marks(visitor: Session, picked: Picked) -> None:
    """Takes the marks of the visitor's page in among the examples of bad and good."""
    visitor.bench.avoiding.note(visitor.breeding.page.latents, marks_of(visitor, picked))


def liked_latents(session: Session, picked: Picked) -> Tensor:
    """The latents z [n, z_dim] of the images marked as liked on the page."""
    marks = marks_of(session, picked)
    return session.breeding.page.latents[sorted(i for i, mark in marks.items() if mark == LIKED)]


def face_id(page: Page, i: int) -> str:
    """Names image i of a page, e.g. "g3-7"."""
    return f"g{page.number}-{i}"


def caption(page: Page, i: int) -> str:
    """What stands under image i of a page: its seed where it has one."""
    return face_id(page, i) if page.seeds[i] is None else f"seed {page.seeds[i]}"


def paint(generator: Generator, visitor: Session, marks: Mapping[int, int] | None = None) -> Iterator[Gallery]:
    """Draws the page of the visitor's bench.

    Args:
        generator: the present model's.
        visitor: whose page.
        marks: those to show; the page's own if None.

    Yields:
        the page, at once with the images that are there already, and again as more are drawn.
    """
    bench = visitor.bench
    page, key = bench.breeding.page, page_key(visitor)
    shown = {face_id(page, i): mark for i, mark in (page.marks if marks is None else marks).items()}
    card = generator.card
    title = f"Generation {page.number}: click the {noun(card) if card else 'images'} you like, again for a bad one"
    for paths in thumbnails(bench.view.space(generator), page.latents, visitor):
        tiles = [
            Tile(face_id(page, i), path, caption(page, i), "kept" if i < page.kept else "")
            for i, path in enumerate(paths)
        ]
        yield Gallery(title, tiles, shown, key=key)


def recipes(space: LatentSpace, page: Page, marks: Mapping[int, int]) -> list[Recipe]:
    """The recipes of the liked images of a page."""
    return [
        space.recipe(
            page.latents[i],
            seed=page.seeds[i],
            name=caption(page, i),
            found=Found(by="breed" if page.seeds[i] is None else "seed", generation=page.number),
        )
        for i in sorted(marks)
        if marks[i] == LIKED
    ]


def liked_recipes(generator: Generator, visitor: Session, picked: Picked, values: Sequence[Any]) -> list[Recipe]:
    """The recipes of the images marked as liked on the visitor's page, seen as the controls of the view say.

    Raises:
        ValueError: a value of the view is out of range.
    """
    space = visitor.bench.view.changed(generator, values).space(generator)
    return recipes(space, visitor.breeding.page, marks_of(visitor, picked))


def leave(visitor: Session, generator: Generator, picked: Picked, values: Sequence[Any]) -> None:
    """Notes the page as the visitor leaves it for another model, marks and view included, unless they have left it.

    Raises:
        ValueError: a value of the view is out of range.
    """
    if picked.key not in ("", page_key(visitor)):  # Gradio's menu tells of a choice twice
        return
    note_marks(visitor, picked)
    bench = visitor.bench
    bench.view = bench.view.changed(generator, values)
    bench.breeding.page = replace(bench.breeding.page, marks=marks_of(visitor, picked))
