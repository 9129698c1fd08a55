"""A tiny generator for the tests of directions."""

import pytest
import torch

from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    generator.w_avg.normal_()
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator
