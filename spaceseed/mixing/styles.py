"""Style mixing: some style layers of one image are replaced by those of another.

Example::

    child = mix(G, ada, bob, style_groups(G)["coarse"])   # Ada with Bob's pose and shape
"""

from collections.abc import Iterable

from spaceseed.arguments import check_layers, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.styles import crossed
from spaceseed.recipes.recipe import Found, Recipe

# The style layers of a StyleGAN at 4 to 8 pixels, and at 16 to 32: Karras et al. 2019, sec. 3.1.
COARSE, MIDDLE = 4, 4


def style_groups(generator: Generator) -> dict[str, range]:
    """Returns the style layers by what they control: coarse: pose and shape; middle: features; fine: colours.

    Raises:
        ArgumentError: the generator has too few style layers to mix.
    """
    n = generator.num_ws
    if n < 3:
        raise ArgumentError("num_ws", n, "3 or more: this model has too few style layers to mix")
    first, second = (COARSE, COARSE + MIDDLE) if n > COARSE + MIDDLE else (n // 3, 2 * n // 3)
    return {"coarse": range(first), "middle": range(first, second), "fine": range(second, n)}


def mix(generator: Generator, base: Recipe, other: Recipe, layers: int | Iterable[int]) -> Recipe:
    """Replaces some style layers of one find by those of another (Karras et al. 2019, sec. 3.1).

    Args:
        generator: the generator of both finds.
        base: provides everything else: the other layers, edits of units, noise, transform and name.
        other: provides `layers`.
        layers: one style layer, or several.

    Returns:
        The child, in space "ws".

    Raises:
        ArgumentError: an argument has another type, or a layer does not exist. Also if the finds differ in truncation
            or were moved along directions, in families whose synthesis depends on the truncation.
        RecipeError: a find belongs to another model.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    for name, recipe in (("base", base), ("other", other)):
        check_type(name, recipe, Recipe, "a Recipe")
    layers = check_layers("layers", layers, generator.num_ws)
    plain = {"truncation": 1.0, "truncation_cutoff": None, "edits": base.unit_edits}
    truncations = {(recipe.truncation, recipe.truncation_cutoff, bool(recipe.steps)) for recipe in (base, other)}
    if truncations == {(base.truncation, base.truncation_cutoff, False)}:  # truncation of the child can still change
        ws, others = (recipe.replace(**plain).ws(generator) for recipe in (base, other))
        kept = plain | {"truncation": base.truncation, "truncation_cutoff": base.truncation_cutoff}
    elif "truncation" in generator.options:
        raise ArgumentError("truncation", "different or edited", "the same in both finds, and they must not be steered")
    else:
        ws, others, kept = base.ws(generator), other.ws(generator), plain
    found = Found(by="steer", parents=(base.id, other.id))
    return base.replace(space="ws", latent=crossed(ws, others, layers)[0], labels=None, seed=None, found=found, **kept)
