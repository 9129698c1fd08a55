"""Which finds are kept."""

import math

import pytest
import torch

from spaceseed.evolution.finds import KEPT, Find, best_of, thumbnails


def gray(level, score):
    image = torch.full((3, 32, 32), level)
    return Find(torch.zeros(2), image, score, thumbnails(image[None])[0])


def kept(finds, apart, count=KEPT):
    return [find.score for find in best_of(finds, apart, count)]


def test_a_thumbnail_is_what_a_screen_shows():
    image = torch.zeros(3, 32, 32)
    image[0, :2, :2], image[1, 2:4, :2] = 0.5, 9.0
    thumbnail = thumbnails(image[None]).view(3, 16, 16)
    assert (thumbnail[0, 0, 0], thumbnail[1, 1, 0], thumbnail.sum()) == (0.5, 1.0, 1.5)


def test_a_find_stays_if_it_differs_from_every_better_one():
    finds = [gray(0.0, 1.0), gray(0.1, 3.0), gray(0.35, 2.0), gray(0.5, 0.0)]
    assert kept(finds, 0.2) == [3.0, 2.0]
    assert kept(finds, 0.1) == [3.0, 2.0, 1.0, 0.0]
    assert kept(finds, 0.0) == [3.0, 2.0, 1.0, 0.0]
    assert kept(finds, 2.0) == [3.0]


def test_a_better_find_removes_the_worse_ones_near_it():
    finds = best_of([gray(0.0, 1.0), gray(0.3, 2.0)], 0.25)
    assert kept([*finds, gray(0.15, 3.0), gray(0.8, -5.0)], 0.25) == [3.0, -5.0]


def test_of_equal_finds_the_earlier_stays_and_a_score_must_be_finite():
    first, second = gray(0.0, 1.0), gray(0.0, 1.0)
    assert best_of([first, second], 0.1) == (first,)
    assert best_of([first, second], 0)[0] is first
    assert kept([gray(0.0, math.nan), gray(0.0, math.inf), gray(0.5, 0.0)], 0.1) == [0.0]
    assert kept([], 0.1) == []


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_are_kept_than_asked_for(count):
    assert kept([gray(level / 10, level) for level in range(8)], 0.05, count) == [7, 6, 5][:count]
