"""The ports draw what the generators draw, so that comparing their speed means something."""

import pytest

from benchmarks.ports import port
from benchmarks.synthesis import NETWORKS, build, styles

TOLERANCE = 1e-3  # of the standard deviation: the two round in different places, and a term left out shows in tenths


@pytest.mark.parametrize("name", NETWORKS)
def test_port_draws_the_same(name):
    generator = build(name, small=True)
    ws = styles(generator, 2)
    expected = port(generator)(ws)
    assert expected.std() > 0.01
    assert (generator.synthesize(ws) - expected).abs().max() <= TOLERANCE * expected.std()
