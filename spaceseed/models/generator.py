"""What every generator offers, whatever its family."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spaceseed.errors import ArgumentError

MAX_SEED = 2**32 - 1


def latents_from_seeds(seeds: Sequence[int], z_dim: int) -> Tensor:
    """Turns integer seeds into latents by NVIDIA's convention, so that a seed means what people know it to mean.

    Args:
        seeds: integers in [0, 2**32 - 1]; row i is `numpy.random.RandomState(seeds[i]).randn(1, z_dim)`.
        z_dim: size of one latent.

    Returns:
        z, float32 [len(seeds), z_dim].

    Raises:
        ArgumentError: a seed is not an integer in range.
    """
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MAX_SEED:
            raise ArgumentError("seed", seed, f"an integer from 0 to {MAX_SEED}")
    rows = [np.random.RandomState(int(seed)).randn(z_dim) for seed in seeds]
    return torch.from_numpy(np.array(rows, dtype=np.float32).reshape(len(rows), z_dim))


@dataclass(frozen=True)
class ModelCard:
    """What a visitor should know of a model before using it.

    Attributes:
        id: the name that `load` takes and recipes carry.
        title: a name for people.
        family: the architecture.
        resolution: side of the images in pixels.
        licence: SPDX identifier of the weights.
        source: where the weights come from.
        size: bytes of the weights' file.
        sha256: of the weights' file, hexadecimal.
        truncation: psi that suits the model.
        bundled: True when the weights are part of this package.
    """

    id: str
    title: str
    family: str
    resolution: int
    licence: str
    source: str
    size: int
    sha256: str
    truncation: float
    bundled: bool


class Generator(nn.Module, ABC):
    """A pretrained GAN generator in two steps: `map` z to per-layer styles, `synthesize` images from those.

    Attributes:
        z_dim: size of z.
        w_dim: size of one w.
        num_ws: how many w's one image takes, one a style layer.
        resolution: side of the square images in pixels.
        num_classes: size of the label vector; 0 for unconditional models.
        w_avg: mean of w, [w_dim]; the centre that truncation pulls towards.
        card: which weights these are; None for a network that did not come from the zoo.
    """

    card: ModelCard | None = None
    z_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    num_classes: int
    w_avg: Tensor

    @property
    def device(self) -> torch.device:
        return self.w_avg.device

    @abstractmethod
    def map(
        self, z: Tensor, labels: Tensor | None = None, truncation: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """Maps latents to styles.

        Args:
            z: [N, z_dim].
            labels: [N, num_classes], one-hot or mixed; only for conditional models.
            truncation: psi of `w_avg + psi * (w - w_avg)`; 1 leaves w as it is, 0 gives the mean face.
            truncation_cutoff: truncate only the first so many style layers; all when None.

        Returns:
            ws: [N, num_ws, w_dim].

        Raises:
            ArgumentError: a shape does not fit, or labels are missing or not wanted.
        """

    def truncate(self, ws: Tensor, truncation: float, cutoff: int | None = None) -> Tensor:
        """Pulls styles towards the mean: `w_avg + truncation * (ws - w_avg)`.

        Args:
            ws: [N, num_ws, w_dim].
            truncation: psi; 1 leaves ws as it is.
            cutoff: truncate only the first so many style layers; all when None.

        Returns:
            [N, num_ws, w_dim].
        """
        if truncation == 1:
            return ws
        end = ws.shape[1] if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(ws[:, :end], truncation), ws[:, end:]], dim=1)

    @abstractmethod
    def synthesize(self, ws: Tensor, **options: Any) -> Tensor:
        """Draws images from styles.

        Args:
            ws: [N, num_ws, w_dim].
            **options: what only this family knows, e.g. `noise`.

        Returns:
            [N, 3, resolution, resolution], nominally in [-1, 1], not clipped.

        Raises:
            ArgumentError: ws has another shape, or an option another value than allowed.
        """
