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
from spaceseed.mixing.detours import TRIED, Penalty, arc, choose_detours, line
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.ops.interpolate import lerp
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
    penalty: Penalty | None = None,
) -> Tensor:
    """Returns the styles along a path through several finds, with equal numbers of frames between them.

    Args:
        generator: the generator of all finds.
        recipes: 2 to 32 finds.
        frames: number of frames, 2 to 1,200.
        way: "w" for straight lines between the final styles, steps along directions included; or "z" for great arcs
            between latents. "z" needs finds in space z without edits, and uses the truncation of the first.
        loop: whether to return from the last find to the first. The last frame is then one step before the first.
        eased: whether to slow down at each find.
        layers: the style layers that move, or one; others stay as in the first find. All if None.
        penalty: what to keep away from between the finds, such as `LatentFilter.penalty`: a function from z [n, z_dim]
            for "z", or w [n, w_dim] before truncation for "w", to penalties [n]. Where a detour lowers it, the walk
            takes it. With "w" all layers must move, and the finds must be unedited, of space z or w and of equal
            truncation; else the walk goes straight.

    Returns:
        ws [frames, num_ws, w_dim]. Edits of units are not in styles, so they are left out.

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
    if way == "z":
        ws = _arcs(generator, recipes, start, end, t, penalty)
    else:
        ws = lerp(styles[start], styles[end], t[:, None])
        if penalty is not None and len(moving) == generator.num_ws and _one_w_each(recipes, styles):
            _bend(ws, generator, recipes, start, end, t, penalty)
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


def _one_w_each(recipes: Sequence[Recipe], styles: Tensor) -> bool:
    """Returns whether each find has one w in all layers, truncated as that of the first."""
    alike = {(recipe.truncation, recipe.truncation_cutoff) for recipe in recipes}
    return len(alike) == 1 and not any(recipe.steps for recipe in recipes) and bool((styles == styles[:, :1]).all())


@torch.no_grad()
def _bend(
    ws: Tensor,
    generator: Generator,
    recipes: Sequence[Recipe],
    start: Tensor,
    end: Tensor,
    t: Tensor,
    penalty: Penalty,
) -> None:
    """Moves those of the straight frames ws [n, num_ws, w_dim] that a detour moves."""
    first = recipes[0]
    w = torch.cat([recipe.replace(truncation=1.0).ws(generator)[:, 0] for recipe in recipes])
    z = latents_from_seeds(range(2 * TRIED), generator.z_dim).to(generator.device)
    labels = None if first.labels is None else first.labels.to(z.device).expand(len(z), -1)
    if generator.num_classes and labels is None:
        return
    a, b = generator.map(z, labels)[:, 0].chunk(2)
    draws = (a - b) / 2**0.5  # so that their mean is 0 whatever the class
    offsets = choose_detours(line, w, w.roll(-1, dims=0), draws, penalty)[start]
    rows = (offsets != 0).any(dim=1) & ((t > 0) & (t < 1)).to(w.device)
    bent = line(w[start], w[end], t, offsets)[rows][:, None].expand(-1, generator.num_ws, -1)
    ws[rows] = generator.truncate(bent, first.truncation, first.truncation_cutoff)


def _arcs(
    generator: Generator, recipes: Sequence[Recipe], start: Tensor, end: Tensor, t: Tensor, penalty: Penalty | None
) -> Tensor:
    first = recipes[0]
    if any(recipe.space != "z" or recipe.steps for recipe in recipes):
        raise ArgumentError("recipes", "finds that are edited or of another space", "unedited and of the space z")
    z = torch.stack([recipe.latent for recipe in recipes])
    labels = None
    if all(recipe.labels is not None for recipe in recipes):
        classes = torch.stack([recipe.labels for recipe in recipes if recipe.labels is not None])
        labels = lerp(classes[start], classes[end], t).to(generator.device)
    offsets = torch.zeros_like(z)
    if penalty is not None:
        offsets = choose_detours(arc, z, z.roll(-1, dims=0), latents_from_seeds(range(TRIED), z.shape[1]), penalty)
    arcs = arc(z[start], z[end], t, offsets[start]).to(generator.device)
    with torch.no_grad():
        return generator.map(arcs, labels, first.truncation, first.truncation_cutoff)
