"""A small network of each family, with random weights, for the tests of a family and of all families."""

from collections.abc import Callable

import torch

from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.generators.mobile_stylegan import MobileStyleGAN
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan1 import StyleGAN1
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.generators.stylegan3 import StyleGAN3


def stylegan1():
    generator = StyleGAN1(6, 8, {4: 8, 8: 8, 16: 4}, mapping_layers=2, mapping_features=10)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.normal_(parameter)
    generator.w_avg.normal_()
    return generator


def stylegan2(architecture="skip", num_classes=0):
    channels = {4: 8, 8: 8, 16: 4}
    generator = StyleGAN2(8, 8, channels, architecture=architecture, mapping_layers=2, num_classes=num_classes)
    for parameter in generator.parameters():
        parameter.data.normal_()
    for layer in generator.layers:
        generator.synthesis.get_submodule(layer).noise_const.normal_()
    generator.w_avg.normal_()
    return generator


def stylegan3(*, radial):
    generator = StyleGAN3.designed(16, radial=radial, z_dim=8, w_dim=8, channel_base=64, channel_max=8)
    generator.w_avg.normal_()
    for name, tensor in generator.state_dict().items():
        if name.endswith("input.affine.weight"):
            tensor.normal_()
    return generator


def biggan():
    generator = BigGAN(6, 4, 3, [16, 16, 8], [True, True], attention=1, num_stats=5)
    for name, buffer in generator.named_buffers():
        buffer.uniform_(0.5, 2) if name.endswith("vars") else buffer.normal_()
    torch.nn.init.constant_(generator.synthesis.layers[1].gamma, 0.5)
    return generator


def dcgan():
    """Returns a network that has seen a few batches."""
    generator = DCGAN(6, {4: 8, 8: 4})
    with torch.no_grad():
        for seed in range(3):
            generator.synthesize(generator.map(latents_from_seeds(range(seed, seed + 8), 6)))
    return generator


def mobile_stylegan():
    generator = MobileStyleGAN(8, (8, 8, 4), mapping_layers=2)
    for module in generator.modules():
        if hasattr(module, "noise"):
            module.noise.normal_()
        if hasattr(module, "affine"):
            torch.nn.init.normal_(module.affine.weight, std=0.3)
            torch.nn.init.ones_(module.affine.bias)
    generator.w_avg.normal_()
    return generator


FAMILIES: dict[str, Callable[[], Generator]] = {
    "biggan": biggan,
    "dcgan": dcgan,
    "mobile_stylegan": mobile_stylegan,
    "pggan": lambda: PGGAN(6, {4: 8, 8: 8, 16: 4}),
    "stylegan1": stylegan1,
    "stylegan2": stylegan2,
    "stylegan2 resnet": lambda: stylegan2("resnet"),
    "stylegan2 with classes": lambda: stylegan2(num_classes=3),
    "stylegan3 T": lambda: stylegan3(radial=False),
    "stylegan3 R": lambda: stylegan3(radial=True),
}


def small(name: str) -> Generator:
    """Returns the network of this name, the same each time, in evaluation mode and frozen."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FAMILIES[name]().eval().requires_grad_(False)
