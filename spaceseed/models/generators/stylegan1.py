"""StyleGAN (Karras et al. 2019), "A Style-Based Generator Architecture for Generative Adversarial Networks".

Convolutions enlarge a learned constant. After each layer a style sets the mean and standard deviation of every feature
map (adaptive instance normalisation, eq. 1). Weights are already multiplied by the factors of the equalised learning
rate, upsampling and its convolution are already one kernel, and the bias is already added to the constant. The
checkpoint reader does it once.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.layers import Linear, check_noise, noise_map
from spaceseed.models.generators.mapping import MappedGenerator, MappingNetwork, mapping_sizes
from spaceseed.models.generators.shapes import expect, unfilled


def adaptive_instance_norm(x: Tensor, styles: Tensor) -> Tensor:
    """Sets the mean and standard deviation of every feature map from a style (eq. 1).

    Args:
        x: [N, C, H, W].
        styles: [N, 2 C], the standard deviations minus 1, then the means.

    Returns:
        [N, C, H, W].
    """
    # One batch normalisation of a single image with N C channels gives the same result in one step instead of four.
    # With half precision it needs float32 parameters; with channels last its sums would be ten times less exact.
    scale, shift = styles.to(torch.promote_types(x.dtype, torch.float32)).chunk(2, dim=1)
    maps = x.reshape(1, -1, *x.shape[2:]).contiguous()
    return F.batch_norm(maps, None, None, (scale + 1).flatten(), shift.flatten(), training=True, eps=1e-8).view(x.shape)


def low_pass(channels: int) -> nn.Conv2d:
    """Returns a convolution with the binomial filter [1, 2, 1] for every feature map, and the layer's bias."""
    conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1, groups=channels)
    taps = torch.tensor([0.25, 0.5, 0.25])
    conv.weight = nn.Parameter(torch.outer(taps, taps).repeat(channels, 1, 1, 1))
    return conv


class SynthesisLayer(nn.Module):
    """A convolution, then noise, leaky ReLU and style.

    Args:
        in_channels: feature maps of the layer before; 0 for the first layer, whose input is the constant.
        out_channels: feature maps of this layer.
        w_dim: size of w.
        resolution: side of this layer's feature maps in pixels.
        up: whether to double the resolution first, followed by a low-pass filter.
    """

    noise_const: Tensor

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, resolution: int, up: bool) -> None:
        super().__init__()
        self.convolve: nn.Module
        if up:
            grow = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False)
            self.convolve = nn.Sequential(grow, low_pass(out_channels))
        else:
            self.convolve = nn.Conv2d(in_channels, out_channels, 3, padding=1) if in_channels else nn.Identity()
        self.noise_strength = nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.affine = Linear(w_dim, 2 * out_channels)

    def forward(self, x: Tensor, w: Tensor, noise: str, rng: torch.Generator | None) -> Tensor:
        x = self.convolve(x)
        drawn = noise_map(noise, self.noise_const, x.shape[0], rng)
        if drawn is not None:
            x.addcmul_(drawn.to(x.dtype), self.noise_strength.to(x.dtype)[:, None, None])
        return adaptive_instance_norm(F.leaky_relu_(x, 0.2), self.affine(w))


class StyleGAN1(MappedGenerator):
    """The generator, mapping and synthesis together.

    `layers` are "layer0" and so on. Layer i uses row i of ws. Its activation is the output after the style.

    Options of `synthesize`: `noise`: "const" for the stored noise maps, "none", or "random" for new maps for every
    image; `rng`: the torch.Generator for "random", required there.

    Args:
        z_dim: size of z.
        w_dim: size of w.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the largest key is the image's side.
        mapping_layers: number of fully connected layers between z and w.
        mapping_features: width of all but the last of them; w_dim if None.
        num_classes: size of the label vector; 0 for unconditional models.
        label_features: size of the label's embedding; w_dim if None.
    """

    options = ("noise", "rng")

    def __init__(
        self,
        z_dim: int,
        w_dim: int,
        channels: Mapping[int, int],
        *,
        mapping_layers: int = 8,
        mapping_features: int | None = None,
        num_classes: int = 0,
        label_features: int | None = None,
    ) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_classes = z_dim, w_dim, num_classes
        self.resolution = max(channels)
        self.mapping = MappingNetwork(
            z_dim,
            w_dim,
            mapping_layers,
            num_classes=num_classes,
            features=mapping_features,
            label_features=label_features,
            joint_labels=True,
        )
        self.synthesis = nn.ModuleDict()
        below = 0
        for resolution in sorted(channels):
            for up in (below > 0, False):
                name = f"layer{len(self.synthesis)}"
                self.synthesis[name] = SynthesisLayer(below, channels[resolution], w_dim, resolution, up)
                below = channels[resolution]
        self.const = nn.Parameter(torch.ones(channels[min(channels)], min(channels), min(channels)))
        self.torgb = nn.Conv2d(below, 3, kernel_size=1)
        self.layers = tuple(self.synthesis)
        self.num_ws = len(self.layers)

    @classmethod
    def like(cls, tensors: Mapping[str, Tensor]) -> "StyleGAN1":
        """Makes a generator for these tensors. Its own are uninitialised.

        Args:
            tensors: a state dict of this class; other names are ignored.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        channels: dict[int, int] = {}
        while not channels or f"synthesis.layer{2 * len(channels)}.noise_const" in shapes:
            name, resolution = f"synthesis.layer{2 * len(channels)}", 4 * 2 ** len(channels)
            # Checked, because each block doubles the image's side: small tensors must not ask for a huge image.
            expect(shapes, f"{name}.noise_const", resolution, resolution)
            channels[resolution] = expect(shapes, f"{name}.noise_strength", None)[0]
        sizes = mapping_sizes(shapes)
        return unfilled(lambda: cls(channels=channels, **sizes), shapes)

    def compute_images(  # type: ignore[override]  # options differ by family
        self, ws: Tensor, tap: Tap, noise: str = "const", rng: torch.Generator | None = None
    ) -> Tensor:
        check_noise(noise, rng)
        x = self.const.repeat(ws.shape[0], 1, 1, 1)
        for name, w in zip(self.layers, ws.unbind(dim=1), strict=True):
            x = tap(name, self.synthesis[name](x, w, noise, rng))
        return self.torgb(x).float()

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        return cast(Linear, self.synthesis[self.layers[layer]].affine).weight
