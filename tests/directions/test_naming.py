import pytest
import torch

from spaceseed.directions.naming import name_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.stylegan2 import StyleGAN2


class Colours:
    """A judge that measures how much of each primary colour an image has."""

    def embed_images(self, images):
        return images.mean(dim=(2, 3))

    def embed_text(self, texts):
        return torch.eye(3)[[("red", "green", "blue").index(text) for text in texts]]


class Painter(StyleGAN2):
    """A generator of plain colours: the first three numbers of the first style."""

    def compute_images(self, ws, tap, **options):
        return ws[:, 0, :3, None, None].expand(-1, -1, 8, 8)


@pytest.fixture(scope="module")
def painter():
    torch.manual_seed(0)
    return Painter(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)


@pytest.fixture(scope="module")
def directions(painter):
    vectors = torch.tensor([[0.0, 1, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0], [0, 0, 0.1, 0, 0, 0.995]])
    w = painter.map(torch.randn(200, 8, generator=torch.Generator().manual_seed(1)))[:, 0]
    return DirectionSet.of(painter, "sefa", vectors, ("a", "b", "c"), w)


def test_a_direction_is_named_after_what_it_changes_and_leads_towards_more_of_it(painter, directions, tmp_path):
    named = name_directions(directions, painter, Colours(), ["red", "green", "blue"])
    assert named.names == ("green", "red", "blue")
    assert named.confidences == (1, 1, 1)
    ws = torch.zeros(1, painter.num_ws, 6)
    for index, channel in enumerate((1, 0, 2)):
        assert painter.synthesize(named.apply(ws, index, 1.0))[0, channel].mean() > 0
    named.save(tmp_path / "named.safetensors")
    assert DirectionSet.open(tmp_path / "named.safetensors").confidences == (1, 1, 1)


def test_names_do_not_change_how_far_a_step_goes(painter, directions):
    named = name_directions(directions, painter, Colours(), ["red", "green", "blue"])
    torch.testing.assert_close(named.vectors.abs(), directions.vectors.abs())
    assert torch.equal(named.scales, directions.scales)


def test_faults_are_named(painter, directions):
    with pytest.raises(ArgumentError, match="phrases"):
        name_directions(directions, painter, Colours(), ["red"])
    with pytest.raises(ArgumentError, match="samples"):
        name_directions(directions, painter, Colours(), ["red", "blue"], samples=1)
