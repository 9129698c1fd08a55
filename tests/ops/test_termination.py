import math

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ops.termination import Termination


def optimizer_after(rounds, score=lambda generation: 0.0):
    optimizer = RandomSearch(4, population=10)
    for generation in range(rounds):
        optimizer.ask()
        optimizer.tell(torch.full((10,), float(score(generation))))
    return optimizer


@pytest.mark.parametrize(
    ("limit", "before", "after"),
    [
        ({"generations": 5}, 4, 5),
        ({"evaluations": 50}, 4, 5),
        ({"evaluations": 41}, 4, 5),
        ({"target": 4.0}, 4, 5),
        ({"seconds": 5.0}, 4, 5),
    ],
)
def test_each_limit_ends_the_search_when_it_is_reached(limit, before, after):
    name = next(iter(limit))
    termination = Termination(**limit)
    assert termination.reason(optimizer_after(before, float), seconds=before) is None
    assert termination.reason(optimizer_after(after, float), seconds=after) == name


def test_patience_ends_a_search_that_no_longer_improves():
    termination = Termination(patience=3)
    climbs_till_second = [None, None, None, None, "patience"]
    for rounds, expected in enumerate(climbs_till_second, start=1):
        assert termination.reason(optimizer_after(rounds, lambda g: min(g, 1)), seconds=0) == expected
    assert termination.reason(optimizer_after(50, float), seconds=0) is None


def test_a_gain_ends_a_search_that_improves_too_slowly():
    slowly = optimizer_after(10, lambda generation: 0.25 * generation)
    for gain, reason in ((0.5, None), (0.75, "patience"), (1.0, "patience")):
        assert Termination(patience=3, gain=gain).reason(slowly, seconds=0) == reason
    assert Termination(gain=9.0).reason(slowly, seconds=0) is None
    at_last = optimizer_after(10, lambda generation: float(generation == 9))
    assert Termination(patience=9, gain=0.5).reason(at_last, seconds=0) is None


def test_a_search_that_goes_on_is_given_as_many_rounds_again():
    flat = optimizer_after(9)
    reasons = [Termination(patience=3, gain=0.1).reason(flat, seconds=0, generations_before=n) for n in (5, 6, 7)]
    assert reasons == ["patience", "patience", None]


def test_without_limits_it_never_ends_and_before_the_first_round_neither():
    assert Termination().reason(optimizer_after(100), seconds=1e9) is None
    everything = Termination(generations=1, evaluations=1, target=-1e9, patience=1, seconds=1)
    assert everything.reason(optimizer_after(0), seconds=0) is None


def test_limits_count_from_where_the_search_began_and_the_target_does_not():
    optimizer = optimizer_after(4, lambda generation: -generation)
    before = {"generations_before": 3, "evaluations_before": 30}
    for limit, reason in (
        ({"generations": 2}, None),
        ({"generations": 1}, "generations"),
        ({"evaluations": 11}, None),
        ({"evaluations": 10}, "evaluations"),
        ({"patience": 2}, None),
        ({"patience": 1}, "patience"),
        ({"target": 0.0}, "target"),
    ):
        assert Termination(**limit).reason(optimizer, seconds=0, **before) == reason


def test_a_reached_target_is_the_reason_named():
    assert Termination(generations=1, target=0.0).reason(optimizer_after(1), seconds=0) == "target"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generations", 0),
        ("generations", 1.5),
        ("evaluations", -1),
        ("patience", 0),
        ("gain", -0.1),
        ("gain", math.nan),
        ("target", math.nan),
        ("target", math.inf),
        ("seconds", 0),
        ("seconds", math.nan),
    ],
)
def test_a_wrong_limit_is_named(name, value):
    with pytest.raises(ArgumentError) as caught:
        Termination(**{name: value})
    assert caught.value.name == name
