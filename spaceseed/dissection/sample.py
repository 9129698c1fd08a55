"""Images of seeds, what a unit does in them, and what they show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.latent_space import LatentSpace
from spaceseed.models.judges.segmenter import Segmenter

# Activations and classes are compared on at most so many pixels a side, as published.
SIDE = 64


@dataclass(frozen=True)
class Observed:
    """Some images, seen by a segmenter.

    Attributes:
        seeds: of the images.
        ws: their styles, [n, num_ws, w_dim].
        images: [n, 3, H, W].
        x: the activations [n, units, h, w], or styles [n, units].
        labels: int64 [n, side, side], the class of each pixel; side is at most 64.
    """

    seeds: list[int]
    ws: Tensor
    images: Tensor
    x: Tensor
    labels: Tensor


def observed(
    space: LatentSpace, segmenter: Segmenter, layer: str, seeds: Iterable[int], size: int | None = None
) -> Iterator[Observed]:
    """Yields the images of seeds in batches.

    Args:
        space: draws.
        segmenter: sees.
        layer: the activation to read.
        seeds: of the images.
        size: of a batch; what fits the generator if None.
    """
    numbers, size = list(seeds), size or batch_size(space.generator)
    for first in range(0, len(numbers), size):
        part = numbers[first : first + size]
        ws = space.ws(space.draw(part))
        images, x = seen(space, layer, ws)
        yield Observed(part, ws, images, x, small_labels(segmenter, images))


def seen(space: LatentSpace, layer: str, ws: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the images of styles [n, num_ws, w_dim], and an activation on the way to them, without its margin."""
    kept = []

    def keep(x: Tensor) -> Tensor:
        kept.append(x.clone())  # networks may change it in place later
        return x

    images = space.synthesize(ws, {layer: keep})
    return images, within(kept[0], space.generator.margin(layer))


def within(x: Tensor, margin: int) -> Tensor:
    """Returns the part of an activation [n, units, h, w] that lies in the image; styles [n, units] as they are."""
    return x[:, :, margin : x.shape[2] - margin, margin : x.shape[3] - margin] if margin and x.ndim == 4 else x


def small_labels(segmenter: Segmenter, images: Tensor) -> Tensor:
    """Returns the classes of the pixels, int64 [n, side, side]: every second pixel of large images, or fewer."""
    labels = segmenter.segment(images).to(images.device)
    side = min(SIDE, labels.shape[-1])
    return F.interpolate(labels[:, None].float(), (side, side), mode="nearest")[:, 0].long()


def upsampled(x: Tensor, side: int) -> Tensor:
    """Returns activations [n, units, h, w] in another size, [n, units, side, side], bilinear."""
    if x.shape[2:] == (side, side):
        return x
    return F.interpolate(x, (side, side), mode="bilinear", align_corners=False)


def fractions(labels: Tensor, classes: int, side: tuple[int, int]) -> Tensor:
    """Returns the share of each class in each cell of a grid, [n, classes, h, w], of labels [n, s, s]."""
    one_hot = F.one_hot(labels, classes).permute(0, 3, 1, 2).float()
    return F.adaptive_avg_pool2d(one_hot, side)


def places(seed: int, count: int, side: int) -> Tensor:
    """Returns random places of an image of side x side pixels, int64 [count], the same for each seed."""
    return torch.randint(side * side, (count,), generator=torch.Generator().manual_seed(seed))
