"""Refines directions by gradient ascent, until the named attribute changes and the others stay.

Example::

    found = contrast_directions(G, attributes)
    better = refine_directions(G, found, attributes)

Examples show where an attribute is frequent, but a step towards there need not produce it. This happens if its latents
form several clusters, as smiles do among five kinds of mouth. So this module scores the images that a step produces.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_scores, check_type
from spaceseed.batches import Progress
from spaceseed.directions.discovery import draw_w
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.options import synthesis_options
from spaceseed.ops.styles import crossed

DRAWS = 4_000
AMOUNTS = (1.0, 3.0)  # length of a step in each direction, in standard deviations of w
STEP_SIZE = 0.05  # learning rate of Adam, for a vector of length 1


def refine_directions(
    generator: Generator,
    directions: DirectionSet,
    attributes: Callable[[Tensor], Mapping[str, Tensor]],
    *,
    price: float = 0.1,
    steps: int = 100,
    batch: int = 16,
    truncation: float = 0.7,
    labels: Tensor | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Refines each direction by gradient ascent on the attributes of images that are moved along it.

    As in GANalyze (Goetschalckx et al. 2019), directions are learned from a differentiable score of the moved images.
    As in Zhuang et al. 2021 ("Enjoy Your Editing", sec. 3.2), changes of other attributes are a loss.

    Args:
        generator: draws the images.
        directions: the initial directions, named after the attributes.
        attributes: returns the scores of images [N, 3, H, W] by name, [N] each, with gradients; higher means more of
            the attribute.
        price: weight of changes of other attributes, 0 or more; the weight of the direction's attribute is 1.
        steps: number of gradient steps for each direction.
        batch: number of images for each step, each moved both ways.
        truncation: psi of those images.
        labels: [num_classes], for conditional models.
        seed: seed of the draws.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        As many directions, with the same names and layers.

    Raises:
        ArgumentError: a number is out of range, a direction has a name that no attribute has, or scores have no
            gradient or are not finite.
        DirectionError: the directions belong to another generator.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    check_type("directions", directions, DirectionSet, "a DirectionSet").check(generator)
    check_number("price", price, 0)
    for name, value in (("steps", steps), ("batch", batch)):
        check_integer(name, value, 1)
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(DRAWS, generator.z_dim, generator=rng)
    w, truncated = (draw_w(LatentSpace(generator, truncation=psi, labels=labels), z) for psi in (1.0, truncation))
    spread, options = torch.cov(w.T), synthesis_options(generator, truncation)
    vectors = []
    for i, name in enumerate(directions.names):
        vector = directions.vectors[i].clone().to(w).requires_grad_()
        adam = torch.optim.Adam([vector], lr=STEP_SIZE)
        late = torch.zeros_like(vector)
        rng.manual_seed(seed)  # so that the result does not depend on the directions before it
        for step in range(steps):
            unit = F.normalize(vector, dim=0)
            rows = torch.randint(len(w), (batch,), generator=rng).to(w.device)
            amounts = torch.empty(batch, 1).uniform_(*AMOUNTS, generator=rng).to(w)
            moves = amounts * (unit @ spread @ unit).sqrt() * unit
            ws = truncated[rows, None].expand(-1, generator.num_ws, -1)
            ends = torch.cat([crossed(ws, ws + side * moves[:, None], directions.layers) for side in (1, -1)])
            gain = _gain(attributes(generator.synthesize(ends, **options)), name, price, len(ends))
            (vector.grad,) = torch.autograd.grad(-gain, vector)
            adam.step()
            if step >= steps // 2:  # their mean has less noise than the last step, which depends on one batch
                late += F.normalize(vector.detach(), dim=0)
            progress((i + (step + 1) / steps) / len(directions))
        vectors.append(F.normalize(late, dim=0).cpu())
    return DirectionSet.of(generator, "refined", torch.stack(vectors), directions.names, w.cpu(), directions.layers)


def _gain(found: Mapping[str, Tensor], name: str, price: float, count: int) -> Tensor:
    """Returns the gain of moving from the second half of `count` scored images to the first half, the other end."""
    check_type("attributes(images)", found, Mapping, "scores by name")
    scores = {key: check_scores(key, score, count, finite=True) for key, score in found.items()}
    if name not in scores:
        raise ArgumentError("attributes", ", ".join(scores), f"scores that include {name!r}, the name of the direction")
    if not scores[name].requires_grad:
        raise ArgumentError("attributes", "scores without a gradient", "differentiable with respect to the images")
    changes = {key: torch.sub(*score.chunk(2)) for key, score in scores.items()}
    others = sum(change.abs().mean() for key, change in changes.items() if key != name)
    return changes[name].mean() - price * others
