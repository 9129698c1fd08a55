"""Sizes from shapes: invalid ones are named, and nothing is allocated before all are checked."""

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.shapes import expect, unfilled

SHAPES = {"weight": (4, 3), "scalar": ()}


def test_a_shape_that_fits_is_returned():
    assert expect(SHAPES, "weight", None, 3) == (4, 3)
    assert expect(SHAPES, "scalar") == ()


@pytest.mark.parametrize(
    ("shapes", "sides"),
    [({}, (4, 3)), (SHAPES, (4,)), (SHAPES, (4, 3, 1)), (SHAPES, (3, 4)), ({"weight": (4, 0)}, (4, None))],
)
def test_a_tensor_that_is_missing_or_does_not_fit_is_named(shapes, sides):
    with pytest.raises(CheckpointError, match="weight"):
        expect(shapes, "weight", *sides)


def test_a_network_is_made_in_the_sizes_of_the_tensors():
    state = PGGAN(3, {4: 2, 8: 2}).state_dict()
    generator = unfilled(lambda: PGGAN(3, {4: 2, 8: 2}), {name: tuple(tensor.shape) for name, tensor in state.items()})
    generator.load_state_dict(state)
    assert all(torch.equal(tensor, state[name]) for name, tensor in generator.state_dict().items())


def test_a_network_larger_than_its_tensors_is_refused_before_memory_is_taken():
    with pytest.raises(CheckpointError, match=r"convolutions\.layer0\.weight"):
        unfilled(lambda: PGGAN(10**6, {4: 10**6}), {"torgb.bias": (3,)})
