"""Work that draws several images is one lease, with the real `spaces` package."""

from functools import partial

import pytest
import torch

from spaceseed.directions.discovery import find_directions
from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.examples import label_by
from spaceseed.latent_space import LatentSpace
from spaceseed.mixing.walk import walk
from spaceseed.models.generators.generator import ModelCard, latents_from_seeds
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.avoid import examples, learning
from spaceseed.ui.mix import film
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import VISITOR, Mark
from spaceseed.ui.state.thumbnails import Thumbnails
from spaceseed.ui.steer.sets import directions_by
from spaceseed.ui.steer.view import AMOUNTS


@pytest.fixture(scope="module")
def large(space):
    """A model of 256 px, which this machine draws slowly."""
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {2**n: 4 for n in range(2, 9)}, mapping_layers=2).requires_grad_(False)
    generator.card = ModelCard("large", "Large", "StyleGAN2", 256, "none", "", "test", 1, "0" * 64, 0.7, False)
    return gpu.share(generator)


def recipes(generator, seeds):
    return [
        Recipe.of(generator, z, seed=seed, truncation=0.7, name=f"seed {seed}", found=Found(by="seed"))
        for seed, z in zip(seeds, latents_from_seeds(seeds, generator.z_dim), strict=True)
    ]


def test_a_page_of_images_is_one_lease(large, scheduler):
    space, thumbnails = LatentSpace(large), Thumbnails()
    vectors, ids = space.draw(range(12)), [str(i) for i in range(12)]
    *_, paths = thumbnails.draw_all(space, vectors, ids)
    assert all(paths)
    assert len(scheduler.leases) == 1
    assert not scheduler.open
    assert list(thumbnails.draw_all(space, vectors, ids)) == [paths]  # what is drawn needs none
    assert len(scheduler.leases) == 1


def test_a_strip_of_finds_is_one_lease(large, scheduler):
    finds, thumbnails = recipes(large, range(len(AMOUNTS))), Thumbnails()
    first = thumbnails.draw(large, finds[0])
    paths = list(thumbnails.draw_each(large, [*finds, finds[1]]))
    assert paths[0] == first
    assert paths[1] == paths[-1]
    assert len(set(paths)) == len(finds)
    assert len(scheduler.leases) == 2
    assert not scheduler.open


def test_a_film_is_one_lease_and_its_file_alone_comes_back(large, scheduler):
    script = film.Script(tuple(recipes(large, (1, 2))), 30, 24, "w", True, True)
    ws = walk(large, script.finds, script.frames)
    shares = []
    path = gpu.call(partial(film._drawn, large, script, ws), shares.append, gpu.seconds_to_draw(large, 30))
    assert path.endswith(".mp4")
    assert sum(1 for _ in film._read_frames(path)) == 30
    assert shares[-1] == 1.0
    assert len(scheduler.leases) == 1
    assert not scheduler.open


def test_images_that_words_are_tried_on_are_one_lease(space, large, scheduler):
    networks, _ = space
    score = partial(examples._unlike, large, examples.TextObjective(networks.judge("avatars"), "glasses"))
    look = partial(label_by, LatentSpace(large), score, range(40), 0.1)
    bad, good = gpu.call(look, lambda _: None, gpu.seconds_to_draw(large, 40))
    here_bad, here_good = label_by(LatentSpace(large), score, range(40), 0.1)
    assert (len(bad), len(good)) == (len(here_bad), len(here_good)) == (4, 36)
    assert len(scheduler.leases) > 1  # here each batch is one


def test_images_that_a_filter_learns_from_are_one_lease(space, large, scheduler):
    networks, _ = space
    latents = latents_from_seeds(range(12), large.z_dim)
    bad, good = (
        [Mark(z, kind, VISITOR) for z in part] for kind, part in zip((BAD, LIKED), latents.split(6), strict=True)
    )
    space, judge = LatentSpace(large, "w"), networks.judge("avatars")
    avoid = learning._reweighted(networks, space, judge, bad, good, False, 0.5, lambda _: None)
    assert avoid.marks == (6, 6)
    assert [lease.ended for lease in scheduler.leases.values()] == ["released"]


def test_directions_of_a_model_without_a_mapping_network_are_one_lease(space, scheduler):
    torch.manual_seed(0)
    generator = PGGAN(16, {2**n: 4 for n in range(2, 9)}).requires_grad_(False)
    generator.card = ModelCard("grown", "Grown", "PGGAN", 256, "none", "", "test", 1, "1" * 64, None, False)
    gpu.share(generator)
    directions = directions_by(generator, "ganspace", None)
    assert [lease.ended for lease in scheduler.leases.values()] == ["released"]
    here = find_directions(generator, "ganspace", None, len(directions.names))
    assert torch.allclose(directions.vectors, here.vectors, atol=1e-5)
