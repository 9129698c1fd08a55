"""A distance that needs no weights from elsewhere, and a picture that a tiny generator can draw."""

import pytest
import torch
from torch import nn

from spaceseed.inversion.projection import w_statistics
from spaceseed.models.generators.generator import ModelCard, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.judges.perceptual import LayeredDistance
from tests.models import families


@pytest.fixture(scope="session")
def distance():
    """Random filters, compared as LPIPS does."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
    return LayeredDistance("random", network, (1, 3), [torch.ones(8), torch.ones(8)]).requires_grad_(False)


class Bounded(StyleGAN2):
    """A StyleGAN2 whose colours end in a tanh."""

    def compute_images(self, ws, tap, **options):
        return (0.2 * super().compute_images(ws, tap, **options)).tanh()


def bounded():
    """Returns a tiny StyleGAN2 with w of variance 1, whose images are between -1 and 1: clipping them loses nothing."""
    plain = families.small("stylegan2")
    generator = Bounded.like(plain.state_dict())
    generator.load_state_dict(plain.state_dict())
    _, spread = w_statistics(generator)
    with torch.no_grad():
        last = generator.mapping.get_submodule(f"fc{generator.mapping.num_layers - 1}")
        for tensor in (last.weight, last.bias):
            tensor.mul_(generator.w_dim**0.5 / spread)
    return generator.requires_grad_(False)


@pytest.fixture
def generator():
    """A tiny StyleGAN2 with a card, whose images are between -1 and 1."""
    return carded(bounded())


def carded(generator):
    """Gives a generator a card, which recipes need, and freezes it."""
    generator.card = ModelCard(
        "tiny", "Tiny", type(generator).__name__, generator.resolution, "", "", "", 1, "0" * 64, 0.7, False
    )
    return generator.eval().requires_grad_(False)


def picture(side):
    """Returns a smooth picture that no generator drew, [1, 3, side, side]."""
    colours = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return nn.functional.interpolate(colours, size=(side, side), mode="bilinear")


@torch.no_grad()
def drawn(generator, seed=5, labels=None):
    """Returns the image of a seed, [1, 3, H, W]."""
    z = latents_from_seeds([seed], generator.z_dim)
    return generator.synthesize(generator.map(z, labels)).clamp(-1, 1)
