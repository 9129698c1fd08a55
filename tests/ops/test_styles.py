"""Styles are crossed by style layers."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.ops.styles import crossed

WS, OTHERS = torch.zeros(2, 4, 3), torch.ones(2, 4, 3)


@pytest.mark.parametrize("layers", [[1, 3], range(1, 4, 2), torch.tensor([3, 1])])
def test_some_layers_come_from_the_others(layers):
    assert crossed(WS, OTHERS, layers)[:, :, 0].tolist() == [[0, 1, 0, 1]] * 2
    assert WS.eq(0).all()


def test_one_row_is_crossed_with_each_of_the_others():
    assert crossed(WS[:1], OTHERS, 0).shape == (2, 4, 3)


def test_an_unknown_layer_is_named():
    with pytest.raises(ArgumentError) as caught:
        crossed(WS, OTHERS, 4)
    assert caught.value.name == "layers"
