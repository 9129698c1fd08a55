"""What is drawn for the Dissect tab. It knows neither the visitor nor the page, so a GPU that is lent can do it."""

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.dissection.lit import lit
from spaceseed.dissection.units import UnitTable
from spaceseed.images import to_uint8
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.pictures import Jpeg, jpeg, jpegs
from spaceseed.ui.state import gpu

SHOWN, SHOWN_SLOW = 12, 6  # units on the wall
IMAGES, IMAGES_SLOW = 3, 2  # of each
SIDE = 128  # pixels of each image there
DIM, EDGE = 0.4, (255, 255, 255)  # what does not light up, and the line around what does


def drawn(generator: Generator, recipe: Recipe, _cancelled: gpu.Cancelled) -> Iterator[Jpeg]:
    """Draws a find."""
    use_cores(generator)
    yield from jpegs(recipe.render(generator))


def lit_units(
    generator: Generator, table: UnitTable, units: Sequence[int], labels: Tensor | None
) -> Iterator[tuple[int, str]]:
    """Draws the images where units light most.

    Yields:
        each unit, and the path of its images side by side.
    """
    if not units:
        return
    count = IMAGES_SLOW if is_slow(generator) else IMAGES
    work = partial(_strips, generator, table, tuple(units), labels, count)
    for unit, strip in zip(units, gpu.stream(work, gpu.seconds_to_draw(generator, len(units) * count)), strict=True):
        yield unit, strip.path


@torch.no_grad()
def _strips(
    generator: Generator,
    table: UnitTable,
    units: Sequence[int],
    labels: Tensor | None,
    count: int,
    _cancelled: gpu.Cancelled,
) -> Iterator[Jpeg]:
    for unit in units:
        use_cores(generator)
        images, masks = lit(generator, table, unit, table.seeds[unit, :count].tolist(), labels)
        yield jpeg(to_uint8(side_by_side(images, masks))[0])


def side_by_side(images: Tensor, masks: Tensor) -> Tensor:
    """Returns images [n, 3, H, W] in a row, [1, 3, 128, 128 n], dim where a unit does not light up, with a line around.

    Args:
        images: nominally in [-1, 1].
        masks: bool [n, H, W]: where the unit lights up.
    """
    smooth = {"mode": "bicubic", "antialias": True} if images.shape[-1] > SIDE else {"mode": "nearest"}
    images = F.interpolate(images.float().cpu().clamp(-1, 1), size=(SIDE, SIDE), **smooth)
    inside = F.interpolate(masks.float().cpu()[:, None], size=(SIDE, SIDE))
    edge = (F.max_pool2d(inside, 5, stride=1, padding=2) - inside).bool()
    shown = torch.where(inside.bool(), images, DIM * (images + 1) - 1)
    line = torch.tensor(EDGE).view(1, 3, 1, 1) / 127.5 - 1
    return torch.where(edge, line, shown).permute(1, 2, 0, 3).reshape(1, 3, SIDE, -1)
