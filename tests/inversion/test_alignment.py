"""Frames of faces: FFHQ's formula, invariance, and pixels that come from where they should."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.inversion.alignment import Frame, cut


def landmarks(left=(40.0, 50.0), right=(80.0, 50.0), mouth=(60.0, 95.0)):
    """Landmarks whose eyes and corners of the mouth are around these points."""
    points = torch.zeros(68, 2, dtype=torch.float64)
    points[36:42], points[42:48] = torch.tensor(left), torch.tensor(right)
    points[48], points[54] = (
        torch.tensor(mouth) - torch.tensor([10.0, 0]),
        torch.tensor(mouth) + torch.tensor([10.0, 0]),
    )
    return points


def test_an_upright_face_is_framed_as_in_ffhq():
    frame = Frame.of_face(landmarks())
    # 45 from the eyes to the mouth, times 1.8, is more than 40 between the eyes, times 2.
    assert frame.side == pytest.approx(2 * 81)
    assert frame.center == pytest.approx((60, 50 + 4.5))
    assert frame.right == pytest.approx((81, 0))


def test_wide_faces_are_framed_by_their_eyes():
    frame = Frame.of_face(landmarks(left=(20.0, 50.0), right=(100.0, 50.0)))
    assert frame.side == pytest.approx(2 * 160)


@given(st.floats(-3, 3), st.floats(0.2, 5), st.floats(-100, 100), st.floats(-100, 100))
def test_the_frame_turns_grows_and_moves_with_the_face(angle, scale, x, y):
    turn = scale * torch.tensor([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    plain, moved = Frame.of_face(landmarks()), Frame.of_face(landmarks() @ turn + torch.tensor([x, y]))
    center = torch.tensor(plain.center, dtype=torch.float64) @ turn + torch.tensor([x, y])
    right = torch.tensor(plain.right, dtype=torch.float64) @ turn
    assert moved.center == pytest.approx(tuple(center.tolist()), abs=1e-6)
    assert moved.right == pytest.approx(tuple(right.tolist()), abs=1e-6)


def test_landmarks_at_one_place_are_no_face():
    with pytest.raises(ArgumentError, match="landmarks"):
        Frame.of_face(torch.ones(68, 2))
    with pytest.raises(ArgumentError, match="landmarks"):
        Frame.of_face(torch.ones(5, 2))


def ramp(height, width):
    """A picture whose red is x and whose green is y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


def test_the_middle_of_a_picture_is_cut_pixel_by_pixel():
    pixels, inside = cut(ramp(60, 100), Frame.middle(100, 60), 60)
    assert inside.all()
    assert np.abs(pixels[2:-2, 2:-2].astype(int) - ramp(60, 100)[2:-2, 22:78].astype(int)).max() <= 1


def test_a_turned_frame_reads_along_its_sides():
    pixels, inside = cut(ramp(100, 100), Frame((50, 50), (0, 30)), 60)  # its right side looks down
    assert inside.all()
    assert pixels[30, 50, 1] > pixels[30, 10, 1] + 30  # to the right: further down in the picture
    assert pixels[50, 30, 0] < pixels[10, 30, 0] - 30  # down: further left


def test_what_is_beyond_the_picture_is_told_and_mirrored():
    pixels, inside = cut(ramp(50, 50), Frame((0, 25), (25, 0)), 50)
    assert not inside[:, :24].any()
    assert inside[:, 26:].all()
    assert np.abs(pixels[25, 10].astype(int) - pixels[25, 39].astype(int)).max() <= 2


def test_a_frame_beside_the_picture_is_refused():
    with pytest.raises(ArgumentError, match="over the picture"):
        cut(ramp(50, 50), Frame((500, 500), (10, 0)), 32)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 3), (3000, 10)])
def test_pictures_of_any_size_are_cut(size):
    pixels, inside = cut(ramp(*size), Frame.middle(size[1], size[0]), 16)
    assert pixels.shape == (16, 16, 3)
    assert inside.shape == (16, 16)


def test_large_pictures_are_averaged_not_sampled():
    noise = np.random.RandomState(0).randint(256, size=(640, 640, 3), dtype=np.uint8)
    pixels, _ = cut(noise, Frame.middle(640, 640), 32)
    assert pixels.astype(float).std() < 10
