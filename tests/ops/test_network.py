"""The network that scores latents."""

import torch

from spaceseed.ops.network import Network


def test_untrained_it_says_nothing_and_rows_do_not_depend_on_each_other():
    network = Network.untrained(5, seed=1)
    x = torch.randn(30, 5, generator=torch.Generator().manual_seed(0))
    assert network.dims == 5
    assert (network.score(x) == 0).all()
    assert torch.equal(network.weights[0], Network.untrained(5, seed=1).weights[0])
    taught = Network((*network.weights[:2], torch.ones(1, 128, dtype=torch.float64)), network.biases)
    rows = torch.cat([taught.score(row[None]) for row in x])
    torch.testing.assert_close(taught.score(x), rows, atol=1e-12, rtol=1e-12)
