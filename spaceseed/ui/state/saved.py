"""What the browser keeps of a visit in one window, so that a page that is loaded anew shows what the last one did."""

from contextlib import suppress
from typing import Annotated, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spaceseed.errors import ArgumentError
from spaceseed.evolution.breeding import MAX_COUNT, Page
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.fields import Floats, Seed
from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.storage import Changes
from spaceseed.ui.state.marks import marks_of
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View
from spaceseed.ui.state.workspace import Workspace
from spaceseed.untrusted import Line, Text

NAME = "visit"
MAX_FOUND = 16
MAX_TEXT = 4_000_000  # characters; browsers keep about 5 MB
Index = Annotated[int, Field(ge=0, lt=MAX_COUNT)]


class SavedPage(BaseModel):
    """A page of the evolution. Latents are kept where seeds do not give them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=0, lt=2**31)]
    space: Literal["z", "w"]
    seeds: Annotated[tuple[Seed | None, ...], Field(max_length=MAX_COUNT)]
    latents: Floats | None
    kept: Annotated[int, Field(ge=0, le=MAX_COUNT)]
    new: Annotated[tuple[Index, ...], Field(max_length=MAX_COUNT)]
    marks: Annotated[dict[Index, Literal[-1, 1]], Field(max_length=MAX_COUNT)]
    avoided: Annotated[dict[Index, Line], Field(max_length=MAX_COUNT)] = {}

    @classmethod
    def of(cls, page: Page, marks: dict[int, int]) -> Self:
        """Returns what is kept of a page with these marks."""
        plain = page.space == "z" and None not in page.seeds
        fields = {"number": page.number, "space": page.space, "seeds": page.seeds, "kept": page.kept, "marks": marks}
        fields |= {"latents": None if plain else page.latents, "new": sorted(page.new), "avoided": page.avoided}
        return cls.model_validate(fields)

    def page(self, z_dim: int) -> Page:
        """Returns the page.

        Raises:
            ArgumentError: a seed has no latent here.
        """
        if self.latents is None:
            if None in self.seeds:
                raise ArgumentError("seeds", self.seeds, "numbers, where there are no latents")
            latents = latents_from_seeds([seed for seed in self.seeds if seed is not None], z_dim)
        else:
            latents = torch.as_tensor(self.latents)
        new = frozenset(self.new)
        return Page(self.number, latents, self.seeds, self.kept, self.marks, self.space, new, self.avoided)


class Saved(BaseModel):
    """A visit.

    Attributes:
        model: id of the model.
        view: values of a `View`.
        page: of the evolution.
        prompt: what was searched for last.
        found: what that search found, as JSON of recipes, in their order.
        best: place of the best of them.
        steered: the find that is open in Steer, as JSON; "" for none.
        query: of the page's address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Line
    view: tuple[float, list[int], float, float, float]
    page: SavedPage
    prompt: Text = ""
    found: Annotated[tuple[str, ...], Field(max_length=MAX_FOUND)] = ()
    best: Annotated[int, Field(ge=0, lt=MAX_FOUND)] = 0
    steered: str = ""
    query: str = ""

    @classmethod
    def of(cls, visitor: Session, picked: Picked) -> Self:
        """Returns what is kept of a visit, with the marks that the browser has."""
        workspace, steering, work = visitor.workspace, visitor.workspace.steering, visitor.workspace.steering.work
        return cls(
            model=visitor.model,
            view=tuple(workspace.view.values),
            page=SavedPage.of(visitor.breeding.page, marks_of(visitor, picked)),
            prompt=visitor.prompt,
            found=tuple(recipe.to_json() for recipe in visitor.found),
            best=visitor.best,
            steered=steering.recipe().replace(name=work.source.name).to_json() if work else "",
            query=visitor.query,
        )

    @classmethod
    def read(cls, texts: list[str]) -> Self | None:
        """Returns what `save` wrote; None where there is nothing that can be used."""
        if not texts or len(texts[-1]) > MAX_TEXT:
            return None
        try:
            return cls.model_validate_json(texts[-1])
        except (ValidationError, RecipeError):
            return None

    def restore(self, generator: Generator, visitor: Session) -> None:
        """Shows the page again, and what was found and steered. What cannot be used is left out.

        Args:
            generator: of the model, which is the visitor's by now.
            visitor: the session.
        """
        workspace = Workspace.fresh(generator)
        with suppress(ValueError):  # of other weights, or changed by somebody
            workspace.view = View.of(generator).changed(generator, list(self.view))
        with suppress(ValueError):
            workspace.breeding.show(self.page.page(generator.z_dim))
        visitor.workspaces[self.model] = workspace
        visitor.prompt = self.prompt
        visitor.found, visitor.best = _recipes(self.found, generator), 0
        if len(visitor.found) == len(self.found) > self.best:
            visitor.best = self.best
        for recipe in _recipes((self.steered,) if self.steered else (), generator):
            page_labels = workspace.view.space(generator).labels
            workspace.steering.open(recipe, page_labels if recipe.labels is None else recipe.labels)


def save(visitor: Session, picked: Picked) -> Changes:
    """Returns what the browser must change to keep the visit; a server that has forgotten it asks for the page anew."""
    if not visitor.entered:
        return Changes(reload=True)
    return Changes({NAME: Saved.of(visitor, picked).model_dump_json()})


def _recipes(texts: tuple[str, ...], generator: Generator) -> tuple[Recipe, ...]:
    """Returns the recipes in texts that this generator can draw."""
    recipes = []
    for text in texts:
        try:
            recipe = Recipe.from_json(text)
            recipe.ws(generator)
            recipes.append(recipe)
        except RecipeError:
            continue
    return tuple(recipes)
