"""What a visitor does with one model."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import torch

from spaceseed.evolution.breeding import MAX_COUNT, Breeding
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.state.avoiding import Avoiding
from spaceseed.ui.state.dissecting import Dissecting
from spaceseed.ui.state.repairing import Repairing
from spaceseed.ui.state.steering import Steering
from spaceseed.ui.state.view import View

FIRST_IMAGES, FIRST_SLOW_IMAGES = 12, 6
PAINTED = "Breeding knows nothing of what was painted: it begins from the picture as it was."
LEAST_TRUNCATION = 0.1  # below it all images look alike, and none leads anywhere


@dataclass
class Workspace:
    """One model as the visitor left it.

    Attributes:
        model: its id.
        breeding: the evolution that the visitor steers.
        view: how its images are seen.
        steering: what the visitor does to one find.
        dissecting: what they do to the units of one find.
        avoiding: what they call bad, and the filter learned from it.
        repairing: the repair found from the same.
    """

    model: str
    breeding: Breeding
    view: View
    steering: Steering = field(default_factory=Steering)
    dissecting: Dissecting = field(default_factory=Dissecting)
    avoiding: Avoiding = field(default_factory=Avoiding)
    repairing: Repairing = field(default_factory=Repairing)

    @classmethod
    def of(cls, generator: Generator, seeds: Sequence[int], seed: int = 0) -> Self:
        """Returns a workspace in which nothing has happened yet.

        Args:
            generator: one that the zoo loaded.
            seeds: integer seeds of the first images.
            seed: of all that chance decides later.
        """
        assert generator.card is not None
        return cls(generator.card.id, Breeding(generator.z_dim, seeds, seed), View.of(generator))

    @classmethod
    def fresh(cls, generator: Generator, seeds: Sequence[int] = ()) -> Self:
        """Returns a workspace with the images of these integer seeds and of others drawn at random."""
        count = FIRST_SLOW_IMAGES if is_slow(generator) else FIRST_IMAGES
        drawn = [secrets.randbelow(100_000) for _ in range(count - len(seeds))]
        return cls.of(generator, [*seeds, *drawn], seed=secrets.randbits(32))

    def apply_filter(self) -> None:
        """Lets the evolution keep to the filter that is switched on now, or to none."""
        self.breeding.avoid = self.avoiding.breeds_with

    def breed_from(self, generator: Generator, recipes: Sequence[Recipe]) -> str | None:
        """Puts finds on the breeding page, first and marked as liked. The page is in w if a find is.

        What was found from a picture is seen there as it is, at any truncation. If it has a style for each layer, it
        is bred from the mean of these. What was painted into a find stays behind.

        Args:
            generator: the workspace's.
            recipes: of the finds.

        Returns:
            a sentence for the visitor if something had to be left out.

        Raises:
            ValueError: none of them can be bred; the message is a sentence for the visitor.
        """
        sizes = {"z": generator.z_dim, "w": generator.w_dim}
        plain = [self._as_on_page(generator, r) for r in recipes if r.model == self.model and not r.steps]
        fit = [r for r in plain if r.space in sizes]
        taken = [r for r in fit if len(r.latent) == sizes[r.space]][: MAX_COUNT - 1]
        if not taken:
            raise ValueError(
                "Only finds of this model that were not mixed or steered can be bred, and there is none among these."
            )
        seeds = [r.seed for r in taken]
        if all(r.space == "z" for r in taken):
            self.breeding.restart_from(torch.stack([r.latent for r in taken]), seeds)
        else:
            space = self.view.space(generator, "w")
            vectors = [(space.from_z if r.space == "z" else space.from_w)(r.latent[None]).cpu() for r in taken]
            self.breeding.restart_from(torch.cat(vectors), seeds, space.from_z)
        lost = len(recipes) - len(taken)
        if lost:
            most = MAX_COUNT - 1
            return f"{lost} were left out: at most {most} can be bred, of this model and neither mixed nor steered."
        return PAINTED if any(r.edited for r in taken) else None

    def _as_on_page(self, generator: Generator, recipe: Recipe) -> Recipe:
        """Returns what was found from a picture with one style, which the page's truncation leads to; others as is."""
        if recipe.found.by != "project" or recipe.space == "z":
            return recipe
        w, center = recipe.latent.view(-1, generator.w_dim).mean(dim=0), generator.w_avg.cpu()
        ratio = recipe.truncation / max(self.view.truncation, LEAST_TRUNCATION)
        return recipe.replace(space="w", latent=center + ratio * (w - center), truncation=self.view.truncation)
