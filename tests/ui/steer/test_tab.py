"""The Steer tab and the pages beside it: what it takes from Breed, and what it leaves alone."""

import pytest

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.steer import events, tab
from spaceseed.ui.steer.sets import MARKS


@pytest.fixture
def stale(tiny_networks, newcomer):
    """Marks as the browser has them while it still shows the page of the model before."""
    list(switch(tiny_networks, newcomer, "tiny-pggan"))
    return Picked({"g0-1": LIKED, "g0-2": BAD}, None, "avatars 0")


def test_likes_of_another_models_page_are_not_kept(tiny_networks, newcomer, stale):
    with pytest.raises(ValueError, match="Like at least one"):
        tab.take_liked(tiny_networks, newcomer, stale, *newcomer.workspace.view.values)
    assert newcomer.basket.finds == {}


def test_marks_of_another_models_page_make_no_direction(tiny_networks, newcomer, stale, said):
    tab.enter(tiny_networks, newcomer)
    events.choose_method(tiny_networks, newcomer, MARKS, stale)
    assert "mark one at least as bad" in said[0]
    assert MARKS not in newcomer.workspace.steering.sets
