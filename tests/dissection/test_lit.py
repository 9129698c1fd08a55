import pytest
import torch

from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.lit import lit
from spaceseed.dissection.sample import seen
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.recipes.edits import UnitEdit, activation_edits
from tests.dissection.oracle import GREEN, RED, SIDE
from tests.models.families import FAMILIES


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


def test_layers_that_are_wider_than_the_image_are_cropped_to_it():
    torch.manual_seed(0)
    generator = FAMILIES["stylegan3 T"]().requires_grad_(False)
    layer = next(name for name in generator.layers if generator.margin(name))
    margin, space = generator.margin(layer), LatentSpace(generator, "z", 1.0)
    ws = space.ws(space.draw(range(2)))
    _, x = seen(space, layer, ws)
    whole = generator.activations(ws, layer)
    assert torch.equal(x, whole[:, :, margin:-margin, margin:-margin])
    left = torch.zeros(4, 4)
    left[:, :1] = 1
    last = [name for name in generator.layers if generator.margin(name)][-1]
    edit = UnitEdit(layer=last, units=(0, 1, 2, 3), values=torch.full([4], 50.0), mask=left)
    change = space.synthesize(ws, activation_edits(generator, [edit])) - space.synthesize(ws)
    columns = change.abs().mean(dim=(0, 1, 2))
    assert columns[:4].mean() > 5 * columns[8:].mean()
