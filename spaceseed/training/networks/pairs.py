"""Pairs of a generator, of the class for inference, and its discriminator."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import ArgumentError
from spaceseed.mixing.styles import style_groups
from spaceseed.models.checkpoints.own import MAX_CLASSES, MAX_GROUPS
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ops.styles import crossed
from spaceseed.training.networks.discriminator import Discriminator
from spaceseed.training.networks.normalized import NormalizedStyleGAN2, standing
from spaceseed.training.networks.normalized_pggan import NormalizedPGGAN
from spaceseed.training.networks.progressive import GrowingPGGAN, ProgressiveDiscriminator
from spaceseed.training.networks.spectral import SpectralDiscriminator

CONDITIONS = ("none", "embed", "auxiliary", "both")
SMALLEST, LARGEST = 8, 1024  # sides of images in pixels


@dataclass(frozen=True)
class Sizes:
    """Sizes of the networks, and how they use labels.

    Attributes:
        resolution: side of the images in pixels.
        z_dim: size of z.
        groups: sizes of the groups of labels; empty for unconditional networks.
        condition: "none"; "embed": the discriminator judges whether image and label fit; "auxiliary": it predicts the
            label; "both". In all but the first, the generator gets the label.
        capacity: factor of the feature maps.
        seed: seed of the initial weights.

    Raises:
        ArgumentError: the resolution is not a power of two, too small or too large.
    """

    resolution: int
    z_dim: int
    groups: tuple[int, ...]
    condition: str
    capacity: float
    seed: int

    def __post_init__(self) -> None:
        if not SMALLEST <= self.resolution <= LARGEST or self.resolution & (self.resolution - 1):
            raise ArgumentError("resolution", self.resolution, f"a power of two from {SMALLEST} to {LARGEST}")

    def channels(self, most: int, pixels: int, least: int = 16) -> dict[int, int]:
        """Returns the number of feature maps at each resolution from 4, so that all resolutions have a similar cost.

        Args:
            most: maximum number, at small resolutions.
            pixels: number of feature maps times resolution.
            least: minimum number, at large resolutions.
        """
        sides = [4 << i for i in range(self.resolution.bit_length() - 2)]
        return {side: max(1, round(self.capacity * max(least, min(most, pixels // side)))) for side in sides}


class Pair(ABC):
    """A generator in training and its discriminator.

    Attributes:
        learning_rate: learning rate of Adam that suits both.
        grows: whether a larger pair can continue from it.
        generator: of the class for inference, or a subclass while it grows; `finished` returns the one to export.
        discriminator: from images, and labels or None, to Output.
        fade: weight of the newest resolution while networks grow, in [0, 1]; otherwise 1.
    """

    learning_rate: float
    grows: bool = True
    generator: Generator
    discriminator: nn.Module
    fade: float = 1.0

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        with torch.random.fork_rng(devices=[]):  # layers draw their initial weights from torch's global generator
            torch.manual_seed(sizes.seed + sizes.resolution)
            self._build()

    @abstractmethod
    def _build(self) -> None:
        """Makes `generator` and `discriminator`. Random numbers come from torch's global generator."""

    def generate(
        self,
        generator: Generator,
        z: Tensor,
        labels: Tensor | None,
        rng: torch.Generator,  # noqa: ARG002
    ) -> Tensor:
        """Draws images for training.

        Args:
            generator: `self.generator` or a copy of it.
            z: [N, z_dim].
            labels: [N, num_classes], None for unconditional networks.
            rng: draws all other random numbers.

        Returns:
            [N, 3, resolution, resolution].
        """
        return generator.synthesize(generator.map(z, labels))

    def penalty(self, images: Tensor) -> Tensor:
        """Returns an additional loss of the generator, for images [N, 3, r, r] from `generate`.

        Returns:
            A scalar, 0 unless a subclass overrides it.
        """
        return images.new_zeros([])

    def grown(self, resolution: int) -> Self:
        """Returns a pair for larger images that continues from this one.

        To grow other generators than `self.generator`, such as its average, copy the new pair's generator and let the
        copy `adopt` the small one.

        Args:
            resolution: side of the new images, larger than the current one.

        Raises:
            ArgumentError: the resolution is not allowed or not larger, or this network does not grow.
        """
        if not self.grows:
            raise ArgumentError("resolution", resolution, f"{self.sizes.resolution}, as this network cannot grow")
        if resolution <= self.sizes.resolution:
            raise ArgumentError("resolution", resolution, f"above {self.sizes.resolution}, to grow")
        larger = type(self)(replace(self.sizes, resolution=resolution))
        larger.adopt(larger.generator, self.generator)
        larger.discriminator.load_state_dict(self.discriminator.state_dict(), strict=False)
        return larger

    def adopt(self, generator: Generator, smaller: Generator) -> None:
        """Copies the weights of a smaller generator into `generator`, which has this pair's size."""
        generator.load_state_dict(smaller.state_dict(), strict=False)

    def standing(self, generator: Generator) -> Generator:
        """Returns `generator`, an average of weights, with its own statistics if it has any. May be the same object."""
        return generator

    def finished(self, generator: Generator) -> Generator:
        """Returns `generator` for inference, without a resolution that is still fading in. May be the same object."""
        return generator

    def groups(self, module: nn.Module, rate: float) -> list[dict[str, Any]]:
        """Returns Adam's parameter groups: all parameters of `module`, in several groups if their rates differ.

        Args:
            module: `generator`, `discriminator`, or a copy of one.
            rate: the learning rate.
        """
        return [{"params": list(module.parameters()), "lr": rate}]


def mixed(generator: Generator, z: Tensor, labels: Tensor | None, share: float, rng: torch.Generator) -> Tensor:
    """Maps z [N, z_dim] to ws. In a `share` of calls, later style layers come from other latents."""
    ws = generator.map(z, labels)
    if float(torch.rand([], generator=rng, device=rng.device)) >= share:
        return ws
    layer = int(torch.randint(1, generator.num_ws, [], generator=rng, device=rng.device))
    others = torch.randn(z.shape, generator=rng, device=rng.device).to(z.device)
    return crossed(ws, generator.map(others, labels), range(layer, generator.num_ws))


class StyleGAN2Pair(Pair):
    """StyleGAN2 (Karras et al. 2020) with style mixing and noise. New blocks have zero output when it grows."""

    learning_rate = 2.5e-3
    mixing = 0.9  # share of batches whose later style layers come from other latents
    tracking = 0.002  # how fast w_avg follows the mean of a batch

    def _build(self) -> None:
        sizes, count = self.sizes, sum(self.sizes.groups)
        channels = sizes.channels(most=256, pixels=2048)
        self.generator = StyleGAN2(sizes.z_dim, sizes.z_dim, channels, mapping_layers=4, num_classes=count)
        self.discriminator = Discriminator(
            channels,
            count,
            project=sizes.condition in ("embed", "both"),
            classify=sizes.condition in ("auxiliary", "both"),
        )

    def generate(self, generator: Generator, z: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        ws = mixed(generator, z, labels, self.mixing, rng)
        with torch.no_grad():
            generator.w_avg.lerp_(ws[:, 0].float().mean(dim=0), self.tracking)
        return generator.synthesize(ws, noise="random", rng=rng)

    def grown(self, resolution: int) -> Self:
        larger = super().grown(resolution)
        discriminator = cast(Discriminator, larger.discriminator)
        for side in discriminator.resolutions:
            if side > self.sizes.resolution:
                discriminator.block(side).start_silent()
        return larger

    def adopt(self, generator: Generator, smaller: Generator) -> None:
        super().adopt(generator, smaller)
        synthesis = cast(StyleGAN2, generator).synthesis
        for side in synthesis.resolutions:
            colours = synthesis.block(side).torgb
            assert colours is not None  # of the skip architecture, which is trained here
            if side > smaller.resolution:
                nn.init.zeros_(colours.weight)

    def groups(self, module: nn.Module, rate: float) -> list[dict[str, Any]]:
        # Flat drawings have no texture. Early in training, noise would replace shapes that are not yet learned.
        named = list(module.named_parameters())
        noise = [parameter for name, parameter in named if name.endswith("noise_strength")]
        others = [parameter for name, parameter in named if not name.endswith("noise_strength")]
        groups = [{"params": others, "lr": rate}]
        return [*groups, {"params": noise, "lr": rate / 50}] if noise else groups


class NormalizedStyleGAN2Pair(Pair):
    """A StyleGAN2 that is built like a DCGAN during training, with a DCGAN's discriminator. It does not grow.

    Without a penalty, it soon makes all differences between images at 4x4, and later styles have no effect. So mode
    seeking (Mao et al. 2019) is applied to later styles: the last quarter of a batch gets the coarse styles of the
    first. The penalty is positive if images with the same coarse styles are too similar at 16x16 pixels.
    """

    learning_rate = 1e-3  # as for a DCGAN
    grows = False
    w_dim = 32
    later = 0.35  # minimum share of the squared difference of two images that is due to middle and fine styles
    price = 2.0  # factor of the missing share
    generator: NormalizedStyleGAN2

    def _build(self) -> None:
        self.generator = NormalizedStyleGAN2(self.sizes.z_dim, self.w_dim, self.sizes.channels(most=256, pixels=2048))
        channels = self.sizes.channels(most=128, pixels=1024)
        del channels[self.sizes.resolution]  # the discriminator's first convolution has a stride
        self.discriminator = SpectralDiscriminator(channels)

    def generate(
        self,
        generator: Generator,
        z: Tensor,
        labels: Tensor | None,
        rng: torch.Generator,  # noqa: ARG002
    ) -> Tensor:
        ws = generator.map(z, labels)
        pairs = len(z) // 4
        own = len(z) - pairs
        shared = crossed(ws[own:], ws[:pairs], style_groups(generator)["coarse"])
        return generator.synthesize(torch.cat([ws[:own], shared]))

    def penalty(self, images: Tensor) -> Tensor:
        pairs = len(images) // 4
        if not pairs:
            return super().penalty(images)
        small = F.avg_pool2d(images, max(1, images.shape[-1] // 16))
        later = (small[:pairs] - small[-pairs:]).square().mean()
        whole = 2 * small.var(dim=0).mean().detach()  # the squared difference of two independent images
        return self.price * F.relu(self.later - later / (whole + 1e-8))

    def standing(self, generator: Generator) -> Generator:
        return standing(generator)

    def finished(self, generator: Generator) -> Generator:
        return cast(NormalizedStyleGAN2, generator).plain()


class PGGANPair(Pair):
    """PGGAN (Karras et al. 2018). It grows by a factor of two, and fades in the new resolution."""

    learning_rate = 2.5e-3  # the paper's 1e-3 is for millions of images
    generator: GrowingPGGAN
    discriminator: ProgressiveDiscriminator

    def _build(self) -> None:
        channels = self.sizes.channels(most=256, pixels=2048)
        self.generator = GrowingPGGAN(self.sizes.z_dim, channels)
        self.discriminator = ProgressiveDiscriminator(channels)

    @property
    def fade(self) -> float:
        return float(self.generator.fade)

    @fade.setter
    def fade(self, weight: float) -> None:
        for network in (self.generator, self.discriminator):
            network.fade = torch.full_like(network.fade, weight)  # a new tensor, because graphs may hold the old one

    def generate(self, generator: Generator, z: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        cast(GrowingPGGAN, generator).fade = self.generator.fade.clone()
        return super().generate(generator, z, labels, rng)

    def grown(self, resolution: int) -> Self:
        if resolution != 2 * self.sizes.resolution:
            raise ArgumentError("resolution", resolution, f"{2 * self.sizes.resolution}, to grow")
        larger = super().grown(resolution)
        larger.fade = 0.0
        return larger

    def adopt(self, generator: Generator, smaller: Generator) -> None:
        cast(GrowingPGGAN, generator).adopt(cast(GrowingPGGAN, smaller))

    def finished(self, generator: Generator) -> Generator:
        return cast(GrowingPGGAN, generator).plain()

    def groups(self, module: nn.Module, rate: float) -> list[dict[str, Any]]:
        if not isinstance(module, GrowingPGGAN):  # its discriminator scales weights at run time
            return super().groups(module, rate)
        # Adam's steps have the same size for any gradient. The paper scales weights by a constant at run time. Here
        # weights already contain the constant, so `rate * constant` gives the same learning as `rate` in the paper.
        layers = [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
        weights = [{"params": [layer.weight], "lr": rate * module.spread(layer)} for layer in layers]
        return [*weights, {"params": [layer.bias for layer in layers], "lr": rate}]


class NormalizedPGGANPair(Pair):
    """A PGGAN that is built like a DCGAN during training, with a DCGAN's discriminator. It does not grow."""

    learning_rate = 1e-3  # as for a DCGAN
    grows = False
    generator: NormalizedPGGAN

    def _build(self) -> None:
        self.generator = NormalizedPGGAN(self.sizes.z_dim, self.sizes.channels(most=256, pixels=2048))
        channels = self.sizes.channels(most=128, pixels=1024)
        del channels[self.sizes.resolution]  # the discriminator's first convolution has a stride
        self.discriminator = SpectralDiscriminator(channels)

    def standing(self, generator: Generator) -> Generator:
        return standing(generator)

    def finished(self, generator: Generator) -> Generator:
        return cast(NormalizedPGGAN, generator).plain()


class DCGANPair(Pair):
    """DCGAN (Radford et al. 2016), with the initial weights of the paper. It does not grow."""

    learning_rate = 1e-3  # five times the paper's, which gave worse images after as many training images
    grows = False

    def _build(self) -> None:
        channels = self.sizes.channels(most=128, pixels=512)
        del channels[self.sizes.resolution]  # colours are made directly from the resolution before
        generator = DCGAN(self.sizes.z_dim, channels)
        self.generator, self.discriminator = generator, SpectralDiscriminator(channels)
        for layer in generator.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(cast(Tensor, generator.torgb.bias))


NETWORKS: dict[str, type[Pair]] = {
    "stylegan2": StyleGAN2Pair,
    "normalized": NormalizedStyleGAN2Pair,
    "pggan": PGGANPair,
    "normalized-pggan": NormalizedPGGANPair,
    "dcgan": DCGANPair,
}


def build(
    network: str,
    resolution: int,
    *,
    z_dim: int = 128,
    label_groups: Mapping[str, tuple[str, ...]] | None = None,
    condition: str = "none",
    capacity: float = 1.0,
    seed: int = 0,
) -> Pair:
    """Makes an untrained pair.

    Args:
        network: one of NETWORKS.
        resolution: side of the images, a power of two from 8 to 1024.
        z_dim: size of z.
        label_groups: the labels' names by group. Only their numbers matter, and only for conditional networks.
        condition: one of CONDITIONS, as in `Sizes`; only "none" for networks other than StyleGAN2.
        capacity: factor of the feature maps.
        seed: seed of the initial weights.

    Raises:
        ArgumentError: an argument is not allowed.
    """
    if network not in NETWORKS:
        raise ArgumentError("network", network, f"one of {', '.join(NETWORKS)}")
    if z_dim < 1:
        raise ArgumentError("z_dim", z_dim, "at least 1")
    if not 0 < capacity <= 64:
        raise ArgumentError("capacity", capacity, "above 0 and at most 64")
    if condition not in CONDITIONS:
        raise ArgumentError("condition", condition, f"one of {', '.join(CONDITIONS)}")
    if condition != "none" and network != "stylegan2":
        raise ArgumentError("condition", condition, f'"none" for {network}: only stylegan2 can use labels')
    if condition != "none" and not label_groups:
        raise ArgumentError("condition", condition, '"none", because the images have no labels')
    groups = tuple(len(names) for names in (label_groups or {}).values()) if condition != "none" else ()
    if len(groups) > MAX_GROUPS or sum(groups) > MAX_CLASSES:  # checkpoints with more cannot be read
        allowed = f"at most {MAX_GROUPS} groups and {MAX_CLASSES} labels in all"
        raise ArgumentError("label_groups", f"{sum(groups)} labels in {len(groups)} groups", allowed)
    return NETWORKS[network](Sizes(resolution, z_dim, groups, condition, capacity, seed))
