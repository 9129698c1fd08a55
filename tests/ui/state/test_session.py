from copy import deepcopy

import gradio as gr

from spaceseed.evolution.breeding import LIKED


def test_a_copy_of_the_pristine_session_is_independent(session, find):
    visitor = deepcopy(session)
    visitor.basket.add([find(1)])
    visitor.breeding.next({0: LIKED})
    assert session.basket.finds == {}
    assert session.breeding.page.number == 0


def test_a_box_is_not_filled_again_with_what_it_was_given(session):
    assert session.refill("name", ("find", "Ada"), "Ada") == "Ada"
    assert session.refill("name", ("find", "Ada"), "Ada") == gr.skip()
    assert session.refill("other", ("find", "Ada"), "Ada") == "Ada"
    assert session.refill("name", ("another", "Ada"), "Ada") == "Ada"
    session.boxes["name"] = "another", "typed"
    assert session.refill("name", ("another", "Ada"), "Ada") == "Ada"
    session.boxes["name"] = "another", "typed"
    assert session.refill("name", ("another", "typed"), "typed") == gr.skip()
