"""What the app remembers of one visitor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import gradio as gr
import torch

from spaceseed.evolution.breeding import MAX_COUNT, Breeding
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.tasks import Tasks, Ticket
from spaceseed.ui.state.avoiding import Avoiding
from spaceseed.ui.state.mixture import Mixture
from spaceseed.ui.state.share import SeedLink
from spaceseed.ui.state.steering import Steering
from spaceseed.ui.state.view import View

MAX_FINDS = 200
MAX_PICTURES = 3_000

T = TypeVar("T")


@dataclass
class Bench:
    """One model as the visitor left it.

    Attributes:
        breeding: the evolution that the visitor steers.
        view: how its images are seen.
        steering: what the visitor does to one find.
        avoiding: what they call bad, and the filter learned from it.
    """

    breeding: Breeding
    view: View
    steering: Steering = field(default_factory=Steering)
    avoiding: Avoiding = field(default_factory=Avoiding)

    @classmethod
    def of(cls, generator: Generator, seeds: Sequence[int], seed: int = 0) -> Self:
        """A bench on which nothing has happened yet: the images of integer seeds; `seed` decides all later chance."""
        return cls(Breeding(generator.z_dim, seeds, seed), View.of(generator))

    def heed_filter(self) -> None:
        """Lets the evolution keep to the filter that is switched on now, or to none."""
        self.breeding.avoid = self.avoiding.breeds_with


@dataclass
class Session:
    """One visitor's state.

    It lives in a `gr.State` whose value is a pristine session; Gradio gives each visitor a deep copy. Events take it
    as an input and change it in place. They never return it, so that an event can reach a search that is running.

    Attributes:
        model: id of the model that the visitor works with.
        benches: by the models' ids; there is one of `model`.
        finds: the basket, by the recipes' ids, oldest first, at most 200.
        shown: id of the find that the visitor looks at; "" for none.
        tab: id of the tab that is open.
        tasks: what is being done for them.
        boxes: what each box that they type into shows, as far as is known: as in `refill`, or as they entered it.
        pictures: id of a recipe to the path of its picture.
        files: a find to the path of its PNG.
        refused: id of a model that could not be loaded, to the time of the last try.
        loading: id of the model that is being loaded in place of the present one; "" if none is.
        unfilled: whether controls do not show yet that another model was loaded, or could not be.
        link: what a share link brought whose model is not loaded yet.
        ticket: of the search begun last; a search ends once another has taken its place.
        steers: whether they have been on the Steer tab.
        mixture: the grid of mixed styles that they asked for last.
        film: the one made last, and its frames a second.
    """

    model: str
    benches: dict[str, Bench]
    finds: dict[str, Recipe] = field(default_factory=dict)
    shown: str = ""
    tab: str = "breed"
    tasks: Tasks = field(default_factory=Tasks)
    boxes: dict[str, object] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    files: dict[Recipe, str] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)
    loading: str = ""
    unfilled: bool = False
    link: Recipe | SeedLink | None = None
    ticket: Ticket | None = None
    steers: bool = False
    mixture: Mixture | None = None
    film: tuple[Path, int] | None = None
    _changes: int = 0

    @classmethod
    def on(cls, generator: Generator) -> Self:
        """A visitor who has just come, with the images of seeds 0 to 11.

        Args:
            generator: one that the zoo loaded.
        """
        assert generator.card is not None
        return cls(generator.card.id, {generator.card.id: Bench.of(generator, range(12))})

    @property
    def bench(self) -> Bench:
        """The one of the present model."""
        return self.benches[self.model]

    @property
    def breeding(self) -> Breeding:
        """The evolution with the present model."""
        return self.bench.breeding

    def refill(self, box: str, content: object, update: T) -> T | Any:
        """What to put into a box that the visitor types into; only an ordinary event may show it, no generator.

        Args:
            box: its name.
            content: all that it is to show, and of what.
            update: what shows that.

        Returns:
            the update, or a `gr.skip` where the box was given the same before: they may be typing by now.
        """
        known, self.boxes[box] = self.boxes.get(box), content
        return gr.skip() if known == content else update

    def keep(self, recipes: Sequence[Recipe]) -> tuple[int, str | None]:
        """Puts finds into the basket, leaving out pictures that are in it already, and shows the last of them.

        Returns:
            how many went in, and a sentence for the visitor if some found no room.
        """
        new = {recipe.id: recipe for recipe in recipes if recipe.id not in self.finds}
        room = MAX_FINDS - len(self.finds)
        self.finds.update(list(new.items())[:room])
        self.shown = next((recipe.id for recipe in reversed(recipes) if recipe.id in self.finds), self.shown)
        if len(new) <= room:
            return len(new), None
        lost = len(new) - room
        return room, f"The basket holds {MAX_FINDS} finds, so {lost} did not fit: download some and remove them."

    def remember(self, recipe_id: str, path: str) -> None:
        """Notes where a recipe's picture lies, and forgets the oldest of too many."""
        self.pictures.pop(recipe_id, None)
        self.pictures[recipe_id] = path
        if len(self.pictures) > MAX_PICTURES:
            del self.pictures[next(iter(self.pictures))]

    def changed(self) -> int:
        """A number that was not returned before: as the value of the basket's `gr.State` it announces a change."""
        self._changes += 1
        return self._changes

    def breed_from(self, recipes: Sequence[Recipe]) -> str | None:
        """Puts finds on the breeding page, first and marked as liked.

        Returns:
            a sentence for the visitor if some had to be left out.

        Raises:
            ValueError: none of them can be bred; the message is a sentence for the visitor.
        """
        fit = [r for r in recipes if r.model == self.model and r.space == "z" and not r.edits]
        fit = [r for r in fit if len(r.latent) == self.breeding.z_dim]
        if not fit:
            raise ValueError("Only unedited finds of this model in the space z breed, and there is none among these.")
        taken = fit[: MAX_COUNT - 1]
        self.breeding.restart_from(torch.stack([r.latent for r in taken]), [r.seed for r in taken])
        lost = len(recipes) - len(taken)
        if not lost:
            return None
        return f"{lost} were left out: at most {MAX_COUNT - 1} unedited finds of this model in the space z breed."
