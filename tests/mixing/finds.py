"""A tiny generator, and finds of it to mix."""

import torch

from spaceseed.models.generators.generator import ModelCard, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.recipes.recipe import Edit, Recipe


def make_generator(model="tiny", size=32):
    torch.manual_seed(0)
    channels = {4: 8, 8: 4, 16: 4, 32: 4}
    generator = StyleGAN2(8, 6, {r: c for r, c in channels.items() if r <= size}, mapping_layers=2)
    generator.requires_grad_(False).w_avg.normal_()
    generator.card = ModelCard(model, "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator


G = make_generator()
EDIT = Edit(layers=(1,), vector=torch.ones(6), amount=1.0)


def find(seed, **fields):
    return Recipe.of(G, latents_from_seeds([seed], 8)[0], **({"truncation": 0.7, "name": f"seed {seed}"} | fields))
