"""The boxes of the Steer tab: filled when there is something new, for the visitor may be typing there."""

import gradio as gr
import pytest

from spaceseed.ui.steer import events, tab

NOTHING_NEW = [gr.skip()] * 3


@pytest.fixture
def at_work(networks, session):
    """A visitor with a fresh face open."""
    tab.enter(networks, session)
    return session


def boxes(filled):
    return [filled[name] for name in ("first", "last", "name")]


def test_what_stands_in_the_boxes_is_not_filled_in_again(networks, session):
    first, last, name = boxes(tab.enter(networks, session))
    assert (first.value, last.value, name) == (0, 9, "glasses")
    for again in (
        tab.enter(networks, session),
        events.undo(networks, session),
        tab.take_fresh(networks, session),
    ):
        assert boxes(again) == NOTHING_NEW


def test_a_name_is_filled_in_when_it_is_another(networks, at_work):
    assert events.look(at_work, 1) != gr.skip()
    assert boxes(events.rename(networks, at_work, "frown")) == NOTHING_NEW
    assert boxes(events.rename(networks, at_work, " frown\n"))[2] == "frown"
    with pytest.raises(ValueError, match="Write a name"):
        events.rename(networks, at_work, "")
    assert boxes(events.reset_all(networks, at_work))[2] == "frown"


def test_one_end_of_a_range_leaves_the_other_to_be_typed(networks, at_work):
    assert boxes(events.choose_range(networks, at_work, 5, 9)) == NOTHING_NEW
    with pytest.raises(ValueError, match="runs backwards"):
        events.choose_range(networks, at_work, 5, 2)
    first, last, _ = boxes(events.reset_all(networks, at_work))
    assert (first, last.value) == (gr.skip(), 9)
    first, last, _ = boxes(events.choose_group(networks, at_work, "coarse"))
    assert (first.value, last.value) == (0, 3)
