"""Walks: styles along a path through several finds, frame by frame.

Example::

    ws = walk(G, [ada, bob, eve], frames=96)              # a loop through all three, eased
    for part in ws.split(8):
        images = G.synthesize(part)
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_layers, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.interpolate import lerp, slerp
from spaceseed.recipes.recipe import Recipe

MAX_FINDS = 32
MAX_FRAMES = 1_200
WAYS = ("z", "w")


def walk(
    generator: Generator,
    recipes: Sequence[Recipe],
    frames: int,
    *,
    way: str = "w",
    loop: bool = True,
    eased: bool = True,
    layers: int | Iterable[int] | None = None,
) -> Tensor:
    """Returns the styles along a path through several finds, with equal numbers of frames between them.

    Args:
        generator: the generator of all finds.
        recipes: 2 to 32 finds.
        frames: number of frames, 2 to 1,200.
        way: "w" for straight lines between the final styles, edits included; or "z" for great arcs between latents.
            "z" needs finds in space z without edits, and uses the truncation of the first.
        loop: whether to return from the last find to the first. The last frame is then one step before the first.
        eased: whether to slow down at each find.
        layers: the style layers that move, or one; others stay as in the first find. All if None.

    Returns:
        ws [frames, num_ws, w_dim].

    Raises:
        ArgumentError: an argument is out of range, or the finds cannot be used with this `way`.
        RecipeError: a find belongs to another model.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    for recipe in check_type("recipes", recipes, Sequence, "a list of recipes"):
        check_type("recipes", recipe, Recipe, "a list of recipes")
    if not 2 <= len(recipes) <= MAX_FINDS:
        raise ArgumentError("recipes", len(recipes), f"2 to {MAX_FINDS} finds")
    check_integer("frames", frames, 2, MAX_FRAMES)
    check_choice("way", way, dict.fromkeys(WAYS))
    moving = check_layers("layers", range(generator.num_ws) if layers is None else layers, generator.num_ws)
    start, end, t = _steps(len(recipes), frames, loop, eased)
    styles = torch.cat([recipe.ws(generator) for recipe in recipes])
    ws = lerp(styles[start], styles[end], t[:, None]) if way == "w" else _arcs(generator, recipes, start, end, t)
    still = [i for i in range(generator.num_ws) if i not in moving]
    ws[:, still] = styles[0, still]
    return ws


def _steps(finds: int, frames: int, loop: bool, eased: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Returns for each frame the find before it, the find after it, and the position between them, 0 to 1."""
    legs = finds if loop else finds - 1
    at = torch.arange(frames, dtype=torch.float64) * legs / (frames if loop else frames - 1)
    start = at.long().clamp(max=legs - 1)
    t = at - start
    t = t * t * (3 - 2 * t) if eased else t
    return start, (start + 1) % finds, t.float()


def _arcs(generator: Generator, recipes: Sequence[Recipe], start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    first = recipes[0]
    if any(recipe.space != "z" or recipe.edits for recipe in recipes):
        raise ArgumentError("recipes", "finds that are edited or of another space", "unedited and of the space z")
    z = torch.stack([recipe.latent for recipe in recipes])
    labels = None
    if all(recipe.labels is not None for recipe in recipes):
        classes = torch.stack([recipe.labels for recipe in recipes if recipe.labels is not None])
        labels = lerp(classes[start], classes[end], t).to(generator.device)
    arcs = slerp(z[start], z[end], t).to(generator.device)
    with torch.no_grad():
        return generator.map(arcs, labels, first.truncation, first.truncation_cutoff)
