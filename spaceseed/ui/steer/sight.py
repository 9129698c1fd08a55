"""Which sliders change nothing that can be seen, measured by drawing the find with and without their steps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spaceseed.images import to_uint8
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.pictures import thumbnail
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.steering import Change

# Mean change of a pixel that can be seen, in levels of 255. Of pairs of bundled faces, moved by 2 along all directions
# under all groups of layers, none of 30 that changed by 0.1 to 1.03 looked different. Of those that changed by 1.5
# some did, and of those that changed by 2 all. Of 12 pairs of photographs that changed by 0.4 to 1.4 none did.
LEAST = 1.0
ENDS = (-2.0, 2.0)


def eye(generator: Generator) -> Callable[[Recipe, Recipe], bool]:
    """Returns a function that tells whether the images of two recipes look different. It draws each recipe once."""
    drawn: dict[str, NDArray[np.float32]] = {}

    def pixels(recipe: Recipe) -> NDArray[np.float32]:
        if recipe.id not in drawn:
            drawn[recipe.id] = _pixels(generator, recipe)
        return drawn[recipe.id]

    return lambda one, other: _differ(pixels(one), pixels(other))


def look_at_sliders(generator: Generator, visitor: Session) -> bool:
    """Notes of each slider shown whether its ends change the find in view.

    Slow models draw nothing for this: only the pictures of the strip are compared.

    Returns:
        whether anything was noted that was not known.
    """
    steering = visitor.workspace.steering
    if steering.work is None or steering.directions is None:
        return False
    seen = steering.seen_of(generator.num_ws)
    if is_slow(generator):
        index = min(steering.selected, len(steering.directions) - 1)
        paths = [visitor.thumbnails.path_of(r.id) for r in steering.strip(index, (0.0, *ENDS), generator.num_ws)]
        if index in seen or None in paths:
            return False
        first, *ends = (_read(path) for path in paths if path)
        seen[index] = any(_differ(first, end) for end in ends)
        return True
    missing = [i for i in range(len(steering.directions)) if i not in seen]
    if not missing:
        return False
    method, now = steering.method, steering.now
    plain = Change(now.base, ranges={**now.ranges, method: steering.layer_range(generator.num_ws)})
    sets, before = dict(steering.sets), _pixels(generator, now.base)
    for i in missing:
        moved = (plain.with_amount(method, i, amount).recipe(sets) for amount in ENDS)
        seen[i] = any(_differ(before, _pixels(generator, recipe)) for recipe in moved)
    return True


def _pixels(generator: Generator, recipe: Recipe) -> NDArray[np.float32]:
    """Draws a recipe as the page shows it, [H, W, 3] float32."""
    use_cores(generator)
    return to_uint8(thumbnail(recipe.render(generator)))[0].astype(np.float32)


def _read(path: str | Path) -> NDArray[np.float32]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32)


def _differ(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.abs(one - other).mean() >= LEAST)
