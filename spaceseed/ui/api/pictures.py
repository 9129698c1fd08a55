"""Pictures: of seeds, and of recipes."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypedDict

import numpy as np
from gradio.data_classes import FileDataDict
from numpy.typing import NDArray

from spaceseed.evolution.breeding import MAX_COUNT
from spaceseed.images import to_uint8
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.recipes.files import pack_png
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.api.asked import model_of, recipe_of, truncation_of
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.files import linked, served
from spaceseed.ui.kit.numbers import whole
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import Cancelled
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.view import View
from spaceseed.ui.state.workspace import FIRST_SLOW_IMAGES


class Picture(TypedDict):
    """The image of a seed, as callers get it."""

    seed: int
    recipe: str
    image: FileDataDict


def generate(networks: Networks, seeds: list[int], model: str = "", truncation: float | None = None) -> list[Picture]:
    """Draws the images of integer seeds. The same seed of a model is always the same image.

    Args:
        seeds: Whole numbers from 0 to 4294967295, at most 36, or 6 for a model that is slow on this machine.
        model: The id of a model, as list_models names it. The app's own one if empty.
        truncation: From 0 (all images alike) to 1.5 (varied, some broken). What suits the model if null.

    Returns:
        For each seed: the seed, the recipe (JSON text that steer and render take), and the image, a PNG file with the
        recipe inside.
    """
    card = model_of(networks, model)
    psi = truncation_of(card, truncation)
    most = FIRST_SLOW_IMAGES if is_slow(card) else MAX_COUNT
    numbers = _seeds(seeds, most)
    generator = networks.generator(card.id)
    space = View.of(generator).space(generator, truncation=psi)
    recipes = [
        space.recipe(latent, seed=seed, name=f"seed {seed}", found=Found(by="seed"))
        for seed, latent in zip(numbers, space.draw(numbers), strict=True)
    ]
    images = draw(generator, recipes)
    return [
        Picture(seed=seed, recipe=recipe.to_json(), image=image)
        for seed, recipe, image in zip(numbers, recipes, images, strict=True)
    ]


def render(networks: Networks, recipe: str) -> FileDataDict:
    """Draws the image of a recipe, pixel by pixel as it was.

    Args:
        recipe: The JSON text of a recipe: from another call, or a .json file that the app has written.

    Returns:
        The image, a PNG file with the recipe inside.
    """
    read, generator = recipe_of(networks, recipe)
    [image] = draw(generator, [read])
    return image


def draw(generator: Generator, recipes: Sequence[Recipe]) -> list[FileDataDict]:
    """Draws recipes of a generator as PNG files, which are the same as the app's downloads.

    Raises:
        RecipeError: one does not fit the generator.
        LeaseError: no GPU is lent.
    """
    use_cores(generator)
    drawn = gpu.stream(partial(_pixels, generator, tuple(recipes)), gpu.seconds_to_draw(generator, len(recipes)))
    files = [linked(_png(recipe, pixels)) for recipe, pixels in zip(recipes, drawn, strict=False)]
    if len(files) < len(recipes):
        raise gpu.LeaseError(gpu.LOST)
    return files


def _pixels(generator: Generator, recipes: Sequence[Recipe], cancelled: Cancelled) -> Iterator[NDArray[np.uint8]]:
    """Yields the pixels [H, W, 3] of recipes, as far as there is time for it."""
    for recipe in recipes:
        if cancelled():
            return
        yield to_uint8(recipe.render(generator))[0]


def _png(recipe: Recipe, pixels: NDArray[np.uint8]) -> str:
    content = pack_png(recipe.to_json(), pixels, 1)
    return served(f"{recipe.stem}.png", lambda path: path.write_bytes(content))


def _seeds(seeds: Any, most: int) -> list[int]:
    if not isinstance(seeds, list) or not 1 <= len(seeds) <= most:
        raise ValueError(f"seeds must be a list of 1 to {most} whole numbers for this model.")
    return [whole(seed, 0, MAX_SEED, "Each seed") for seed in seeds]
