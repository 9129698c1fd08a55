"""Drawing many images: a few at a time, so that memory stays bounded and slow ones can be seen as they come."""

from collections.abc import Iterator

import torch

from spaceseed.batches import batch_size
from spaceseed.devices import default_device
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.files import still_served
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.state.session import Session


@torch.no_grad()
def thumbnails(space: LatentSpace, vectors: torch.Tensor, visitor: Session) -> Iterator[list[str | None]]:
    """Draws vectors [n, dims] that the visitor has no picture of yet.

    Yields:
        the pictures' paths, None where there is none yet: at once, unless all can be drawn in one go, and after each
        batch.
    """
    ids = [space.recipe(vector).id for vector in vectors]
    missing = [i for i, name in enumerate(ids) if picture_of(visitor, name) is None]
    size = batch_size(space.generator)
    if len(missing) > size or not missing:
        yield [picture_of(visitor, name) for name in ids]
    for start in range(0, len(missing), size):
        batch = missing[start : start + size]
        use_cores(space.generator)
        for i, path in zip(batch, jpegs(space.images(vectors[batch])), strict=True):
            visitor.remember(ids[i], path)
        yield [picture_of(visitor, name) for name in ids]


def picture_of(visitor: Session, recipe_id: str) -> str | None:
    """The path of a picture drawn earlier in this visit and not cleared away since."""
    path = visitor.pictures.get(recipe_id)
    return path if still_served(path) else None


def picture(generator: Generator, visitor: Session, recipe: Recipe) -> str:
    """The path of a find's picture, drawn once a visit.

    Raises:
        RecipeError: the recipe is not of this generator.
    """
    path = picture_of(visitor, recipe.id)
    if path is None:
        use_cores(generator)
        [path] = jpegs(recipe.render(generator))
        visitor.remember(recipe.id, path)
    return path
