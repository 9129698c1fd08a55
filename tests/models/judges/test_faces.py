"""The face finder: the networks' shapes, and boxes without doubles that are in the image."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models.judges.faces import Detector, FaceFinder, Landmarker, _overlap, load_face_finder


@pytest.fixture(scope="module")
def finder():
    return load_face_finder()


def test_the_networks_have_the_published_shapes():
    with torch.no_grad():
        assert Detector()(torch.zeros(2, 3, 416, 416)).shape == (2, 25, 13, 13)
        assert Landmarker()(torch.zeros(2, 3, 112, 112)).shape == (2, 68, 2)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (64, 64), (500, 200)])
def test_where_there_is_no_face_none_is_found(finder, size):
    assert finder(torch.zeros(3, *size)) == []


@pytest.mark.parametrize("image", [torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8), torch.full((3, 8, 8), torch.nan)])
def test_what_is_no_image_is_refused(finder, image):
    with pytest.raises(ArgumentError, match="image"):
        finder(image)


@pytest.mark.parametrize("size", [(416, 100), (100, 416)])
def test_a_box_in_what_was_padded_is_none(finder, size, monkeypatch):
    """The detector sees squares."""
    out = torch.full((1, 5, 5, 13, 13), -10.0)
    out[0, 0, :4] = 0
    out[0, 0, 4, 1, 1] = out[0, 0, 4, 11, 11] = 10
    monkeypatch.setattr(finder.detector, "forward", lambda _: out.flatten(1, 2))
    [face] = finder(torch.zeros(3, *size))
    assert max(face.box) < 100


def test_boxes_overlap_by_their_intersection_over_union():
    assert _overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert _overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert _overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_it_is_frozen(finder):
    assert isinstance(finder, FaceFinder)
    assert not any(parameter.requires_grad for parameter in finder.parameters())
