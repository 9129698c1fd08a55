"""Between finds: style mixing, where some style layers come from another, and walks from one to the next.

child = mix(G, ada, bob, style_groups(G)["coarse"])   # Ada with Bob's pose and shape
ws = walk(G, [ada, bob, eve], frames=96)              # a loop through all three, eased
for part in ws.split(8):
    images = G.synthesize(part)
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_integers, check_layers, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.interpolate import lerp, slerp
from spaceseed.recipes.recipe import Found, Recipe

MAX_FINDS = 32
MAX_FRAMES = 1_200
# Rows of a StyleGAN that draw 4 to 8 pixels, and 16 to 32: Karras et al. 2019, sec. 3.1.
COARSE, MIDDLE = 4, 4
WAYS = ("z", "w")


def style_groups(generator: Generator) -> dict[str, range]:
    """Style layers by what they decide: coarse the pose and shape, middle the features, fine the colours.

    Raises:
        ArgumentError: the generator has but one style, so there is nothing to mix.
    """
    n = generator.num_ws
    if n < 3:
        raise ArgumentError("num_ws", n, "3 or more: this model has too few style layers to mix")
    first, second = (COARSE, COARSE + MIDDLE) if n > COARSE + MIDDLE else (n // 3, 2 * n // 3)
    return {"coarse": range(first), "middle": range(first, second), "fine": range(second, n)}


def crossed(ws: Tensor, others: Tensor, layers: int | Iterable[int]) -> Tensor:
    """Takes some style layers from others.

    Args:
        ws: [N, num_ws, w_dim], or [1, ...] for all others.
        others: give `layers`; of the same shape, or [1, ...] for all ws.
        layers: style layers, or a single one.

    Returns:
        [N, num_ws, w_dim].

    Raises:
        ArgumentError: there is no such layer.
    """
    taken = torch.zeros(ws.shape[1], dtype=torch.bool, device=ws.device)
    taken[check_integers("layers", layers, 0, ws.shape[1] - 1)] = True
    return torch.where(taken[:, None], others, ws)


def mix(generator: Generator, base: Recipe, other: Recipe, layers: int | Iterable[int]) -> Recipe:
    """Takes some style layers of one find from another (Karras et al. 2019, sec. 3.1).

    Args:
        generator: of both finds.
        base: gives all the rest: the other layers, noise, transform, name.
        other: gives `layers`.
        layers: style layers, one or more, or a single one.

    Returns:
        the child, in space "ws".

    Raises:
        ArgumentError: an argument is of another type, a layer does not exist, or the finds differ in truncation or have
            edits while this family draws each truncation in its own way.
        RecipeError: a find is of another model.
    """
    check_type("generator", generator, Generator, "a Generator, as load gives one")
    for name, recipe in (("base", base), ("other", other)):
        check_type(name, recipe, Recipe, "a Recipe")
    layers = check_layers("layers", layers, generator.num_ws)
    plain = {"truncation": 1.0, "truncation_cutoff": None, "edits": ()}
    truncations = {(recipe.truncation, recipe.truncation_cutoff, bool(recipe.edits)) for recipe in (base, other)}
    if truncations == {(base.truncation, base.truncation_cutoff, False)}:  # it can go on being changed
        ws, others = (recipe.replace(**plain).ws(generator) for recipe in (base, other))
        kept = plain | {"truncation": base.truncation, "truncation_cutoff": base.truncation_cutoff}
    elif "truncation" in generator.options:
        raise ArgumentError("truncation", "different or edited", "the same in both finds, and they must have no edits")
    else:
        ws, others, kept = base.ws(generator), other.ws(generator), plain
    found = Found(by="steer", parents=(base.id, other.id))
    return base.replace(space="ws", latent=crossed(ws, others, layers)[0], labels=None, seed=None, found=found, **kept)


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
    """Styles along a way through several finds, each passed in turn, with as many frames between any two.

    Args:
        generator: of all finds.
        recipes: 2 to 32 finds.
        frames: 2 to 1,200.
        way: "w" on straight lines between the finished styles, edits and all; or "z" on great arcs between latents,
            for finds of the space z without edits, whose truncation is that of the first.
        loop: return from the last to the first; the last frame is then one step before the first.
        eased: slow down at each find.
        layers: style layers that move, or a single one, the others staying as in the first find; all if None.

    Returns:
        ws [frames, num_ws, w_dim].

    Raises:
        ArgumentError: an argument is out of range, or the finds do not suit the way.
        RecipeError: a find is of another model.
    """
    check_type("generator", generator, Generator, "a Generator, as load gives one")
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
    """For each frame the find that it leaves, the one that it comes to, and how far it is between them."""
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
