"""The score curve: what it draws, and that it stays small."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ui.kit.charts import MAX_POINTS, draw_curve


def lines(html):
    """The two lines, as lists of points: mean, best."""
    return [
        [tuple(map(float, point.split(","))) for point in points.split()]
        for points in re.findall(r'points="([^"]*)"', html)
    ]


def test_higher_scores_stand_higher_and_later_ones_further_right():
    mean, best = lines(draw_curve([0.1, 0.2, 0.3], [0.0, 0.1, 0.2], generations=5))
    assert [x for x, _ in best] == [0, 25, 50]
    assert [y for _, y in best] == sorted((y for _, y in best), reverse=True)
    assert all(below > above for (_, below), (_, above) in zip(mean, best, strict=True))


def test_long_searches_are_thinned_and_keep_their_ends():
    scores = [i / 5000 for i in range(5000)]
    mean, best = lines(draw_curve(scores, scores, generations=5000))
    assert len(mean) == len(best) == MAX_POINTS
    assert (best[0][0], best[-1][0]) == (0, 100)


@given(
    st.lists(st.floats(-1000, 1000) | st.sampled_from([-math.inf, math.inf, math.nan]), max_size=20),
    st.integers(1, 1000),
)
def test_any_scores_make_a_sound_figure(scores, generations):
    html = draw_curve(scores, scores, max(generations, len(scores)))
    ElementTree.fromstring(html.replace("&ndash;", "-"))
    for points in lines(html):
        assert all(-0.01 <= y <= 100.01 for _, y in points)


def test_the_label_says_what_is_seen():
    html = draw_curve([0.1, 0.25], [0.05, 0.125], generations=40)
    assert 'aria-label="Score by generation: best 0.250, mean 0.125 after generation 2 of 40"' in html
    assert "no scores yet" in draw_curve([], [], 40)


@pytest.mark.parametrize("scores", [[0.3], [0.3, 0.3, 0.3]])
def test_a_flat_curve_is_a_line(scores):
    _, best = lines(draw_curve(scores, scores, 10))
    assert len(best) >= 2
