"""The score curve: what it draws, and that it stays small."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ui.kit.charts import MAX_POINTS, plotted


def lines(curve):
    """The two lines, as lists of points: best, mean."""
    return [[tuple(map(float, point.split(","))) for point in line["points"].split()] for line in curve["lines"]]


def plot(best, mean, generations):
    return plotted({"best": best, "mean": mean}, generations)


def test_higher_scores_stand_higher_and_later_ones_further_right():
    best, mean = lines(plot([0.1, 0.2, 0.3], [0.0, 0.1, 0.2], generations=5))
    assert [x for x, _ in best] == [0, 25, 50]
    assert [y for _, y in best] == sorted((y for _, y in best), reverse=True)
    assert all(below > above for (_, below), (_, above) in zip(mean, best, strict=True))


def test_long_searches_are_thinned_and_keep_their_ends():
    scores = [i / 5000 for i in range(5000)]
    best, mean = lines(plot(scores, scores, generations=5000))
    assert len(mean) == len(best) == MAX_POINTS
    assert (best[0][0], best[-1][0]) == (0, 100)


@given(
    st.lists(st.floats(-1000, 1000) | st.sampled_from([-math.inf, math.inf, math.nan]), max_size=20),
    st.integers(1, 1000),
)
def test_any_scores_make_a_sound_figure(scores, generations):
    curve = plot(scores, scores, max(generations, len(scores)))
    json.dumps(curve, allow_nan=False)
    for points in lines(curve):
        assert all(-0.01 <= x <= 101 and -0.01 <= y <= 100.01 for x, y in points)


def test_the_label_says_what_is_seen():
    curve = plot([0.1, 0.25], [0.05, 0.125], generations=40)
    assert curve["label"] == "best 0.250, mean 0.125 after round 2 of 40"
    assert [(line["name"], line["last"]) for line in curve["lines"]] == [("best", "0.250"), ("mean", "0.125")]
    assert plot([], [], 40)["label"] == "no scores yet"


@pytest.mark.parametrize("scores", [[0.3], [0.3, 0.3, 0.3]])
def test_a_flat_curve_is_a_line(scores):
    best, _ = lines(plot(scores, scores, 10))
    assert len(best) >= 2
