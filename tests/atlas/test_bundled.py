"""The bundled atlas is of the bundled networks, and holds what they see."""

import numpy as np
import pytest
import torch

from spaceseed.atlas.atlas import ASSETS, Atlas
from spaceseed.atlas.cache import atlas_of
from spaceseed.atlas.codes import limit
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.prompts import PROMPTS

COUNT = 64


@pytest.fixture(scope="module")
def networks():
    return load("avatars", device="cpu"), load_judge("avatars")


@pytest.fixture(scope="module")
def atlas(networks):
    return Atlas.open("avatars", networks[1])


@pytest.fixture(scope="module")
def sample(atlas):
    return sorted(np.random.RandomState(0).choice(atlas.seeds, COUNT, replace=False).tolist())


@pytest.fixture(scope="module")
def exact(networks, sample):
    """The fresh embeddings of a sample of seeds."""
    generator, judge = networks
    with torch.no_grad():
        ws = generator.map(latents_from_seeds(sample, generator.z_dim), truncation=0.7)
        return torch.cat([judge.embed_images(generator.synthesize(part)) for part in ws.split(16)])


@pytest.fixture(scope="module")
def kept(atlas, sample):
    """The embeddings of the same seeds in the atlas."""
    parts = []
    atlas.scores(lambda embeddings: parts.append(embeddings) or embeddings[:, 0])
    return torch.cat(parts)[sample]


def test_it_is_of_the_bundled_networks(atlas, networks):
    atlas.check(*networks)
    assert atlas.seeds == range(50_000)
    assert atlas.make.truncation == networks[0].card.truncation
    assert atlas_of(networks[0], "avatars").seeds == atlas.seeds
    assert atlas_of(networks[0], "avatars", truncation=0.5) is None
    assert sum(path.stat().st_size for path in (ASSETS / "avatars" / "atlas").iterdir()) < 5e6


def test_its_embeddings_are_those_of_the_images(exact, kept):
    # Each number is rounded by half a step. Networks in another order of summation may move it over the next border.
    step = exact.abs().amax(dim=1, keepdim=True) / limit()
    assert bool(((kept - exact).abs() <= 1.1 * step).all())
    assert ((kept - exact).abs() <= 0.6 * step).float().mean() > 0.99


def test_what_is_best_for_a_prompt_stays_the_best(networks, exact, kept):
    wanted = networks[1].embed_text([prompt.text for prompt in PROMPTS])
    best, found = ((wanted @ each.T).topk(8, dim=1).indices for each in (exact, kept))
    recall = (best[:, :, None] == found[:, None, :]).any(dim=2).float().mean()
    assert recall > 0.95


def test_what_is_asked_for_is_seen(atlas, networks):
    generator, judge = networks
    seeds, scores = atlas.query("a woman with red hair", 4)
    images = generator.synthesize(generator.map(latents_from_seeds(seeds, generator.z_dim), truncation=0.7))
    assert torch.allclose(judge.score(images, "a woman with red hair"), scores, atol=0.01)
    assert (
        scores[-1]
        > judge.score(
            generator.synthesize(generator.map(latents_from_seeds(range(64), generator.z_dim), truncation=0.7)),
            "a woman with red hair",
        ).max()
    )
