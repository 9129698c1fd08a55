"""A generator and a judge that are small enough to embed hundreds of images in a moment."""

import pytest
import torch
import torch.nn.functional as F

from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2


class TinyJudge:
    """Embeds images [N, 3, 8, 8] and texts of one letter in 10 numbers."""

    name = "tiny"

    def __init__(self):
        self._projection = torch.randn(192, 10, generator=torch.Generator().manual_seed(0))

    def embed_images(self, images):
        return F.normalize(images.flatten(1) @ self._projection, dim=1)

    def embed_text(self, text):
        rng = torch.Generator().manual_seed(sum(map(ord, text)))
        return F.normalize(torch.randn(1, 10, generator=rng), dim=1)


def tiny_generator(**changes):
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2, **changes).eval().requires_grad_(False)
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator


@pytest.fixture(scope="session")
def generator():
    return tiny_generator()


@pytest.fixture(scope="session")
def judge():
    return TinyJudge()
