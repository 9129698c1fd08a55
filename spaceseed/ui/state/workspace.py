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
from spaceseed.ui.state.steering import Steering
from spaceseed.ui.state.view import View

FIRST_IMAGES, FIRST_SLOW_IMAGES = 12, 6


@dataclass
class Workspace:
    """One model as the visitor left it.

    Attributes:
        model: its id.
        breeding: the evolution that the visitor steers.
        view: how its images are seen.
        steering: what the visitor does to one find.
        avoiding: what they call bad, and the filter learned from it.
    """

    model: str
    breeding: Breeding
    view: View
    steering: Steering = field(default_factory=Steering)
    avoiding: Avoiding = field(default_factory=Avoiding)

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
