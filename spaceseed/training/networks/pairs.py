"""What is trained: pairs of a generator, of the class that inference uses, and its discriminator."""

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
from spaceseed.training.networks.normalized import NormalizedStyleGAN2
from spaceseed.training.networks.progressive import GrowingPGGAN, ProgressiveDiscriminator
from spaceseed.training.networks.spectral import SpectralDiscriminator

CONDITIONS = ("none", "embed", "auxiliary", "both")
SMALLEST, LARGEST = 8, 1024  # sides of images in pixels


@dataclass(frozen=True)
class Sizes:
    """What tells how large the networks are and what labels do in them.

    Attributes:
        resolution: side of the images in pixels.
        z_dim: size of z.
        groups: sizes of the groups of labels; empty for unconditional networks.
        condition: "none"; "embed": the discriminator judges whether image and label fit; "auxiliary": it tells the
            label; "both". The generator gets the label in all but the first.
        capacity: factor on the feature maps.
        seed: of the initial weights.

    Raises:
        ArgumentError: the resolution is no power of two, too small or too large.
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
        """Returns the number of feature maps at each resolution from 4 up: each resolution then costs the same.

        Args:
            most: the largest number, where images are small.
            pixels: feature maps times resolution.
            least: the smallest number, where images are large.
        """
        sides = [4 << i for i in range(self.resolution.bit_length() - 2)]
        return {side: max(1, round(self.capacity * max(least, min(most, pixels // side)))) for side in sides}


class Pair(ABC):
    """A generator being trained and its discriminator.

    Attributes:
        learning_rate: Adam's step size that suits both.
        grows: whether there can be a larger pair that goes on from it.
        generator: of the class that inference uses, or a subclass while it grows; `finished` gives what to export.
        discriminator: (images, labels or None) -> Output.
        fade: weight of the newest resolution while networks grow, in [0, 1]; 1 where there is no such thing.
    """

    learning_rate: float
    grows: bool = True
    generator: Generator
    discriminator: nn.Module
    fade: float = 1.0

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        with torch.random.fork_rng(devices=[]):  # the layers draw their initial weights from torch's own generator
            torch.manual_seed(sizes.seed + sizes.resolution)
            self._build()

    @abstractmethod
    def _build(self) -> None:
        """Makes `generator` and `discriminator`, drawing from torch's own generator."""

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
            rng: draws whatever else is random.

        Returns:
            [N, 3, resolution, resolution].
        """
        return generator.synthesize(generator.map(z, labels))

    def penalty(self, images: Tensor) -> Tensor:
        """Returns the generator's loss beside the discriminator's, for images [N, 3, r, r] that `generate` drew.

        Returns:
            a scalar, 0 unless a kind of network has a wish of its own.
        """
        return images.new_zeros([])

    def grown(self, resolution: int) -> Self:
        """Returns a pair for larger images that goes on from this one.

        Where generators beside `self.generator` are to grow too, its average for instance, copy the new pair's
        generator and let the copy `adopt` the small one.

        Args:
            resolution: side of the new images, larger than that of the present ones.

        Raises:
            ArgumentError: the resolution is none, or not larger, or this network does not grow.
        """
        if not self.grows:
            raise ArgumentError("resolution", resolution, f"{self.sizes.resolution}: this network does not grow")
        if resolution <= self.sizes.resolution:
            raise ArgumentError("resolution", resolution, f"above {self.sizes.resolution}, to grow")
        larger = type(self)(replace(self.sizes, resolution=resolution))
        larger.adopt(larger.generator, self.generator)
        larger.discriminator.load_state_dict(self.discriminator.state_dict(), strict=False)
        return larger

    def adopt(self, generator: Generator, smaller: Generator) -> None:
        """Copies into `generator`, of this pair's size, what a smaller one learnt."""
        generator.load_state_dict(smaller.state_dict(), strict=False)

    def standing(self, generator: Generator) -> Generator:
        """Gives `generator`, an average of weights, statistics of its own if it has any; may return the same object."""
        return generator

    def finished(self, generator: Generator) -> Generator:
        """Returns `generator` for inference, without a resolution that still fades in; may be the same object."""
        return generator

    def groups(self, module: nn.Module, rate: float) -> list[dict[str, Any]]:
        """Adam's parameter groups: all parameters of `module`, those that need another step size than `rate` apart.

        Args:
            module: `generator`, `discriminator`, or a copy of one.
            rate: the step size.
        """
        return [{"params": list(module.parameters()), "lr": rate}]


def mixed(generator: Generator, z: Tensor, labels: Tensor | None, share: float, rng: torch.Generator) -> Tensor:
    """Maps z [N, z_dim] to ws, in a `share` of calls with other latents from some style layer on."""
    ws = generator.map(z, labels)
    if float(torch.rand([], generator=rng, device=rng.device)) >= share:
        return ws
    layer = int(torch.randint(1, generator.num_ws, [], generator=rng, device=rng.device))
    others = torch.randn(z.shape, generator=rng, device=rng.device).to(z.device)
    return crossed(ws, generator.map(others, labels), range(layer, generator.num_ws))


class StyleGAN2Pair(Pair):
    """StyleGAN2 (Karras et al. 2020) with style mixing and noise; grows by blocks that are silent at first."""

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
        # Flat drawings have no texture for noise to make; early on it would stand in for shapes not yet learnt.
        named = list(module.named_parameters())
        noise = [parameter for name, parameter in named if name.endswith("noise_strength")]
        others = [parameter for name, parameter in named if not name.endswith("noise_strength")]
        groups = [{"params": others, "lr": rate}]
        return [*groups, {"params": noise, "lr": rate / 50}] if noise else groups


class NormalizedStyleGAN2Pair(Pair):
    """A StyleGAN2 that is built like a DCGAN while it learns, against a DCGAN's opponent; does not grow.

    Left alone, it soon draws whatever images differ by at 4x4, and later styles have no effect. So it is held to seek
    modes (Mao et al. 2019) in later styles, too: the last quarter of a batch takes its coarse styles from the first,
    and pays where images that share them look too much alike at 16x16 pixels, where no texture counts.
    """

    learning_rate = 1e-3  # as for a DCGAN
    grows = False
    w_dim = 32
    later = 0.35  # least share of the squared difference of two images that is due to middle and fine styles
    price = 2.0  # of each part of that share that is missing
    generator: NormalizedStyleGAN2

    def _build(self) -> None:
        self.generator = NormalizedStyleGAN2(self.sizes.z_dim, self.w_dim, self.sizes.channels(most=256, pixels=2048))
        channels = self.sizes.channels(most=128, pixels=1024)
        del channels[self.sizes.resolution]  # whose colours the opponent reads with a stride
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
        whole = 2 * small.var(dim=0).mean().detach()  # the squared difference of two images that share nothing
        return self.price * F.relu(self.later - later / (whole + 1e-8))

    def standing(self, generator: Generator) -> Generator:
        return cast(NormalizedStyleGAN2, generator).standing()

    def finished(self, generator: Generator) -> Generator:
        return cast(NormalizedStyleGAN2, generator).plain()


class PGGANPair(Pair):
    """PGGAN (Karras et al. 2018); grows by a factor of two, fading the new resolution in."""

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
            network.fade = torch.full_like(network.fade, weight)  # anew, for graphs may hold the old one

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
        # Adam takes steps of the same size whatever the gradient's. So weights that are scaled by a constant at run
        # time, as the paper does it, and these, which have the constant in them, learn alike at `rate` and
        # `rate * constant`.
        layers = [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
        weights = [{"params": [layer.weight], "lr": rate * module.spread(layer)} for layer in layers]
        return [*weights, {"params": [layer.bias for layer in layers], "lr": rate}]


class DCGANPair(Pair):
    """DCGAN (Radford et al. 2016), with the initial weights of the paper; does not grow."""

    learning_rate = 1e-3  # five times the paper's, which drew worse after as many images
    grows = False

    def _build(self) -> None:
        channels = self.sizes.channels(most=128, pixels=512)
        del channels[self.sizes.resolution]  # which has no feature maps: colours come straight from the one below
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
        label_groups: the labels' names by group; only their numbers matter, and only to conditional networks.
        condition: one of CONDITIONS, as in `Sizes`; other than "none" for StyleGAN2 alone.
        capacity: factor on the feature maps.
        seed: of the initial weights.

    Raises:
        ArgumentError: an argument is outside what is allowed.
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
        raise ArgumentError("condition", condition, f'"none" for {network}: labels enter stylegan2 alone')
    if condition != "none" and not label_groups:
        raise ArgumentError("condition", condition, '"none" where images have no labels')
    groups = tuple(len(names) for names in (label_groups or {}).values()) if condition != "none" else ()
    if len(groups) > MAX_GROUPS or sum(groups) > MAX_CLASSES:  # else nothing could read what was learnt
        allowed = f"at most {MAX_GROUPS} groups and {MAX_CLASSES} labels in all"
        raise ArgumentError("label_groups", f"{sum(groups)} labels in {len(groups)} groups", allowed)
    return NETWORKS[network](Sizes(resolution, z_dim, groups, condition, capacity, seed))
