"""Where a unit is lit in an image, to be seen."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.dissection.sample import seen, upsampled
from spaceseed.dissection.styles import CELLS, change_maps
from spaceseed.dissection.units import UnitTable
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator

CHANGED = 0.1  # share of an image that counts as lit by a style channel


@torch.no_grad()
def lit(
    generator: Generator, table: UnitTable, unit: int, seeds: Iterable[int], labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draws images and where a unit is lit in them.

    Args:
        generator: the generator of the table.
        table: what the units draw.
        unit: number of the unit.
        seeds: of the images, such as those in `table.seeds[unit]`.
        labels: [num_classes], for conditional models.

    Returns:
        Images [n, 3, H, W], and boolean masks [n, H, W]: where the enlarged activation is above the unit's level. For
        styles: the tenth of the image that changes most with the channel.

    Raises:
        ArgumentError: there is no such unit.
        DissectionError: the table belongs to another model.
    """
    table.check(generator)
    table.level(unit, 0)  # refuses other units
    space = LatentSpace(generator, "z", table.truncation, labels=labels)
    images, masks = [], []
    for vectors in space.draw(seeds).split(batch_size(generator)):
        ws = space.ws(vectors)
        drawn, x = seen(space, table.layer, ws)
        side = drawn.shape[-1]
        if x.ndim == 2:
            masks.append(_changed_most(change_maps(space, table.layer, ws, drawn, unit, table.thresholds[unit]), side))
        else:
            masks.append(upsampled(x[:, unit : unit + 1], side)[:, 0] > table.thresholds[unit].to(x.device))
        images.append(drawn)
    return torch.cat(images), torch.cat(masks)


def _changed_most(maps: Tensor, side: int) -> Tensor:
    """Returns the tenth of the cells [n, CELLS * CELLS] that change most, boolean [n, side, side]."""
    least = maps.quantile(1 - CHANGED, dim=1, keepdim=True)
    cells = ((maps > least) & (maps > 0)).float().unflatten(1, (1, CELLS, CELLS))
    return F.interpolate(cells, (side, side), mode="nearest")[:, 0] > 0
