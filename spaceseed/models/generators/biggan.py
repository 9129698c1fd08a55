"""BigGAN-deep (Brock et al. 2019), "Large Scale GAN Training for High Fidelity Natural Image Synthesis", app. B.

A latent and the embedding of a class enter through every batch normalisation. Weights are already divided by their
spectral norms. The checkpoint reader does it once.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.arguments import check_number
from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator, Tap
from spaceseed.models.generators.shapes import Shapes, expect, unfilled

# Each block doubles the image's side, so small tensors could ask for a huge image. The largest published side is 512.
MAX_RESOLUTION = 1024
TRUNCATED_AT = 2.0

# Position in the stored batch statistics: (row, weight of the row; the rest is the weight of the next row).
Position = tuple[int, float]


def truncated_normal(z: Tensor) -> Tensor:
    """Turns N(0, I) into the normal distribution truncated to (-2, 2), which BigGAN expects.

    Each number keeps its quantile: `F^-1(Phi(z))`, where F is the cumulative distribution function of the truncated
    normal. The order of numbers does not change, so a search can work on normal latents.

    Args:
        z: of any shape.

    Returns:
        Numbers in [-2, 2], of z's shape and dtype; computed in double precision.
    """
    tail = torch.special.ndtr(torch.tensor(-TRUNCATED_AT, dtype=torch.float64, device=z.device))
    share = tail + torch.special.ndtr(z.double()) * (1 - 2 * tail)
    return torch.special.ndtri(share).to(z.dtype)


class BatchNorm(nn.Module):
    """Batch normalisation with statistics for several truncations. A subclass adds gain and offset."""

    running_means: Tensor
    running_vars: Tensor

    def __init__(self, channels: int, num_stats: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("running_means", torch.zeros(num_stats, channels))
        self.register_buffer("running_vars", torch.ones(num_stats, channels))

    def normalize(self, x: Tensor, gain: Tensor, offset: Tensor, position: Position) -> Tensor:
        """Normalises x [N, C, H, W], applies gain and offset, [N, C] or [C], and then the ReLU."""
        gain = gain * (_between(self.running_vars, position) + self.eps).rsqrt()
        offset = offset - _between(self.running_means, position) * gain
        # Normalisation, gain and offset in one pass over the pixels.
        return torch.addcmul(offset[..., None, None].to(x.dtype), x, gain[..., None, None].to(x.dtype)).relu_()


class PlainNorm(BatchNorm):
    """The last batch normalisation, the same for all classes and latents."""

    def __init__(self, channels: int, num_stats: int, eps: float) -> None:
        super().__init__(channels, num_stats, eps)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, position: Position) -> Tensor:
        return self.normalize(x, self.weight, self.bias, position)


class ConditionalNorm(BatchNorm):
    """Batch normalisation whose gain and offset are linear functions of w, which holds latent and class."""

    def __init__(self, channels: int, w_dim: int, num_stats: int, eps: float) -> None:
        super().__init__(channels, num_stats, eps)
        self.scale = nn.Linear(w_dim, channels, bias=False)
        self.offset = nn.Linear(w_dim, channels, bias=False)

    def forward(self, x: Tensor, w: Tensor, position: Position) -> Tensor:
        return self.normalize(x, 1 + self.scale(w), self.offset(w), position)


class Block(nn.Module):
    """Four convolutions (a bottleneck) and a skip path. If the width halves, the skip path keeps the first channels."""

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, num_stats: int, eps: float, up: bool) -> None:
        super().__init__()
        self.up, self.out_channels = up, out_channels
        middle = in_channels // 4
        self.bn_0 = ConditionalNorm(in_channels, w_dim, num_stats, eps)
        self.bn_1 = ConditionalNorm(middle, w_dim, num_stats, eps)
        self.bn_2 = ConditionalNorm(middle, w_dim, num_stats, eps)
        self.bn_3 = ConditionalNorm(middle, w_dim, num_stats, eps)
        self.conv_0 = nn.Conv2d(in_channels, middle, 1)
        self.conv_1 = nn.Conv2d(middle, middle, 3, padding=1)
        self.conv_2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.conv_3 = nn.Conv2d(middle, out_channels, 1)

    def forward(self, x: Tensor, w: Tensor, position: Position) -> Tensor:
        y = self.conv_0(self.bn_0(x, w, position))
        y = self.bn_1(y, w, position)
        y = self.conv_1(_upsample(y) if self.up else y)
        y = self.conv_2(self.bn_2(y, w, position))
        y = self.conv_3(self.bn_3(y, w, position))
        skip = x[:, : self.out_channels]
        return y + (_upsample(skip) if self.up else skip)


class Attention(nn.Module):
    """Self-attention over positions. Keys and values are pooled 2x2 (Zhang et al. 2019)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.snconv1x1_theta = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.snconv1x1_phi = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.snconv1x1_g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.snconv1x1_o_conv = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        query = self.snconv1x1_theta(x).flatten(2).mT
        key = F.max_pool2d(self.snconv1x1_phi(x), 2).flatten(2).mT
        value = F.max_pool2d(self.snconv1x1_g(x), 2).flatten(2).mT
        attended = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.gamma * self.snconv1x1_o_conv(attended.mT.unflatten(2, x.shape[2:]))


class SynthesisNetwork(nn.Module):
    """From ws to an image. Each block has its own w."""

    def __init__(
        self,
        w_dim: int,
        channels: Sequence[int],
        upsamples: Sequence[bool],
        attention: int | None,
        num_stats: int,
        eps: float,
    ) -> None:
        super().__init__()
        self.num_stats = num_stats
        self.gen_z = nn.Linear(w_dim, 16 * channels[0])
        blocks: list[nn.Module] = [
            Block(below, here, w_dim, num_stats, eps, up)
            for (below, here), up in zip(pairwise(channels), upsamples, strict=True)
        ]
        if attention is not None:
            blocks.insert(attention, Attention(channels[attention]))
        self.layers = nn.ModuleList(blocks)
        self.bn = PlainNorm(channels[-1], num_stats, eps)
        self.conv_to_rgb = nn.Conv2d(channels[-1], 3, 3, padding=1)

    def forward(self, ws: Tensor, tap: Tap, truncation: float) -> Tensor:
        position = self.position(truncation)
        x = self.gen_z(ws[:, 0]).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)
        x = tap("gen_z", x)
        row = 1
        for layer in self.layers:
            if isinstance(layer, Attention):
                x = layer(x)
            else:
                x = tap(f"block{row - 1}", layer(x, ws[:, row], position))
                row += 1
        return self.conv_to_rgb(self.bn(x, position)).tanh()

    def position(self, truncation: float) -> Position:
        """Returns the position in the stored statistics. As in the official code, the step is a rounded number."""
        step = 1 / (self.num_stats - 1)
        fraction, row = math.modf(min(max(truncation, 0.0), 1.0) / step)
        return int(row), fraction or 1.0


class BigGAN(Generator):
    """The generator, for a thousand classes or any mix of them.

    A row of ws is z followed by the class embedding. Row 0 makes the first 4x4 pixels, and row i + 1 enters block i. So
    latents and classes of different images can be mixed layer by layer.

    `map` turns N(0, I) into the truncated normal distribution that BigGAN expects. So seeds and searches work as with
    other generators. Its `truncation` scales only z, not the class.

    Option of `synthesize`: `truncation`, clipped to [0, 1], selects the batch statistics that were measured with it.
    The official code uses the same truncation here and for z. The default is 1.

    Args:
        z_dim: size of z.
        class_dim: size of a class's embedding.
        num_classes: number of classes.
        channels: feature maps at the start and after each block. A block keeps or halves their number.
        upsamples: for each block, whether it doubles the resolution. The first resolution is 4.
        attention: index of the block that follows self-attention; None for no attention.
        num_stats: number of truncations, evenly spaced from 0 to 1, with stored batch statistics.
        eps: constant that is added to variances.
    """

    has_mapping = False
    options = ("truncation",)

    def __init__(
        self,
        z_dim: int,
        class_dim: int,
        num_classes: int,
        channels: Sequence[int],
        upsamples: Sequence[bool],
        *,
        attention: int | None = None,
        num_stats: int = 51,
        eps: float = 1e-4,
    ) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_classes = z_dim, z_dim + class_dim, num_classes
        self.num_ws = len(channels)
        self.resolution = 4 << sum(upsamples)
        self.embeddings = nn.Linear(num_classes, class_dim, bias=False)
        self.synthesis = SynthesisNetwork(self.w_dim, channels, upsamples, attention, num_stats, eps)
        self.layers = ("gen_z", *(f"block{i}" for i in range(len(upsamples))))

    @classmethod
    def like(cls, tensors: Mapping[str, Tensor], upsamples: Sequence[bool], eps: float) -> "BigGAN":
        """Makes a generator for these tensors. Its own are uninitialised.

        Args:
            tensors: a state dict of this class; other names are ignored.
            upsamples: as in the class; it cannot be read from tensors.
            eps: as in the class; it cannot be read from tensors.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing, or does not fit the others or `upsamples`.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        sizes = _sizes(shapes)
        if len(upsamples) != len(sizes["channels"]) - 1:
            raise CheckpointError(
                f"The weights have {len(sizes['channels']) - 1} blocks, and the configuration has {len(upsamples)}."
            )
        if 4 << sum(upsamples) > MAX_RESOLUTION:
            raise CheckpointError(f"The configuration asks for images of more than {MAX_RESOLUTION} pixels.")
        return unfilled(lambda: cls(**sizes, upsamples=upsamples, eps=eps), shapes)

    @property
    def w_avg(self) -> Tensor:  # type: ignore[override]
        """Zeros for z, and the mean of the class embeddings."""
        weight = self.embeddings.weight
        return torch.cat([weight.new_zeros(self.z_dim), weight.mean(dim=1)])

    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        w = torch.cat([truncated_normal(z), self.embeddings(labels)], dim=1)
        return w[:, None].repeat(1, self.num_ws, 1)

    def _truncated(self, ws: Tensor, truncation: float, cutoff: int) -> Tensor:
        scales = ws.new_ones(ws.shape[1], ws.shape[2])
        scales[:cutoff, : self.z_dim] = truncation
        return ws * scales

    def compute_images(  # type: ignore[override]  # options differ by family
        self, ws: Tensor, tap: Tap, truncation: float = 1.0
    ) -> Tensor:
        return self.synthesis(ws, tap, check_number("truncation", truncation))

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        if layer == 0:
            return self.synthesis.gen_z.weight
        blocks = [block for block in self.synthesis.layers if isinstance(block, Block)]
        block = blocks[layer - 1]
        norms = (block.bn_0, block.bn_1, block.bn_2, block.bn_3)
        return torch.cat([weight for norm in norms for weight in (norm.scale.weight, norm.offset.weight)])


def _between(stats: Tensor, position: Position) -> Tensor:
    """Mixes two neighbouring rows of stats. The official code swaps their weights, so this does too."""
    row, weight = position
    after = min(row + 1, stats.shape[0] - 1)
    return stats[row] if weight == 1 else stats[row] * weight + stats[after] * (1 - weight)


def _upsample(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2)


def _sizes(shapes: Shapes) -> dict[str, Any]:
    """Returns the arguments of `BigGAN` from the shapes of its tensors."""
    class_dim, num_classes = expect(shapes, "embeddings.weight", None, None)
    w_dim = expect(shapes, "synthesis.gen_z.weight", None, None)[1]
    num_stats = expect(shapes, "synthesis.bn.running_means", None, None)[0]
    if w_dim <= class_dim or num_stats == 1:
        raise CheckpointError("The weights are too small to hold a latent, or have no batch statistics to choose from.")
    channels = [expect(shapes, "synthesis.layers.0.conv_0.weight", None, None, 1, 1)[1]]
    attention = None
    while True:
        name = f"synthesis.layers.{len(channels) - 1 + (attention is not None)}"
        if f"{name}.conv_3.weight" in shapes:
            channels.append(expect(shapes, f"{name}.conv_3.weight", None, None, 1, 1)[0])
            if channels[-1] not in (channels[-2], channels[-2] // 2):
                raise CheckpointError(f"The weights of {name} do not fit a block, which keeps or halves its width.")
        elif f"{name}.gamma" in shapes and attention is None:
            attention = len(channels) - 1
        else:
            break
    return {
        "z_dim": w_dim - class_dim,
        "class_dim": class_dim,
        "num_classes": num_classes,
        "channels": channels,
        "attention": attention,
        "num_stats": num_stats,
    }
