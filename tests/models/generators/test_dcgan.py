"""DCGAN: images independent of the batch, editable activations, sizes from tensors, and the linear map from z."""

import copy

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import latents_from_seeds
from tests.models import families


@pytest.fixture(scope="module")
def small():
    return families.small("dcgan")


def test_z_becomes_an_image(small):
    image = small.synthesize(small.map(latents_from_seeds(range(2), 6)))
    assert image.shape == (2, 3, 16, 16)
    assert image.abs().max() <= 1
    assert (small.z_dim, small.w_dim, small.num_ws, small.resolution, small.num_classes) == (6, 6, 1, 16, 0)


def test_truncation_has_no_effect(small):
    z = latents_from_seeds(range(3), 6)
    for truncation in (0.5, 0.0, -1.0):
        assert torch.equal(small.map(z, truncation=truncation), z[:, None])
    assert torch.equal(small.w_avg, torch.zeros(6))


def test_style_weights_are_how_z_enters(small):
    z = latents_from_seeds([1], 6)
    norm = small.norms["layer0"]
    offset = (norm.bias - norm.running_mean * norm.gain()).repeat_interleave(16)
    entered = (z @ small.style_weights(0).t() + offset).relu()
    torch.testing.assert_close(entered.view(1, 8, 4, 4), small.activations(z[:, None], "layer0"))


def test_training_normalises_by_the_batch_and_remembers_it(small):
    training = copy.deepcopy(small).train()
    ws = training.map(latents_from_seeds(range(5), 6))
    assert not torch.allclose(training.synthesize(ws), small.synthesize(ws))
    remembered = training.norms["layer0"].running_mean
    assert not torch.equal(remembered, small.norms["layer0"].running_mean)


def test_a_network_is_made_in_the_sizes_of_the_tensors(small):
    again = DCGAN.like(small.state_dict())
    again.load_state_dict(small.state_dict())
    ws = small.map(latents_from_seeds([3], 6))
    assert torch.equal(again.eval().synthesize(ws), small.synthesize(ws))


@pytest.mark.parametrize("name", ["convolutions.layer0.weight", "norms.layer1.running_var", "torgb.weight"])
def test_a_tensor_that_is_missing_or_does_not_fit_is_named(small, name):
    tensors = small.state_dict()
    for changed in ({**tensors, name: torch.zeros(7)}, {n: t for n, t in tensors.items() if n != name}):
        with pytest.raises(CheckpointError, match=name):
            DCGAN.like(changed)


def test_few_tensors_cannot_ask_for_huge_images():
    tensors = {f"convolutions.layer{i}.weight": torch.zeros(1, 1, 4, 4) for i in range(12)}
    with pytest.raises(CheckpointError, match="limit is 1024"):
        DCGAN.like(tensors)
