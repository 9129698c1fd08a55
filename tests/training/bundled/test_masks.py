"""Masks of drawn faces: each part of the drawing is labelled where it is seen."""

import random
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")

from spaceseed.training.bundled.avatars import SPLITS, Avatar, render, sample
from spaceseed.training.bundled.masks import CLASSES, masks, render_mask

PLAIN = Avatar(
    skin="pale",
    hair="bald",
    hair_color="hidden",
    glasses="none",
    beard="none",
    eyes="open",
    brows="relaxed",
    mouth="serious",
    clothes="t-shirt",
    clothes_color="blue",
    background="green",
)


def shares(avatar):
    return dict(zip(CLASSES, np.bincount(render_mask(avatar).ravel(), minlength=len(CLASSES)) / 64**2, strict=True))


def test_a_plain_face_has_neither_hair_nor_glasses_nor_beard():
    found = shares(PLAIN)
    assert {name for name, share in found.items() if not share} == {"hair", "glasses", "beard"}
    assert found["skin"] > 0.2
    assert found["eyes"] == pytest.approx(2 * np.pi * 6**2 / 214**2, rel=0.25)  # two circles of radius 6


@pytest.mark.parametrize(
    ("part", "avatar", "least"),
    [
        ("hair", replace(PLAIN, hair="afro", hair_color="red"), 0.2),
        ("beard", replace(PLAIN, beard="full", hair_color="black"), 0.04),
        ("beard", replace(PLAIN, beard="moustache", hair_color="black"), 0.004),
        ("glasses", replace(PLAIN, glasses="round"), 0.01),
        ("glasses", replace(PLAIN, glasses="sunglasses", eyes="hidden"), 0.04),
    ],
)
def test_a_part_is_found_where_it_is_added(part, avatar, least):
    assert shares(avatar)[part] > least
    added = (render_mask(avatar) == CLASSES.index(part)) & (render_mask(PLAIN) != CLASSES.index(part))
    changed = np.abs(render(avatar).astype(int) - render(PLAIN)).max(axis=2) > 8
    assert (added & changed).sum() > 0.95 * added.sum()


def test_lenses_can_be_seen_through_unless_they_are_dark():
    assert shares(replace(PLAIN, glasses="round"))["eyes"] == shares(PLAIN)["eyes"]
    assert shares(replace(PLAIN, glasses="sunglasses", eyes="hidden"))["eyes"] == 0


def test_the_background_is_where_its_colour_is_and_clothes_are_where_theirs_is():
    avatar, other = PLAIN, replace(PLAIN, background="purple", clothes_color="red")
    changed = np.abs(render(avatar).astype(int) - render(other)).max(axis=2) > 20
    mask = render_mask(avatar)
    expected = (mask == CLASSES.index("background")) | (mask == CLASSES.index("clothes"))
    assert (changed == expected).mean() > 0.97
    assert np.array_equal(mask, render_mask(other))


def test_the_mask_has_the_same_frame_at_any_size():
    avatar = sample(random.Random(5))
    small, large = render_mask(avatar, 32), render_mask(avatar, 128)
    assert small.shape == (32, 32)
    assert (large[1::4, 1::4] == small).mean() > 0.95


def test_masks_are_rendered_once(tmp_path, monkeypatch):
    first = masks("held_out", 2, tmp_path, workers=1)
    monkeypatch.setattr("spaceseed.training.bundled.masks._render_seed", None)
    again = masks("held_out", 2, tmp_path, workers=1)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.labels, again.labels)
    avatar = sample(random.Random(SPLITS["held_out"][0] + 1))
    assert np.array_equal(first.images[1], render(avatar))
    assert np.array_equal(first.labels[1], render_mask(avatar))
