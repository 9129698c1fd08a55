"""What tests of searches share."""

import pytest
import torch

from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {4: 8, 8: 8}, mapping_layers=2).requires_grad_(False)
    generator.w_avg.copy_(generator.mapping(torch.randn(1000, 16), None).mean(dim=0))
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "0" * 64, 0.7, False)
    return generator
