"""PGGAN, compared with genforce's output for a small random network, and its own properties."""

import pytest
import torch

from spaceseed.models.checkpoints.genforce import build
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.layers import normalize_second_moment
from tests.models import families
from tests.models.golden import Golden

GOLDEN = Golden("genforce_pggan")


@pytest.fixture(scope="module", params=GOLDEN.facts["files"])
def official(request):
    path = GOLDEN.folder / request.param
    return build(torch.load(path, weights_only=True), path).requires_grad_(False)


@pytest.fixture(scope="module")
def small():
    return families.small("pggan")


@pytest.mark.parametrize("name", GOLDEN.facts["outputs"])
def test_official_numbers(official, name):
    z = GOLDEN.inputs["z"]
    mine = {
        "image": lambda: official.synthesize(official.map(z)),
        "z_normalised": lambda: normalize_second_moment(z),
    }[name]()
    GOLDEN.check(name, mine)


def test_sizes_come_from_the_tensors(official):
    made_with = GOLDEN.facts["hyper_parameters"]["init_kwargs"]
    assert official.z_dim == official.w_dim == made_with["z_space_dim"]
    assert (official.resolution, official.num_ws, official.num_classes) == (made_with["resolution"], 1, 0)
    assert official.layers == tuple(f"layer{i}" for i in range(GOLDEN.facts["hyper_parameters"]["num_layers"]))


def test_only_the_direction_of_z_matters(small):
    ws = small.map(latents_from_seeds(range(3), 6))
    torch.testing.assert_close(small.synthesize(ws), small.synthesize(2.5 * ws))


def test_truncation_has_no_effect(small):
    z = latents_from_seeds(range(3), 6)
    for truncation in (0.5, 0.0, -1.0):
        assert torch.equal(small.map(z, truncation=truncation), z[:, None])
    assert torch.equal(small.w_avg, torch.zeros(6))


def test_style_weights_are_how_z_enters(small):
    z = normalize_second_moment(normalize_second_moment(latents_from_seeds([1], 6)))
    bias = small.convolutions["layer0"].bias.repeat_interleave(16)
    entered = torch.nn.functional.leaky_relu(z @ small.style_weights(0).t() + bias, 0.2)
    torch.testing.assert_close(entered.view(1, 8, 4, 4), small.activations(z[:, None], "layer0"))
