"""The small pictures that one visitor has seen, and their recipes: each is drawn once a visit, a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from spaceseed.batches import batch_size
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.files import still_served
from spaceseed.ui.kit.pictures import jpegs

MAX_PICTURES = 3_000
MAX_RECIPES = 1_000


@dataclass
class Thumbnails:
    """The pictures of one visitor's recipes, as far as they are drawn."""

    _paths: dict[str, str] = field(default_factory=dict)
    _recipes: dict[str, Recipe] = field(default_factory=dict)

    def show(self, recipe: Recipe) -> str:
        """Notes a recipe whose picture the page shows; returns its id, by which the picture's menu refers to it."""
        recipe_id = recipe.id  # a hash of all its numbers
        self._recipes.pop(recipe_id, None)
        self._recipes[recipe_id] = recipe
        if len(self._recipes) > MAX_RECIPES:
            del self._recipes[next(iter(self._recipes))]
        return recipe_id

    def recipe(self, recipe_id: str) -> Recipe | None:
        """Returns a recipe that `show` noted; None if it is not known, or forgotten by now."""
        return self._recipes.get(recipe_id)

    def path_of(self, recipe_id: str) -> str | None:
        """Returns the path of a picture that was drawn earlier and is still there; None where there is none."""
        path = self._paths.get(recipe_id)
        return path if still_served(path) else None

    def remember(self, recipe_id: str, path: str) -> None:
        """Notes the path of a recipe's picture, and forgets the oldest of too many."""
        self._paths.pop(recipe_id, None)
        self._paths[recipe_id] = path
        if len(self._paths) > MAX_PICTURES:
            del self._paths[next(iter(self._paths))]

    def draw(self, generator: Generator, recipe: Recipe) -> str:
        """Returns the path of a recipe's picture, which is drawn if need be.

        Raises:
            RecipeError: the recipe is not of this generator.
        """
        recipe_id = recipe.id
        path = self.path_of(recipe_id)
        if path is None:
            use_cores(generator)
            [picture] = jpegs(recipe.render(generator))
            path = picture.path
            self.remember(recipe_id, path)
        return path

    @torch.no_grad()
    def draw_all(self, space: LatentSpace, vectors: torch.Tensor, ids: Sequence[str]) -> Iterator[list[str | None]]:
        """Draws the pictures of vectors, a few at a time, so that memory stays bounded.

        Args:
            space: of the vectors.
            vectors: [n, dims].
            ids: of their recipes, as `show` returns them.

        Yields:
            the pictures' paths, None where there is none yet: at once, unless all can be drawn in one go, and after
            each batch.
        """
        missing = [i for i, name in enumerate(ids) if self.path_of(name) is None]
        size = batch_size(space.generator)
        if len(missing) > size or not missing:
            yield [self.path_of(name) for name in ids]
        for start in range(0, len(missing), size):
            batch = missing[start : start + size]
            use_cores(space.generator)
            for i, picture in zip(batch, jpegs(space.images(vectors[batch])), strict=True):
                self.remember(ids[i], picture.path)
            yield [self.path_of(name) for name in ids]
