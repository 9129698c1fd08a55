"""Where a projection begins where there is no encoder: at the nearest of some seeds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from spaceseed.arguments import check_integer
from spaceseed.batches import batch_size
from spaceseed.inversion.reconstruction import PIXELS, Distance, Reconstruction, Target
from spaceseed.models.generators.generator import MAX_SEED, Generator, latents_from_seeds

TRUNCATION = 0.7  # of the seeds: pictures are nearer to the mean than most draws are
LOOKED_AT = 16  # seeds at a time, if the generator draws as many at once


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest of the seeds that were looked at so far.

    Attributes:
        count: how many seeds were looked at.
        seed: the nearest.
        loss: of its image.
        ws: its styles, [1, num_ws, w_dim].
        image: [1, 3, H, W].
    """

    count: int
    seed: int
    loss: float
    ws: Tensor
    image: Tensor


def nearest_seed(
    generator: Generator,
    image: Tensor,
    distance: Distance,
    *,
    count: int = 200,
    seed: int = 0,
    mask: Tensor | None = None,
) -> Iterator[Nearest]:
    """Looks at seeds for the one whose image is nearest to a picture. The last that it yields is the nearest of all.

    Args:
        generator: a generator without classes.
        image: [1, 3, S, S] in [-1, 1].
        distance: how different images look.
        count: number of seeds.
        seed: the first of them, 0 to 2^32 - count.
        mask: [1, 1, S, S], 0 to 1: how much each pixel counts.

    Yields:
        The nearest so far, after each few seeds.

    Raises:
        ArgumentError: an argument has another shape or is out of range, or the picture cannot be looked for.
    """
    check_integer("count", count, 1)
    check_integer("seed", seed, 0, MAX_SEED + 1 - count)
    loss = Reconstruction(Target.of(generator, image, mask), distance, PIXELS)
    nearest: Nearest | None = None
    for seeds in torch.arange(seed, seed + count).split(min(LOOKED_AT, batch_size(generator))):
        with torch.no_grad():
            z = latents_from_seeds(seeds.tolist(), generator.z_dim)
            ws = generator.truncate(generator.map(z.to(generator.device)), TRUNCATION)
            images = generator.synthesize(ws)
            losses = loss(images)["loss"]
        top, looked = int(losses.argmin()), int(seeds[-1]) + 1 - seed
        if nearest is None or float(losses[top]) < nearest.loss:
            row = slice(top, top + 1)
            nearest = Nearest(looked, int(seeds[top]), float(losses[top]), ws[row], images[row])
        else:
            nearest = replace(nearest, count=looked)
        yield nearest
