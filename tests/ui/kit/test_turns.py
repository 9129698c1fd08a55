"""Who runs, who waits, and what they are told; time goes by as the test says."""

import itertools

import pytest

from spaceseed.ui.kit import turns as module
from spaceseed.ui.kit.turns import Turns


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def runs(turn):
    return next(turn.wait(), "") == ""


def test_two_run_and_the_third_is_told_its_place(clock):
    turns = Turns(places=2, seconds=4.0)
    with turns.line() as a, turns.line() as b, turns.line() as c, turns.line() as d:
        assert runs(a)
        assert runs(b)
        clock[0] += 1
        assert next(c.wait()) == "Waiting for your turn: place 1 in line, about 3 s"
        assert next(d.wait()) == "Waiting for your turn: place 2 in line, about 3 s"
        assert a.words == ""


def test_who_has_run_for_long_gives_way_and_comes_again(clock):
    turns = Turns(places=1, seconds=4.0)
    with turns.line() as old, turns.line() as new:
        assert runs(old)
        clock[0] += 3.9
        assert runs(old)
        clock[0] += 0.2
        assert not runs(old)
        assert runs(new)
        clock[0] += 5
        assert not runs(new)
        assert runs(old)


def test_a_newcomer_goes_before_those_who_have_run(clock):
    turns = Turns(places=1, seconds=4.0)
    with turns.line() as old, turns.line() as other:
        assert runs(old)
        clock[0] += 5
        assert not runs(old)
        assert runs(other)
        with turns.line() as new:
            clock[0] += 5
            assert new.words.startswith("Waiting for your turn: place 1")
            assert not runs(other)
            assert runs(new)
            assert not runs(old)


def test_alone_nobody_gives_way(clock):
    with Turns(places=1, seconds=4.0).line() as turn:
        for _ in range(5):
            assert runs(turn)
            clock[0] += 100


def test_a_place_is_free_again_when_its_work_ends_or_fails(clock):
    turns = Turns(places=1, seconds=4.0)
    with turns.line() as waiting:
        with pytest.raises(KeyError), turns.line():
            raise KeyError
        with turns.line() as gone:
            assert not runs(gone) or runs(waiting)
        assert runs(waiting)


def test_work_that_is_given_up_while_it_waits_ends_at_once(clock):
    turns = Turns(places=1, seconds=4.0)
    with turns.line() as first, turns.line() as second:
        assert runs(first)
        asked = []
        steps = second.share(iter(range(9)), lambda: len(asked) > 1)
        asked.extend(steps)
        assert len(asked) == 2
        assert all(words.startswith("Waiting") for words in asked)
    assert clock[0] < 101


def test_five_share_two_places_fairly(clock):
    """Each step takes a second; after a minute all have done about the same."""
    turns = Turns(places=2, seconds=4.0)
    done = dict.fromkeys("abcde", 0)
    lines = {name: turns.line() for name in done}
    works = {name: line.__enter__().share(itertools.repeat(1), lambda: False) for name, line in lines.items()}
    while clock[0] < 400:
        for name, work in works.items():
            if next(work) == 1:
                done[name] += 1
        clock[0] += 1
    assert max(done.values()) < 1.3 * min(done.values())
    for line in lines.values():
        line.__exit__(None, None, None)
