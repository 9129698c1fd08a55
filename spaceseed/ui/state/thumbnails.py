"""The small pictures that one visitor has seen, and their recipes: each is drawn once a visit, a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from spaceseed.batches import batch_size
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.files import still_served
from spaceseed.ui.kit.pictures import Jpeg, jpegs
from spaceseed.ui.state import gpu

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
        [path] = self.draw_each(generator, [recipe])
        return path

    def draw_each(self, generator: Generator, recipes: Sequence[Recipe]) -> Iterator[str]:
        """Draws the pictures of recipes that are missing, one by one.

        Yields:
            each picture's path, in the order of the recipes.

        Raises:
            RecipeError: a recipe is not of this generator.
        """
        missing = {recipe.id: recipe for recipe in recipes if self.path_of(recipe.id) is None}
        work = partial(_rendered, generator, tuple(missing.values()))
        drawn = gpu.stream(work, gpu.seconds_to_draw(generator, len(missing)))
        for recipe in recipes:
            if missing.pop(recipe.id, None):
                self.remember(recipe.id, next(drawn).path)
            yield self._paths[recipe.id]

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
        if not missing:
            return
        parts = [missing[start : start + size] for start in range(0, len(missing), size)]
        work = partial(_drawn, space, [vectors[part] for part in parts])
        seconds = gpu.seconds_to_draw(space.generator, len(missing))
        for part, pictures in zip(parts, gpu.stream(work, seconds), strict=True):
            for i, picture in zip(part, pictures, strict=True):
                self.remember(ids[i], picture.path)
            yield [self.path_of(name) for name in ids]


def _rendered(generator: Generator, recipes: Sequence[Recipe], _cancelled: gpu.Cancelled) -> Iterator[Jpeg]:
    for recipe in recipes:
        use_cores(generator)
        yield from jpegs(recipe.render(generator))


@torch.no_grad()
def _drawn(space: LatentSpace, parts: Sequence[torch.Tensor], _cancelled: gpu.Cancelled) -> Iterator[list[Jpeg]]:
    for part in parts:
        use_cores(space.generator)
        yield jpegs(space.images(part))
