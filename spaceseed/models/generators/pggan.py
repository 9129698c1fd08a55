"""PGGAN (Karras et al. 2018), "Progressive Growing of GANs for Improved Quality, Stability, and Variation".

There is no mapping network and no style. z enters the first layer, and every feature vector is normalised ("pixelwise
feature vector normalization", sec. 4.2). Weights are already multiplied by the factors of the equalised learning rate
(sec. 4.1), and upsampling and its convolution are already one kernel. The checkpoint reader does both once.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import DirectGenerator, Tap
from spaceseed.models.generators.layers import normalize_second_moment
from spaceseed.models.generators.shapes import doubled, unfilled

# That of the largest published network. Each block doubles the image's side, so small tensors could ask for more.
MAX_RESOLUTION = 1024


class PGGAN(DirectGenerator):
    """The generator after its last growth.

    z may have any length, because synthesis normalises it. `layers` are "layer0" and so on, the output of each
    convolution.

    Args:
        z_dim: size of z.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the largest key is the image's side.
    """

    def __init__(self, z_dim: int, channels: Mapping[int, int]) -> None:
        super().__init__()
        self.z_dim = self.w_dim = z_dim
        self.resolution = max(channels)
        self.convolutions = nn.ModuleDict()
        below = z_dim
        for resolution in sorted(channels):
            features = channels[resolution]
            stride, padding = (2, 1) if self.convolutions else (1, 0)  # the first one turns 1 pixel into 4x4
            grow = nn.ConvTranspose2d(below, features, kernel_size=4, stride=stride, padding=padding)
            for layer in (grow, nn.Conv2d(features, features, kernel_size=3, padding=1)):
                self.convolutions[f"layer{len(self.convolutions)}"] = layer
            below = features
        self.torgb = nn.Conv2d(below, 3, kernel_size=1)
        self.layers = tuple(self.convolutions)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster, also on a CPU

    @classmethod
    def like(cls, tensors: Mapping[str, Tensor]) -> "PGGAN":
        """Makes a generator for these tensors. Its own are uninitialised.

        Args:
            tensors: a state dict of this class; other names are ignored.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others, or the images would be too large.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        z_dim, channels = doubled(shapes, layers=2)
        if max(channels) > MAX_RESOLUTION:
            raise CheckpointError(
                f"The weights ask for images of {max(channels)} pixels; the limit is {MAX_RESOLUTION}."
            )
        return unfilled(lambda: cls(z_dim, channels), shapes)

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # options differ by family
        # The official code normalises z twice, before and in the network. This matters if z is near zero.
        x = normalize_second_moment(ws[:, 0])[:, :, None, None]
        for name in self.layers:
            x = tap(name, F.leaky_relu_(self.convolutions[name](normalize_second_moment(x)), 0.2))
        return self.torgb(normalize_second_moment(x)).float()

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        return cast(Tensor, self.convolutions["layer0"].weight).flatten(1).t()
