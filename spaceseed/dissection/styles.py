"""Which part of the image each style channel changes (Wu et al., "StyleSpace Analysis", CVPR 2021, sec. 4).

A channel is changed by one standard deviation, and the image's change is averaged to 32 x 32 cells. For each class the
cells of greatest change are taken, as many as the class has. Their overlap is the number of them that are of the class,
divided by the square of that class's cells.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.dissection.draft import Draft
from spaceseed.dissection.sample import Observed, fractions
from spaceseed.latent_space import LatentSpace

CELLS = 32
INVISIBLE = 1e-3  # a change of colours in [-1, 1] that nobody sees
MOSTLY = 0.5  # share of a cell that makes it one of the class


def tally_styles(space: LatentSpace, part: Observed, sums: Draft) -> None:
    """Adds, for each channel and image, which class the change overlaps most."""
    classes = len(sums.make.classes)
    masks = fractions(part.labels, classes, (CELLS, CELLS)) >= MOSTLY
    for ws, image, mask, styles in zip(part.ws, part.images, masks, part.x, strict=True):
        present = mask.flatten(1)
        for units in torch.arange(len(styles), device=styles.device).split(batch_size(space.generator)):
            rows = len(units)
            maps = change_maps(
                space, sums.make.layer, ws.expand(rows, -1, -1), image.expand(rows, -1, -1, -1), units,
                sums.levels[units],
            )  # fmt: skip
            most, best = overlaps(maps, present).max(dim=1)
            sums.both[units, best] += (most > 0).double()
        seen = present.any(dim=1).double()
        sums.activation += styles.double()[:, None] * seen
        sums.weight += seen


def change_maps(
    space: LatentSpace, layer: str, ws: Tensor, images: Tensor, units: Tensor | int, steps: Tensor
) -> Tensor:
    """Draws images again, each with one style channel changed.

    Args:
        space: draws.
        layer: one of the generator's `styles`.
        ws: styles of n images, [n, num_ws, w_dim].
        images: the images, [n, 3, H, W].
        units: the channel of each image, [n], or one for all.
        steps: by how much it is changed, [n] or one.

    Returns:
        The mean change of the colours in each of 32 x 32 cells, [n, cells].
    """

    def move(x: Tensor) -> Tensor:
        x = x.clone()
        x[torch.arange(len(x)), units] += steps.to(x)
        return x

    changed = space.synthesize(ws, {layer: move})
    return F.adaptive_avg_pool2d((changed - images).abs().mean(dim=1), CELLS).flatten(1)


def overlaps(maps: Tensor, masks: Tensor) -> Tensor:
    """Returns the overlap of changes with classes.

    Args:
        maps: how much each cell changes, [n, cells].
        masks: the cells of each class, boolean [classes, cells].

    Returns:
        [n, classes]; 0 for a class without cells, and for an image that changes by less than 0.001.
    """
    ranks = maps.argsort(dim=1, descending=True, stable=True)
    areas = masks.sum(dim=1)
    inside = masks[:, ranks].cumsum(dim=2)  # [classes, n, cells]
    hits = inside[torch.arange(len(masks)), :, (areas - 1).clamp(min=0)].T
    return hits * (maps.amax(dim=1, keepdim=True) > INVISIBLE) * (areas > 0) / areas.clamp(min=1).square()
