"""A PGGAN that learns many times faster, because during training it is built like a DCGAN.

As in `normalized`, every feature map is normalised over the batch (Ioffe & Szegedy 2015), each block has one
convolution, the other one is the identity, and the discriminator is a DCGAN's. After training, `plain` makes the
normalisation a part of weights and biases, so the result is a usual PGGAN that draws the same images.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.layers import normalize_second_moment
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.training.networks.normalized import SPREAD, Normalization

SLOPE = 0.2  # of the leaky ReLU after each convolution
COLOUR_SPREAD = 4 * SPREAD  # so that the first images are not all gray


class NormalizedPGGAN(PGGAN):
    """The generator during training.

    Args:
        z_dim: size of z.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}.
    """

    def __init__(self, z_dim: int, channels: Mapping[int, int]) -> None:
        super().__init__(z_dim, channels)
        self.norms = nn.ModuleDict()
        for name, layer in self.convolutions.items():
            weight, bias = cast(Tensor, layer.weight), cast(Tensor, layer.bias)
            nn.init.zeros_(bias)
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(weight, std=SPREAD)
                self.norms[name] = Normalization(len(bias))
            else:
                nn.init.dirac_(weight)
                layer.requires_grad_(requires_grad=False)
        nn.init.normal_(self.torgb.weight, std=COLOUR_SPREAD)
        nn.init.zeros_(cast(Tensor, self.torgb.bias))

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # options differ by family
        x = normalize_second_moment(ws[:, 0])[:, :, None, None]
        for name, identity in zip(self.layers[::2], self.layers[1::2], strict=True):
            layer = cast(nn.ConvTranspose2d, self.convolutions[name])
            x = F.conv_transpose2d(
                normalize_second_moment(x),
                layer.weight,
                stride=layer.stride,
                padding=layer.padding,  # type: ignore[arg-type]
            )
            x = tap(name, F.leaky_relu(cast(Normalization, self.norms[name])(x, layer.bias), SLOPE))
            x = tap(identity, F.leaky_relu(normalize_second_moment(x), SLOPE))
        return self.torgb(normalize_second_moment(x)).float()

    @torch.no_grad()
    def plain(self) -> PGGAN:
        """Returns a PGGAN that draws the same images as this one in evaluation mode."""
        state = {name: tensor.clone() for name, tensor in self.state_dict().items() if not name.startswith("norms.")}
        for name, norm in self.norms.items():
            norm = cast(Normalization, norm)
            scale = norm.scale()
            state[f"convolutions.{name}.weight"] *= scale[:, None, None]
            state[f"convolutions.{name}.bias"] -= norm.mean * scale
        generator = PGGAN.like(state)
        generator.load_state_dict(state)
        return generator.to(self.device)
