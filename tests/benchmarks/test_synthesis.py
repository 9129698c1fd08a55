"""The ports draw what the generators draw, so that comparing their speed means something."""

import pytest
import torch

from benchmarks.ports import port
from benchmarks.synthesis import NETWORKS, build, styles

TOLERANCE = 1e-3  # of the standard deviation: the two round in different places, and a term left out shows in tenths


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    generator = build(request.param, small=True)
    return generator, port(generator), styles(generator, 2)


def test_port_draws_the_same(network):
    generator, plain, ws = network
    expected = plain(ws)
    assert expected.std() > 0.01
    assert (generator.synthesize(ws) - expected).abs().max() <= TOLERANCE * expected.std()


def test_gradients_are_the_port_s(network):
    generator, plain, ws = network
    ws = ws.clone().requires_grad_(True)
    weights = torch.randn(2, 3, generator.resolution, generator.resolution, generator=torch.Generator().manual_seed(0))
    expected, found = (torch.autograd.grad((draw(ws) * weights).sum(), ws)[0] for draw in (plain, generator.synthesize))
    # Loosely: rounding decides on which side of a kink a few activations lie.
    assert (found - expected).norm() <= 0.02 * expected.norm()
