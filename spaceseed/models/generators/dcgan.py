"""DCGAN (Radford et al. 2016): transposed convolutions with batch normalisation. It is small, for quick studies."""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import DirectGenerator, Tap
from spaceseed.models.generators.shapes import doubled, unfilled

# Each block doubles the image's side, so small tensors could ask for a huge image. Published ones are far smaller.
MAX_RESOLUTION = 1024


class BatchNorm(nn.Module):
    """Batch normalisation: with the batch's statistics in training, with their running mean afterwards.

    Unlike torch's own it does not count batches, so all its tensors are floating-point, as in every generator.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training)

    def gain(self) -> Tensor:
        """Returns the factor of each channel after training, [channels]."""
        return self.weight * (self.running_var + 1e-5).rsqrt()


class DCGAN(DirectGenerator):
    """The generator. `layers` are "layer0" and so on, the activation at each resolution.

    Args:
        z_dim: size of z.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the images' side is twice the largest key.
    """

    def __init__(self, z_dim: int, channels: Mapping[int, int]) -> None:
        super().__init__()
        self.z_dim = self.w_dim = z_dim
        self.resolution = 2 * max(channels)
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        below = z_dim
        for i, side in enumerate(sorted(channels)):
            stride, padding = (2, 1) if i else (1, 0)  # the first one turns 1 pixel into 4x4
            grow = nn.ConvTranspose2d(below, channels[side], 4, stride=stride, padding=padding, bias=False)
            self.convolutions[f"layer{i}"] = grow
            self.norms[f"layer{i}"] = BatchNorm(channels[side])
            below = channels[side]
        self.torgb = nn.ConvTranspose2d(below, 3, 4, stride=2, padding=1)
        self.layers = tuple(self.convolutions)

    @classmethod
    def like(cls, tensors: Mapping[str, Tensor]) -> "DCGAN":
        """Makes a generator for these tensors. Its own are uninitialised.

        Args:
            tensors: a state dict of this class; other names are ignored.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others, or the images would be too large.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        z_dim, channels = doubled(shapes, layers=1)
        if 2 * max(channels) > MAX_RESOLUTION:
            raise CheckpointError(
                f"The weights ask for images of {2 * max(channels)} pixels; the limit is {MAX_RESOLUTION}."
            )
        return unfilled(lambda: cls(z_dim, channels), shapes)

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # options differ by family
        x = ws[:, 0, :, None, None]
        for name in self.layers:
            x = tap(name, F.relu_(self.norms[name](self.convolutions[name](x))))
        return self.torgb(x).float().tanh()

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        weight = cast(Tensor, self.convolutions["layer0"].weight)
        gain = cast(BatchNorm, self.norms["layer0"]).gain()
        return (weight * gain[:, None, None]).flatten(1).t()
