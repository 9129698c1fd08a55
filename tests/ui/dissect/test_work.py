"""The pictures of the wall."""

import torch

from spaceseed.ui.dissect.work import SIDE, lit_units, side_by_side


def test_what_does_not_light_up_is_dim_and_what_does_has_a_line_around_it():
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[0, :2, :2] = True
    shown = side_by_side(torch.zeros(2, 3, 4, 4), masks)
    assert shown.shape == (1, 3, SIDE, 2 * SIDE)
    lit, line, dim = shown[0, 0, 10, 10], shown[0, 0, 10, SIDE // 2 + 1], shown[0, 0, -1, -1]
    assert (lit, line) == (0, 1)
    assert -1 < dim < lit


def test_large_images_are_made_small():
    shown = side_by_side(torch.ones(1, 3, 256, 256), torch.ones(1, 256, 256, dtype=torch.bool))
    assert (shown.shape, shown.min()) == ((1, 3, SIDE, SIDE), 1)


def test_each_unit_has_its_own_picture(generator, table):
    drawn = dict(lit_units(generator, table, (3, 5), None))
    assert list(drawn) == [3, 5]
    assert len(set(drawn.values())) == 2
    assert list(lit_units(generator, table, (), None)) == []
