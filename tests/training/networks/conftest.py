"""What tests of the networks that are built like a DCGAN in training share."""

import torch

from spaceseed.models.generators.generator import Generator
from spaceseed.training.networks.pairs import build


def rng(seed: int = 0) -> torch.Generator:
    """A seeded generator."""
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def draw(generator: Generator, z: torch.Tensor) -> torch.Tensor:
    """Draws the images of z."""
    return generator.synthesize(generator.map(z))


@torch.no_grad()
def after_a_few_batches(network: str) -> Generator:
    """A generator for 16 pixels that has seen a few batches, so that its weights are not the initial ones."""
    pair = build(network, 16, z_dim=8, capacity=1 / 16)
    draws = rng()
    for parameter in pair.generator.parameters():
        if parameter.requires_grad:
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=draws))
    for _ in range(60):
        pair.generate(pair.generator, torch.randn(16, 8, generator=draws), None, draws)
    return pair.generator.eval()
