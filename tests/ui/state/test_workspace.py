import pytest
import torch

from spaceseed.evolution.breeding import LIKED
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.state.workspace import FIRST_IMAGES, Workspace


def test_a_fresh_workspace_begins_with_the_seeds_asked_for(generator):
    seeds = Workspace.fresh(generator, (7, 9)).breeding.page.seeds
    assert seeds[:2] == (7, 9)
    assert len(seeds) == FIRST_IMAGES


def test_breeds_from_finds_of_z_alone(generator, find):
    workspace = Workspace.of(generator, range(12))
    w = Recipe.of(generator, generator.w_avg, space="w")
    sentence = workspace.breed_from([find(5), w])
    page = workspace.breeding.page
    assert torch.equal(page.latents[:1], latents_from_seeds([5], generator.z_dim))
    assert (page.seeds[0], page.kept, page.marks) == (5, 1, {0: LIKED})
    assert sentence.startswith("1 were left out")
    with pytest.raises(ValueError, match="space z"):
        workspace.breed_from([w])
