import pytest
import torch

from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.lit import lit
from spaceseed.errors import ArgumentError
from tests.dissection.oracle import GREEN, RED, SIDE


def test_a_unit_is_lit_where_it_draws(shapes, segmenter, units):
    images, masks = lit(shapes, units, RED, range(6))
    assert images.shape == (6, 3, SIDE, SIDE)
    assert masks.shape == (6, SIDE, SIDE)
    red = segmenter.segment(images) == 1
    assert (masks & red).sum() > 0.6 * (masks | red).sum()


def test_images_where_it_is_strongest_show_it(shapes, segmenter, units):
    images, masks = lit(shapes, units, GREEN, units.seeds[GREEN])
    assert (segmenter.segment(images) == 2).flatten(1).any(dim=1).all()
    assert masks.flatten(1).any(dim=1).all()


def test_a_style_channel_is_lit_where_it_changes_the_image(shapes, segmenter):
    table = dissect(shapes, segmenter, "colours", 8)
    images, masks = lit(shapes, table, 0, range(3))
    assert torch.equal(masks, (segmenter.segment(images) == 1) & masks)
    assert masks.any()
    assert not lit(shapes, table, 2, range(3))[1].any()


def test_bad_arguments_are_named(shapes, units):
    with pytest.raises(ArgumentError, match="units"):
        lit(shapes, units, 99, [0])
    with pytest.raises(ArgumentError, match="seed"):
        lit(shapes, units, 0, [-1])
