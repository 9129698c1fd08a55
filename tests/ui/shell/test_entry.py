import pytest

from spaceseed.ui.shell import entry
from spaceseed.ui.shell.entry import enter
from spaceseed.ui.state.share import write_query


@pytest.fixture
def warnings(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(entry, "warn", said.append)
    return said


def test_each_visitor_gets_faces_of_their_own(networks, session, warnings):
    enter(networks, session, [], {})
    mine = session.breeding.page.seeds
    enter(networks, session, [], {})
    assert len(mine) == 12
    assert mine != session.breeding.page.seeds
    assert warnings == []


def test_a_seed_link_puts_that_face_first(networks, session, warnings):
    assert enter(networks, session, [], {"seed": "42", "truncation": "0.5"}) == "breed"
    assert session.breeding.page.seeds[0] == 42
    assert session.workspace.view.truncation == 0.5


def test_a_find_link_opens_the_basket(networks, session, find, warnings):
    query = write_query(find(1).replace(seed=None)) or ""
    tab = enter(networks, session, [], {"find": query.removeprefix("?find=")})
    assert tab == "finds"
    assert session.basket.shown == find(1).id


@pytest.mark.parametrize("query", [{"seed": "x"}, {"find": "x"}])
def test_a_bad_link_still_opens_the_page(networks, session, warnings, query):
    tab = enter(networks, session, [], query)
    assert tab == "breed"
    assert len(warnings) == 1
    assert len(session.breeding.page.latents) == 12


def test_a_find_of_other_weights_is_refused(networks, session, find, warnings):
    other = find(1).replace(sha256="0" * 64, seed=None)
    query = write_query(other) or ""
    assert enter(networks, session, [], {"find": query.removeprefix("?find=")}) == "breed"
    assert "other weights" in warnings[0]
    assert session.basket.finds == {}
