"""What a visitor marks on the page of the evolution, and the recipes of the images that they like."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from spaceseed.evolution.breeding import LIKED, Page
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View


def face_id(page: Page, i: int) -> str:
    """Returns the id of image i of a page, such as "g3-7"."""
    return f"g{page.number}-{i}"


def page_key(visitor: Session) -> str:
    """Returns the name of the visitor's page among those of all their models."""
    return f"{visitor.model} {visitor.breeding.page.number}"


def caption(page: Page, i: int) -> str:
    """Returns what stands under image i of a page: its seed where it has one."""
    return face_id(page, i) if page.seeds[i] is None else f"seed {page.seeds[i]}"


def marks_on(page: Page, picked: Picked) -> dict[int, int]:
    """Returns the marks by index, without those that do not belong to this page."""
    ids = {face_id(page, i): i for i in range(len(page.latents))}
    return {ids[name]: mark for name, mark in picked.marks.items() if name in ids}


def marks_of(visitor: Session, picked: Picked) -> dict[int, int]:
    """Returns the marks by index on the visitor's page; none while the browser still shows another model's page."""
    return marks_on(visitor.breeding.page, picked) if picked.key in ("", page_key(visitor)) else {}


def note_marks(visitor: Session, picked: Picked) -> None:
    """Adds the marks of the visitor's page to the examples of bad and good: those of images that have a z."""
    page, marks = visitor.breeding.page, marks_of(visitor, picked)
    if page.space == "z":
        visitor.workspace.avoiding.note(page.latents, marks)
        return
    seeded = {i: seed for i, seed in enumerate(page.seeds) if seed is not None}
    if seeded:
        z = latents_from_seeds(list(seeded.values()), visitor.breeding.z_dim)
        visitor.workspace.avoiding.note(z, {row: marks[i] for row, i in enumerate(seeded) if i in marks})


def liked_latents(visitor: Session, picked: Picked) -> Tensor:
    """Returns the latents [n, dims] of the images marked as liked on the page, which are of the page's space."""
    marks = marks_of(visitor, picked)
    return visitor.breeding.page.latents[sorted(i for i, mark in marks.items() if mark == LIKED)]


def recipes(generator: Generator, view: View, page: Page) -> list[Recipe]:
    """Returns the recipes of the images of a page. One with a seed is in z, whatever the page is in."""
    space, z = view.space(generator, page.space), view.space(generator)
    found = []
    for i, seed in enumerate(page.seeds):
        details = {
            "name": caption(page, i),
            "found": Found(by="breed" if seed is None else "seed", generation=page.number, avoided=page.avoided.get(i)),
        }
        if seed is None or page.space == "z":
            found.append(space.recipe(page.latents[i], seed=seed, **details))
        else:
            found.append(z.recipe(latents_from_seeds(seed, generator.z_dim)[0], seed=seed, **details))
    return found


def liked_recipes(generator: Generator, visitor: Session, picked: Picked, values: Sequence[Any]) -> list[Recipe]:
    """Returns the recipes of the images marked as liked on the visitor's page, with the view that the controls show.

    Raises:
        ValueError: a value of the view is out of range.
    """
    view = visitor.workspace.view.changed(generator, values)
    found, marks = recipes(generator, view, visitor.breeding.page), marks_of(visitor, picked)
    return [recipe for i, recipe in enumerate(found) if marks.get(i) == LIKED]


def leave(visitor: Session, generator: Generator, picked: Picked, values: Sequence[Any]) -> None:
    """Notes the page as the visitor leaves it for another model, marks and view included, unless they have left it.

    Raises:
        ValueError: a value of the view is out of range.
    """
    if picked.key not in ("", page_key(visitor)):  # Gradio's menu tells of a choice twice
        return
    note_marks(visitor, picked)
    workspace = visitor.workspace
    workspace.view = workspace.view.changed(generator, values)
    workspace.breeding.page = replace(workspace.breeding.page, marks=marks_of(visitor, picked))
