"""Straightforward ports of the synthesis networks, for comparison with `spaceseed.models`.

Each port computes its network step by step, as papers and public code describe it. The weights are modulated for each
image, and the batch is one grouped convolution. A filter inserts zeros, pads, convolves and drops samples, one after
the other. Normalisation, noise, bias, activation, gain and bound are separate steps. A port reads the generator's own
parameters, and draws what `synthesize` draws without options.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.models.generators.biggan import Attention, BigGAN, ConditionalNorm
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.layers import normalize_second_moment
from spaceseed.models.generators.mobile_stylegan import HAAR, MobileStyleGAN
from spaceseed.models.generators.mobile_stylegan import SynthesisLayer as MobileLayer
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan1 import StyleGAN1
from spaceseed.models.generators.stylegan2 import StyleGAN2, ToRGB
from spaceseed.models.generators.stylegan2 import SynthesisLayer as StyleGAN2Layer
from spaceseed.models.generators.stylegan3 import OUTPUT_SCALE, StyleGAN3
from spaceseed.models.generators.stylegan3 import SynthesisLayer as StyleGAN3Layer

# From ws [N, num_ws, w_dim] to images [N, 3, resolution, resolution].
Port = Callable[[Tensor], Tensor]
# From here on StyleGAN's upsampling layers were one transposed convolution; below, pixels were repeated first.
FUSED_FROM = 128


def port(generator: Generator) -> Port:
    """Returns the port of a generator's synthesis."""
    return PORTS[type(generator)](generator)


def modulated_conv(
    x: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool = True, up: bool = False, padding: int = 0
) -> Tensor:
    """Scales the weights [O, I, k, k] by each image's styles [N, I], and convolves the batch in N groups."""
    n, channels, height, width = x.shape
    weights = weight[None] * styles[:, None, :, None, None]
    if demodulate:
        norms = (weights.square().sum(dim=(2, 3, 4)) + 1e-8).rsqrt()
        weights = weights * norms[:, :, None, None, None]
    x = x.reshape(1, n * channels, height, width)
    if up:
        x = F.conv_transpose2d(x, weights.transpose(1, 2).flatten(0, 1), stride=2, groups=n)
    else:
        x = F.conv2d(x, weights.flatten(0, 1), padding=padding, groups=n)
    return x.reshape(n, -1, *x.shape[2:])


def resample(x: Tensor, kernel: Tensor, pad: tuple[int, int], up: int = 1, down: int = 1) -> Tensor:
    """Filters each channel between two sampling rates; negative `pad` crops.

    A kernel [k] runs along rows and then along columns, one [k, k] at once; both are true convolutions.
    """
    n, channels, height, width = x.shape
    x = F.pad(x.reshape(n, channels, height, 1, width, 1), (0, up - 1, 0, 0, 0, up - 1))
    x = F.pad(x.reshape(n, channels, height * up, width * up), (*pad, *pad))
    if kernel.ndim == 1:
        weight = kernel.flip(0).repeat(channels, 1, 1, 1)
        x = F.conv2d(F.conv2d(x, weight, groups=channels), weight.mT, groups=channels)
    else:
        x = F.conv2d(x, kernel.flip((0, 1)).repeat(channels, 1, 1, 1), groups=channels)
    return x[:, :, ::down, ::down]


def activate(x: Tensor, clamp: float | None) -> Tensor:
    """Applies leaky ReLU, gain and bound."""
    x = F.leaky_relu(x, 0.2)
    x = x * 2**0.5
    return bound(x, clamp)


def bound(x: Tensor, clamp: float | None) -> Tensor:
    """Clips to [-clamp, clamp]."""
    return x if clamp is None else x.clamp(-clamp, clamp)


def along_channels(vector: Tensor) -> Tensor:
    """[C] or [N, C] to what broadcasts over feature maps."""
    return vector[..., None, None]


def stylegan2(generator: StyleGAN2) -> Port:
    """Draws with StyleGAN2 of the "skip" architecture."""

    def layer(conv: StyleGAN2Layer, x: Tensor, w: Tensor) -> Tensor:
        x = modulated_conv(x, conv.weight, conv.affine(w), up=conv.up, padding=1)
        if conv.up:
            x = resample(x, conv.resample_filter * 4, (1, 1))
        x = x + conv.noise_const * conv.noise_strength
        x = x + along_channels(conv.bias)
        return activate(x, conv.clamp)

    def colours(torgb: Any, x: Tensor, w: Tensor) -> Tensor:
        assert isinstance(torgb, ToRGB)
        x = modulated_conv(x, torgb.weight, torgb.affine(w) * torgb.weight_gain, demodulate=False)
        return bound(x + along_channels(torgb.bias), torgb.clamp)

    def draw(ws: Tensor) -> Tensor:
        network = generator.synthesis
        first, *others = (network.block(resolution) for resolution in network.resolutions)
        x = layer(first.conv1, first.const.repeat(len(ws), 1, 1, 1), ws[:, 0])
        image = colours(first.torgb, x, ws[:, 1])
        for i, block in enumerate(others):
            x = layer(block.conv0, x, ws[:, 2 * i + 1])
            x = layer(block.conv1, x, ws[:, 2 * i + 2])
            image = resample(image, block.resample_filter * 4, (2, 1), up=2)
            image = image + colours(block.torgb, x, ws[:, 2 * i + 3])
        return image

    return draw


def stylegan3(generator: StyleGAN3) -> Port:
    """StyleGAN3, either configuration; the waves at its bottom are the generator's own."""

    def layer(conv: StyleGAN3Layer, x: Tensor, w: Tensor) -> Tensor:
        gain, reach = conv.magnitude_ema.rsqrt(), conv.weight.shape[-1] - 1
        if conv.to_rgb:
            styles = conv.affine(w) * (gain / conv.weight[0].numel() ** 0.5)
            x = modulated_conv(x, conv.weight, styles, demodulate=False, padding=reach)
            return bound(x + along_channels(conv.bias), conv.clamp)
        x = modulated_conv(x, conv.weight, normalize_second_moment(conv.affine(w)), padding=reach)
        x = x * gain
        x = x + along_channels(conv.bias)
        # The generator's convolution leaves out margins that are cropped here.
        crop, taps = conv.crop + (reach - conv.padding) * conv.up, len(conv.up_filter)
        x = resample(x, conv.up_filter * conv.up, (taps - 1 - crop, taps - conv.up - crop), up=conv.up)
        x = activate(x, conv.clamp)
        return resample(x, conv.down_filter, (0, 0), down=conv.down)

    def draw(ws: Tensor) -> Tensor:
        x = generator.synthesis["input"](ws[:, 0], None)
        for i, name in enumerate(generator.layers[1:], start=1):
            x = layer(generator.synthesis[name], x, ws[:, i])  # type: ignore[arg-type]
        return x * OUTPUT_SCALE

    return draw


def original_kernel(weight: Any) -> Tensor:
    """Returns the kernel [O, I, 3, 3] for repeated pixels from a transposed convolution's [I, O, 4, 4]."""
    rows = torch.stack([weight[:, :, 0], weight[:, :, 1] - weight[:, :, 0], weight[:, :, 3]], dim=2)
    kernel = torch.stack([rows[..., 0], rows[..., 1] - rows[..., 0], rows[..., 3]], dim=3)
    return kernel.transpose(0, 1).flip(2, 3).contiguous()


def fused_kernel(kernel: Tensor) -> Tensor:
    """Inverts `original_kernel`."""
    padded = F.pad(kernel.flip(2, 3), (1, 1, 1, 1))
    rows = padded[:, :, 1:] + padded[:, :, :-1]
    return (rows[..., 1:] + rows[..., :-1]).transpose(0, 1).contiguous()


def repeat_and_convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """Doubles the resolution by repeating pixels, then convolves."""
    return F.conv2d(F.interpolate(x, scale_factor=2), kernel, padding=1)


def stylegan1(generator: StyleGAN1) -> Port:
    """StyleGAN, with adaptive instance normalisation in steps."""
    layers: dict[str, Any] = dict(generator.synthesis.items())
    kernels = {
        name: original_kernel(layer.convolve[0].weight)
        for name, layer in layers.items()
        if isinstance(layer.convolve, nn.Sequential) and len(layer.noise_const) < FUSED_FROM
    }

    def convolve(name: str, convolution: Any, x: Tensor) -> Tensor:
        if not isinstance(convolution, nn.Sequential):
            return convolution(x)
        grow: Any
        low_pass: Any
        grow, low_pass = convolution
        if name in kernels:
            x = repeat_and_convolve(x, kernels[name])
        else:
            x = F.conv_transpose2d(x, grow.weight, stride=2, padding=1)
        return resample(x, low_pass.weight[0, 0], (1, 1)) + along_channels(low_pass.bias)

    def draw(ws: Tensor) -> Tensor:
        x = generator.const.repeat(len(ws), 1, 1, 1)
        for i, (name, layer) in enumerate(layers.items()):
            x = convolve(name, layer.convolve, x)
            x = x + layer.noise_const * along_channels(layer.noise_strength)
            x = F.leaky_relu(x, 0.2)
            x = x - x.mean(dim=(2, 3), keepdim=True)
            x = x / (x.square().mean(dim=(2, 3), keepdim=True) + 1e-8).sqrt()
            scale, shift = layer.affine(ws[:, i]).chunk(2, dim=1)
            x = x * along_channels(scale + 1) + along_channels(shift)
        return generator.torgb(x)

    return draw


def pggan(generator: PGGAN) -> Port:
    """PGGAN, which repeats pixels before it convolves them."""
    layers: dict[str, Any] = dict(generator.convolutions.items())
    kernels = {name: original_kernel(layers[name].weight) for name in generator.layers[2::2]}

    def draw(ws: Tensor) -> Tensor:
        x = along_channels(normalize_second_moment(ws[:, 0]))
        for name, layer in layers.items():
            x = x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
            x = repeat_and_convolve(x, kernels[name]) + along_channels(layer.bias) if name in kernels else layer(x)
            x = F.leaky_relu(x, 0.2)
        x = x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
        return generator.torgb(x)

    return draw


def biggan(generator: BigGAN) -> Port:
    """BigGAN-deep, with batch normalisation and attention in steps."""

    def norm(bn: Any, x: Tensor, w: Tensor | None = None) -> Tensor:
        x = x - along_channels(bn.running_means[-1])
        x = x / along_channels((bn.running_vars[-1] + bn.eps).sqrt())
        if isinstance(bn, ConditionalNorm):
            x = x * along_channels(1 + bn.scale(w)) + along_channels(bn.offset(w))
        else:
            x = x * along_channels(bn.weight) + along_channels(bn.bias)
        return F.relu(x)

    def attend(layer: Attention, x: Tensor) -> Tensor:
        query = layer.snconv1x1_theta(x).flatten(2)
        key = F.max_pool2d(layer.snconv1x1_phi(x), 2).flatten(2)
        value = F.max_pool2d(layer.snconv1x1_g(x), 2).flatten(2)
        shares = torch.softmax(query.mT @ key, dim=2)
        found = (value @ shares.mT).unflatten(2, x.shape[2:])
        return x + layer.gamma * layer.snconv1x1_o_conv(found)

    def block(layer: Any, x: Tensor, w: Tensor) -> Tensor:
        y = layer.conv_0(norm(layer.bn_0, x, w))
        y = norm(layer.bn_1, y, w)
        x = x[:, : layer.out_channels]
        if layer.up:
            x, y = F.interpolate(x, scale_factor=2), F.interpolate(y, scale_factor=2)
        y = layer.conv_1(y)
        y = layer.conv_2(norm(layer.bn_2, y, w))
        y = layer.conv_3(norm(layer.bn_3, y, w))
        return x + y

    def draw(ws: Tensor) -> Tensor:
        network = generator.synthesis
        x = network.gen_z(ws[:, 0]).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2).contiguous()
        row = 1
        for layer in network.layers:
            if isinstance(layer, Attention):
                x = attend(layer, x)
            else:
                x = block(layer, x, ws[:, row])
                row += 1
        return torch.tanh(network.conv_to_rgb(norm(network.bn, x)))

    return draw


def mobile_stylegan(generator: MobileStyleGAN) -> Port:
    """MobileStyleGAN, whose wavelet transform inserts zeros and filters each band."""

    def layer(conv: MobileLayer, x: Tensor, w: Tensor) -> Tensor:
        styles = conv.affine(w)
        if conv.depthwise is None:
            x = modulated_conv(x, conv.weight, styles, demodulate=False, padding=1)
        else:
            n, channels, *size = x.shape
            weights = conv.depthwise[None] * styles[:, :, None, None, None]
            x = x.reshape(1, n * channels, *size)
            x = F.conv2d(x, weights.flatten(0, 1), padding=1, groups=n * channels)
            x = F.conv2d(x.reshape(n, channels, *size), conv.weight)
        x = x + along_channels(conv.bias)
        x = x + conv.noise
        return F.leaky_relu(x, 0.2)

    def wavelets(x: Tensor) -> Tensor:
        bands = x.unflatten(1, (-1, 4)).unbind(2)
        return sum(  # type: ignore[return-value]
            resample(band, kernel.reshape(2, 2), (1, 0), up=2)
            for band, kernel in zip(bands, HAAR.to(x.device).T, strict=True)
        )

    def draw(ws: Tensor) -> Tensor:
        x = layer(generator.conv, generator.const.repeat(len(ws), 1, 1, 1), ws[:, 0])
        block: Any
        for i, block in enumerate(generator.blocks):
            x = wavelets(x * along_channels(block.affine(ws[:, 3 * i + 1])))
            x = layer(block.conv0, x, ws[:, 3 * i + 2])
            x = layer(block.conv1, x, ws[:, 3 * i + 3])
        torgb = generator.torgb
        weight, bias = torgb.weight.reshape(12, -1, 1, 1), torgb.bias.reshape(12)
        x = modulated_conv(x, weight, torgb.affine(ws[:, -1]), demodulate=False)
        return F.pixel_shuffle(x + along_channels(bias), 2)

    return draw


PORTS: dict[type[Generator], Callable[[Any], Port]] = {
    StyleGAN1: stylegan1,
    StyleGAN2: stylegan2,
    StyleGAN3: stylegan3,
    PGGAN: pggan,
    BigGAN: biggan,
    MobileStyleGAN: mobile_stylegan,
}
