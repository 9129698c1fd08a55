import gradio as gr
import pytest

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.shell import entry
from spaceseed.ui.shell.entry import enter, show_opening
from spaceseed.ui.state.saved import Saved
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import write_query


@pytest.fixture
def warnings(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(entry, "warn", said.append)
    return said


def test_each_visitor_gets_faces_of_their_own(networks, session, warnings):
    enter(networks, session, [], None, {})
    mine = session.breeding.page.seeds
    enter(networks, session, [], None, {})
    assert len(mine) == 12
    assert mine != session.breeding.page.seeds
    assert warnings == []


def test_a_seed_link_puts_that_face_first(networks, session, warnings):
    enter(networks, session, [], None, {"seed": "42", "truncation": "0.5"})
    assert session.breeding.page.seeds[0] == 42
    assert session.workspace.view.truncation == 0.5
    assert (session.opening.seed, session.opening.truncation) == (42, 0.5)


def test_a_find_link_is_shown_large_once_and_is_in_the_basket(networks, session, find, warnings):
    query = write_query(find(1).replace(seed=None)) or ""
    enter(networks, session, [], None, {"find": query.removeprefix("?find=")})
    assert session.basket.shown == find(1).id
    shown = show_opening(networks, session)
    assert (shown.find, shown.title, shown.opens) == (find(1).id, "seed 1", True)
    assert Recipe.open(shown.path).id == find(1).id
    assert show_opening(networks, session) == gr.skip()


@pytest.mark.parametrize("query", [{"seed": "x"}, {"find": "x"}])
def test_a_bad_link_still_opens_the_page(networks, session, warnings, query):
    enter(networks, session, [], None, query)
    assert session.opening is None
    assert len(warnings) == 1
    assert len(session.breeding.page.latents) == 12


def test_a_find_of_other_weights_is_refused(networks, session, find, warnings):
    other = find(1).replace(sha256="0" * 64, seed=None)
    query = write_query(other) or ""
    enter(networks, session, [], None, {"find": query.removeprefix("?find=")})
    assert "other weights" in warnings[0]
    assert session.basket.finds == {}


def test_a_page_loaded_anew_shows_what_it_did(networks, session, generator, warnings):
    enter(networks, session, [], None, {})
    session.breeding.next({4: 1})
    saved = Saved.of(session, Picked({"g1-0": 1, "g1-7": -1}, None))
    other = Session.on(generator)
    enter(networks, other, [], Saved.read([saved.model_dump_json()]), {})
    assert other.breeding.page.latents.equal(session.breeding.page.latents)
    assert other.breeding.page.marks == {0: 1, 7: -1}
    assert other.opening is None


def test_a_link_opened_in_the_same_window_leaves_the_page_as_it_was(networks, session, generator, warnings):
    enter(networks, session, [], None, {})
    saved = Saved.of(session, Picked({}, None))
    other = Session.on(generator)
    enter(networks, other, [], saved, {"seed": "42"})
    assert other.breeding.page.seeds == session.breeding.page.seeds
    assert other.opening.seed == 42
    # The same address again is a page loaded anew: nothing opens a second time.
    again = Session.on(generator)
    enter(networks, again, [], Saved.of(other, Picked({}, None)), {"seed": "42"})
    assert again.opening is None
