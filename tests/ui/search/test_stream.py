"""A search as the page sees it: what is told, and when an atlas is built."""

import pytest

from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.search import tab
from spaceseed.ui.search.stream import build_atlas, first_steps, steps
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

ASKED = {"prompt": "red hair, no dragon", "algorithm": "CMA-ES", "generations": 2, "warm_start": 20}


@pytest.fixture
def networks():
    """Networks of this test alone."""
    return Networks("avatars")


@pytest.fixture
def visitor(networks):
    return Session.on(networks.generator("avatars"))


def ask(visitor):
    return tab.ask(visitor, visitor.workspace.view, Picked({}, None), ASKED)


def test_a_search_ends_with_buttons_that_let_it_go_on(networks, visitor, said):
    *_, first = first_steps(networks, visitor, ask(visitor))
    assert len(first["wall"].tiles) == 20
    assert first["stop"].interactive
    *_, last = steps(networks, visitor, first["begun"])
    assert not last["stop"].interactive
    assert last["again"].interactive
    assert first["unknown"].value.startswith('Not understood: "dragon".')
    assert said == []
    assert list(steps(networks, visitor, first["begun"])) == []
    assert list(steps(networks, visitor, None)) == []


def test_a_search_without_a_usable_atlas_says_so_once_and_goes_on(networks, visitor, said, monkeypatch):
    monkeypatch.setattr(networks.atlases, "atlas", lambda *_: (None, "The atlas is damaged."))
    *_, first = first_steps(networks, visitor, ask(visitor))
    assert first["begun"] is not None
    assert said == ["The atlas is damaged."]


def test_a_stop_while_the_first_images_are_drawn_leaves_no_box_waiting(networks, visitor, monkeypatch):
    monkeypatch.setattr("spaceseed.ui.search.hunt.batch_size", lambda _: 3)
    job = ask(visitor)
    shown = first_steps(networks, visitor, job)
    first = next(step["wall"] for step in shown if "wall" in step).tiles  # while the judge is loaded there is none
    assert [tile.path is not None for tile in first] == [True] * 3 + [False] * 17
    assert not any(tile.missing for tile in first)
    job.ticket.stopped = True
    *_, last = shown
    assert last["status"] == {"text": "Stopped at once."}
    assert all(tile.path or tile.missing for tile in last["wall"].tiles)
    assert [tile.id for tile in last["wall"].tiles] == [tile.id for tile in first]


def test_a_stop_while_the_judge_is_loaded_is_told(networks, visitor):
    job = ask(visitor)
    job.ticket.stopped = True
    *_, last = first_steps(networks, visitor, job)
    assert last["status"] == {"text": "Stopped at once."}
    assert not last["stop"].interactive


def test_an_atlas_is_built_only_with_a_judge_that_is_there_and_while_the_visitor_stays(networks, visitor, monkeypatch):
    asked = []
    monkeypatch.setattr(networks.atlases, "build", lambda *arguments: asked.append(arguments))
    build_atlas(networks, visitor)
    assert asked == []
    judge = networks.judge("avatars")
    build_atlas(networks, visitor)
    (generator, given, labels, wanted), = asked  # fmt: skip
    assert (generator, given, labels) == (networks.generator("avatars"), judge, None)
    assert not wanted()
    visitor.tab = "search"
    assert wanted()
    visitor.model = "other"
    assert not wanted()
