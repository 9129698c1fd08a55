"""A StyleGAN2 that learns many times faster, because during training it is built like a DCGAN.

Four differences between StyleGAN2 and DCGAN (Radford et al. 2016) slowed down learning of drawings, each tested alone
(`python -m benchmarks.convergence` compares the whole):

- A random mapping network moves all w towards their mean, so gradients change all images in the same way. Here w and
  every feature map are normalised over the batch (Ioffe & Szegedy 2015).
- z only scales patterns of a learned constant, one for each feature map. Here z makes the coarsest feature maps
  directly, with separate weights for every position.
- A low-pass filter follows upsampling. Here pixels are repeated, so two filters form one transposed convolution.
- Each block has two convolutions. Here it has one.

Each style layer sees only a part of w, that of its group: coarse, middle or fine
(`spaceseed.mixing.styles.style_groups`). So mixing whole groups gives images like all others.

After training, `plain` converts it to a StyleGAN2 of NVIDIA's layout that draws the same images. Normalisation becomes
part of biases and of the affine layers that make styles from w. Each pattern of the constant is one position, repeated
for each dimension of the coarse part of w. The filter is one of the layout's tensors. Second convolutions are the
identity.
"""

import copy
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.mixing.styles import style_groups
from spaceseed.models.generators.generator import Generator, Tap
from spaceseed.models.generators.layers import Linear
from spaceseed.models.generators.mapping import MappedGenerator, MappingNetwork
from spaceseed.models.generators.stylegan2 import SLOPE, StyleGAN2, SynthesisLayer, ToRGB

EPSILON = 1e-5  # added to variances
SPREAD = 0.02  # standard deviation of initial weights, as in DCGAN
STYLE_SPREAD = 1.0  # standard deviation of initial styles, whose mean is 1
SHARES = (5, 2, 1)  # eighths of w's dimensions: coarse, middle, fine
POSITIONS = 16  # of the coarsest feature maps, 4x4
MOMENTUM = 0.05  # of running statistics in training
STANDING = 2_000  # number of images for the statistics at inference


class Normalization(nn.Module):
    """Normalises channels to mean 0 and variance 1: over the batch in training, with running statistics afterwards."""

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.momentum = MOMENTUM
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Normalises x [N, C, ...], then adds a bias [C]."""
        return F.batch_norm(x, self.mean, self.variance, None, bias, self.training, self.momentum, EPSILON)

    def scale(self) -> Tensor:
        """Returns the factor of each channel after training, [C]."""
        return (self.variance + EPSILON).rsqrt()


class Block(nn.Module):
    """One resolution: feature maps from those below, or from w in the first block, and their colours.

    Args:
        in_channels: feature maps of the block below; 0 for the first block.
        out_channels: feature maps of this block.
        part: the part of w that makes or styles the feature maps.
        colour_part: the part of w that styles the colours.
    """

    def __init__(self, in_channels: int, out_channels: int, part: slice, colour_part: slice) -> None:
        super().__init__()
        self.part, self.colour_part = part, colour_part
        shape = (out_channels, in_channels, 3, 3) if in_channels else (out_channels, POSITIONS, _size(part))
        self.weight = nn.Parameter(SPREAD * torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.styles = _styles(_size(part), in_channels) if in_channels else None
        self.norm = Normalization(out_channels)
        self.colours = nn.Parameter(SPREAD * torch.randn(3, out_channels))
        self.colour_bias = nn.Parameter(torch.zeros(3))
        self.colour_styles = _styles(_size(colour_part), out_channels)
        # In StyleGAN2's block the second convolution, here the identity, also has a leaky ReLU and a gain.
        self.slope, self.gain = (SLOPE**2, 2.0) if in_channels else (SLOPE, math.sqrt(2))

    def forward(self, below: Tensor | None, scale: Tensor | None, w: Tensor) -> Tensor:
        """Returns feature maps [N, O, H, W].

        Args:
            below: feature maps of the block below, [N, I, H / 2, W / 2]; None for the first block.
            scale: `scale()` of the block below, [I]; None for the first block.
            w: normalised, [N, w_dim].
        """
        w = w[:, self.part]
        # Demodulated with the norms that `plain` will have.
        if self.styles is None:
            x = torch.einsum("opj,nj->nop", self.weight, w).unflatten(2, (4, 4))
            norms = w.float().square() @ self.weight.float().square().sum(dim=1).t()
        else:
            assert below is not None
            assert scale is not None
            styles = self.styles(w)
            taps = 4 * F.avg_pool2d(F.pad(self.weight, (1, 1, 1, 1)), 2, stride=1)  # 4x4, with both filters
            x = below * styles.to(below.dtype)[:, :, None, None]
            x = F.conv_transpose2d(x, taps.transpose(0, 1), stride=2, padding=1)
            norms = (styles * scale).float().square() @ self.weight.float().square().sum(dim=(2, 3)).t()
        x = x * (norms + 1e-8).rsqrt().to(x.dtype)[:, :, None, None]
        return F.leaky_relu_(self.norm(x, self.bias), self.slope)

    def colour(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns colours [N, 3, H, W] of feature maps."""
        styles = self.colour_styles(w[:, self.colour_part])
        weights = (styles[:, None] * self.colours).to(x.dtype)
        return ((weights @ x.flatten(2)).unflatten(2, x.shape[2:]) + self.colour_bias[:, None, None]).float()

    def scale(self) -> Tensor:
        """Returns its feature maps divided by those of `plain`, [O]."""
        return self.norm.scale() / self.gain


class NormalizedStyleGAN2(MappedGenerator):
    """The generator during training, unconditional and without noise.

    Args:
        z_dim: size of z.
        w_dim: size of w, a multiple of 8. `plain` has at least ten times as many feature maps at 4x4.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}.
    """

    def __init__(self, z_dim: int, w_dim: int, channels: Mapping[int, int]) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_classes = z_dim, w_dim, 0
        self.channels = dict(sorted(channels.items()))
        self.resolution = max(channels)
        self.num_ws = 2 * len(channels)
        self.mapping = MappingNetwork(z_dim, w_dim, 2)
        self.whiten = Normalization(w_dim)
        widths = [0, *self.channels.values()]
        ends = [w_dim * sum(SHARES[:i]) // sum(SHARES) for i in range(4)]
        groups = zip(pairwise(ends), style_groups(self).values(), strict=True)
        parts = [slice(*part) for part, group in groups for _ in group]
        self.blocks = nn.ModuleDict(
            {
                f"b{side}": Block(*pair, parts[max(0, 2 * i - 1)], parts[2 * i + 1])  # as in StyleGAN2
                for i, (side, pair) in enumerate(zip(self.channels, pairwise(widths), strict=True))
            }
        )
        self.layers = tuple(self.blocks)

    def compute_ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.whiten(self.mapping(z, labels))[:, None].repeat(1, self.num_ws, 1)

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # options differ by family
        x = image = scale = None
        for i, (name, block) in enumerate(self._blocks()):
            x = tap(name, block(x, scale, ws[:, max(0, 2 * i - 1)]))
            colours = block.colour(x, ws[:, 2 * i + 1])
            image = colours if image is None else F.interpolate(image, scale_factor=2.0, mode="nearest") + colours
            scale = block.scale()
        assert image is not None
        return image

    def _blocks(self) -> list[tuple[str, Block]]:
        return [(name, cast(Block, block)) for name, block in self.blocks.items()]

    def style_weights(self, layer: int) -> Tensor:
        return self.plain().style_weights(layer)

    @torch.no_grad()
    def plain(self) -> StyleGAN2:
        """Returns a StyleGAN2 that draws the same images without noise as this one in evaluation mode."""
        first = next(iter(self._blocks()))[1]
        channels = self.channels | {4: max(POSITIONS * _size(first.part), self.channels[4])}
        with torch.random.fork_rng(devices=[]):  # the only initial values that stay are noise maps, of strength 0
            torch.manual_seed(0)
            generator = StyleGAN2(self.z_dim, self.w_dim, channels, mapping_layers=self.mapping.num_layers)
        for name, tensor in (*generator.synthesis.named_parameters(), *generator.synthesis.named_buffers()):
            if not name.endswith("noise_const"):
                tensor.zero_()
            if name.endswith("resample_filter"):
                tensor[1:3, 1:3] = 0.25
        generator.mapping.load_state_dict(self.mapping.state_dict())
        generator.w_avg.copy_(self.whiten.mean)
        scale: Tensor | None = None
        for side, (_, block) in zip(self.channels, self._blocks(), strict=True):
            there = generator.synthesis.block(side)
            if scale is None:
                self._fold_first(block, there.const, there.conv1)
            else:
                assert block.styles is not None
                self._fold(block.styles, block.part, scale, there.conv0.affine)
                _fill(there.conv0.weight, block.weight)
                self._fold_bias(block, there.conv0)
                nn.init.dirac_(there.conv1.weight)
                there.conv1.affine.bias.fill_(1)
            scale = block.scale()
            colours = cast(ToRGB, there.torgb)
            self._fold(block.colour_styles, block.colour_part, scale, colours.affine)
            _fill(colours.weight, block.colours[:, :, None, None] / colours.weight_gain)
            colours.bias.copy_(block.colour_bias)
        return generator.to(self.device)

    def _fold_first(self, block: Block, constant: Tensor, layer: SynthesisLayer) -> None:
        size = _size(block.part)
        count = POSITIONS * size
        one_hot = torch.eye(POSITIONS).repeat_interleave(size, dim=0)
        constant[:count] = one_hot.unflatten(1, (4, 4))
        _fill(layer.weight[:, :, 1:2, 1:2], block.weight.flatten(1)[:, :, None, None])
        whitened = nn.utils.skip_init(nn.Linear, size, count)
        whitened.weight.copy_(torch.eye(size).repeat(POSITIONS, 1))
        whitened.bias.zero_()
        self._fold(whitened, block.part, torch.ones(count), layer.affine)
        self._fold_bias(block, layer)

    def _fold(self, styles: nn.Linear, part: slice, scale: Tensor, affine: Linear) -> None:
        """Sets `affine` to make the styles from w before normalisation, for feature maps before normalisation."""
        weight = styles.weight * self.whiten.scale()[part]
        _fill(affine.weight[:, part], scale[:, None] * weight / affine.weight_gain)
        _fill(affine.bias, scale * (styles.bias - weight @ self.whiten.mean[part]))

    def _fold_bias(self, block: Block, layer: SynthesisLayer) -> None:
        _fill(layer.bias, block.bias / block.norm.scale() - block.norm.mean)


Normalized = TypeVar("Normalized", bound=Generator)


@torch.no_grad()
def standing(generator: Normalized) -> Normalized:
    """Returns a copy for inference, with statistics over many of its own images (Brock et al. 2019, sec. 4.1).

    Averaged weights have no statistics of their own, only those of the latest batches of the latest weights.

    Args:
        generator: one with layers of `Normalization`.
    """
    copied = copy.deepcopy(generator).train()
    norms = [module for module in copied.modules() if isinstance(module, Normalization)]
    rng = torch.Generator().manual_seed(0)
    size = max(16, min(250, 2**20 // generator.resolution**2))  # activations must fit in memory
    for batch in range(1, STANDING // size + 1):
        for norm in norms:
            norm.momentum = 1 / batch  # so that all batches have equal weight
        copied.synthesize(copied.map(torch.randn(size, generator.z_dim, generator=rng).to(generator.device)))
    return copied.eval()


def _size(part: slice) -> int:
    return int(part.stop - part.start)


def _styles(size: int, channels: int) -> nn.Linear:
    """Returns a layer that makes styles from `size` dimensions of a normalised w."""
    linear = nn.Linear(size, channels)
    nn.init.normal_(linear.weight, std=STYLE_SPREAD / math.sqrt(size))
    nn.init.ones_(linear.bias)
    return linear


def _fill(whole: Tensor, part: Tensor) -> None:
    """Copies `part` to the start of each axis of `whole`."""
    whole[tuple(slice(size) for size in part.shape)] = part
