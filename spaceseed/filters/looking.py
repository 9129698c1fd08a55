"""What a judge sees in the images of random draws, in marked images, and in real ones."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_tensor, check_type
from spaceseed.batches import Progress, batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.filters.file import prior
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED

DRAWS = 4_000
MAX_PIXEL = 20.0  # of real images in [-1, 1]: others are likely to be in [0, 255]


def survey(
    space: LatentSpace,
    features: Callable[[Tensor], Tensor],
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Draws images and looks at them, once for all filters that are learned from them.

    Args:
        space: the space of the filters.
        features: from images [n, 3, H, W] in [-1, 1] to features [n, d], such as a judge's `embed_images`.
        draws: number of images.
        seed: of the draws.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        vectors [draws, dims] of the space, and the features [draws, d] of their images, on the CPU.

    Raises:
        ArgumentError: an argument is out of range, or `features` returns something else.
    """
    look = Look(space, features)
    check_integer("draws", draws, 1)
    check_integer("seed", seed, 0, MAX_SEED)
    vectors = space.from_z(prior(space.generator.z_dim, draws, seed)).cpu()
    return vectors, look.at(vectors, progress)


class Look:
    """Draws images and looks at them.

    Args:
        space: draws.
        features: from images to features [n, d], always of the same d.

    Raises:
        ArgumentError: an argument is of another type. Methods raise it for what does not fit.
    """

    def __init__(self, space: LatentSpace, features: Callable[[Tensor], Tensor]) -> None:
        self._space = check_type("space", space, LatentSpace, "a LatentSpace")
        if not callable(features):
            raise ArgumentError("features", type(features).__name__, "a function of images")
        self._features = features
        self._width: int | str = "d"

    def at(self, vectors: Tensor, progress: Progress = lambda _: None) -> Tensor:
        """Returns the features [n, d] of the images of vectors [n, dims]."""
        parts = batches(vectors, batch_size(self._space.generator), progress)
        with torch.no_grad():
            return torch.cat([self._of(self._space.images(part)) for part in parts])

    def at_real(self, real: Tensor) -> Tensor:
        """Returns the features [r, d] of real images [r, 3, H, W], or checks those given."""
        if real.ndim == 4:
            with torch.no_grad():
                real = torch.cat([self._of(part) for part in real.split(batch_size(self._space.generator))])
        real = self.check_seen("real", real)
        count, width = len(real.unique(dim=0)), real.shape[1]
        if count < width:
            raise ArgumentError("real", f"{count} different images", f"{width} or more, one for each feature")
        return real

    def check_seen(self, name: str, features: Tensor, count: int | str = "n") -> Tensor:
        """Checks features, which must all have the same size."""
        found = check_tensor(name, features, [count, self._width]).detach().cpu()
        self._width = found.shape[1]
        return found

    def check_real(self, real: Tensor) -> Tensor:
        """Checks images before anything is drawn; of features nothing is known yet."""
        side = self._space.generator.resolution
        found = torch.as_tensor(real) if isinstance(real, (Tensor, np.ndarray)) else real
        if not isinstance(found, Tensor) or found.ndim not in {2, 4}:
            raise ArgumentError("real", _kind(real), f"images [r, 3, {side}, {side}], or features [r, d]")
        if found.ndim == 2:
            return found
        if tuple(found.shape[2:]) != (side, side):
            size = " x ".join(map(str, found.shape[2:]))
            raise ArgumentError("real", f"images of {size} pixels", f"images of {side} x {side}, as the model draws")
        found = check_tensor("real", found, ["r", 3, side, side])
        if len(found) and float(found.abs().max()) > MAX_PIXEL:
            raise ArgumentError("real", f"pixels up to {float(found.abs().max()):g}", "pixels in [-1, 1]")
        return found

    def _of(self, images: Tensor) -> Tensor:
        return self.check_seen("features(images)", self._features(images), len(images))


def _kind(value: object) -> object:
    return tuple(value.shape) if isinstance(value, (Tensor, np.ndarray)) else type(value).__name__
