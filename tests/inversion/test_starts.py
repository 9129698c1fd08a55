"""Where projections begin: at the seed whose image is nearest."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.inversion.starts import TRUNCATION, nearest_seed
from spaceseed.models.generators.generator import latents_from_seeds
from tests.inversion.conftest import drawn


@torch.no_grad()
def styles(generator, seed):
    return generator.map(latents_from_seeds([seed], generator.z_dim), truncation=TRUNCATION)


def found(*its, **options):
    *_, nearest = nearest_seed(*its, **options)
    return nearest


def test_the_seed_that_drew_a_picture_is_found(generator, distance):
    picture = generator.synthesize(styles(generator, 37)).detach()
    told = list(nearest_seed(generator, picture, distance, count=60))
    assert [nearest.count for nearest in told] == [16, 32, 48, 60]
    assert [nearest.seed for nearest in told[2:]] == [37, 37]
    torch.testing.assert_close(told[-1].ws, styles(generator, 37))
    torch.testing.assert_close(told[-1].image, picture)
    assert told[0].loss >= told[1].loss > told[2].loss == told[3].loss


def test_seeds_begin_where_they_are_told(generator, distance):
    picture = generator.synthesize(styles(generator, 37)).detach()
    elsewhere = found(generator, picture, distance, count=20, seed=100).ws
    expected = torch.cat([styles(generator, seed) for seed in range(100, 120)])
    assert (elsewhere - expected).abs().flatten(1).amax(dim=1).min() < 1e-5


def test_what_the_mask_hides_does_not_matter(generator, distance):
    picture = generator.synthesize(styles(generator, 37)).detach()
    mask = torch.ones(1, 1, *picture.shape[2:])
    mask[..., : picture.shape[3] // 2] = 0
    picture[..., : picture.shape[3] // 2] = 1
    assert found(generator, picture, distance, count=60, mask=mask).seed == 37


@pytest.mark.parametrize(("name", "value"), [("count", 0), ("seed", -1), ("seed", 2**32 - 5)])
def test_bad_input_is_named(generator, distance, name, value):
    with pytest.raises(ArgumentError, match=name):
        found(generator, drawn(generator), distance, **{"count": 10} | {name: value})
