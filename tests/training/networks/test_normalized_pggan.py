"""A PGGAN that is built like a DCGAN during training."""

import pytest
import torch

from spaceseed.models.generators.pggan import PGGAN
from spaceseed.training.networks.normalized import standing
from spaceseed.training.networks.pairs import build
from tests.training.networks.conftest import after_a_few_batches, draw, rng


@pytest.fixture
def trained():
    return after_a_few_batches("normalized-pggan")


def test_a_plain_pggan_draws_the_same_images(trained):
    plain, z = trained.plain(), torch.randn(5, 8, generator=rng(1))
    assert type(plain) is PGGAN
    torch.testing.assert_close(draw(plain, z), draw(trained, z), atol=1e-5, rtol=1e-4)
    assert draw(plain, z).std(dim=0).mean() > 1e-3  # images differ


def test_activations_are_those_of_the_plain_one(trained):
    plain, z = trained.plain(), torch.randn(3, 8, generator=rng(1))
    assert plain.layers == trained.layers
    seen = []
    for generator in (plain, trained):
        found = {}
        with torch.no_grad():
            generator.compute_images(generator.map(z), lambda name, x, found=found: found.setdefault(name, x))
        seen.append(found)
    for name in plain.layers:
        torch.testing.assert_close(seen[0][name], seen[1][name], atol=1e-5, rtol=1e-4)


def test_what_is_finished_normalises_its_own_images(trained):
    before = {name: buffer.clone() for name, buffer in trained.named_buffers()}
    finished = standing(trained)
    assert not finished.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in trained.named_buffers())


def test_the_identities_never_learn():
    pair = build("normalized-pggan", 16, z_dim=8, capacity=1 / 16)
    before = {name: tensor.clone() for name, tensor in pair.generator.state_dict().items()}
    optimizer = torch.optim.Adam(pair.groups(pair.generator, 0.01))
    pair.generate(pair.generator, torch.randn(4, 8, generator=rng()), None, rng()).square().mean().backward()
    optimizer.step()
    after = pair.generator.state_dict()
    for i, name in enumerate(pair.generator.layers):
        changed = not torch.equal(after[f"convolutions.{name}.weight"], before[f"convolutions.{name}.weight"])
        assert changed == (i % 2 == 0), name
