"""The discriminator for DCGAN: strided convolutions with spectral normalisation (Miyato et al. 2018).

Radford et al. use batch normalisation. With it an output depends on the other images of its batch, real and generated
images must be in separate batches, and R1's gradient is not that of a single image. Spectral normalisation avoids this.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from spaceseed.training.networks.discriminator import Output


class SpectralDiscriminator(nn.Module):
    """From images to one logit each.

    Args:
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the images' side is twice the largest key.
    """

    def __init__(self, channels: Mapping[int, int]) -> None:
        super().__init__()
        widths = [3, *(channels[side] for side in sorted(channels, reverse=True))]
        self.convolutions = nn.ModuleList(
            spectral_norm(nn.Conv2d(above, below, 4, stride=2, padding=1)) for above, below in pairwise(widths)
        )
        self.out = spectral_norm(nn.Conv2d(widths[-1], 1, 4))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Output:  # noqa: ARG002  # the interface of discriminators
        for convolution in self.convolutions:
            images = F.leaky_relu(convolution(images), 0.2)
        return Output(self.out(images).float().flatten(1))
