import pytest

from spaceseed.ui import entry
from spaceseed.ui.entry import enter
from spaceseed.ui.share import write_query


@pytest.fixture
def warnings(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(entry, "warn", said.append)
    return said


def test_each_visitor_gets_faces_of_their_own(generator, session, warnings):
    enter(generator, session, [], {})
    mine = session.breeding.page.seeds
    enter(generator, session, [], {})
    assert len(mine) == 12
    assert mine != session.breeding.page.seeds
    assert warnings == []


def test_a_seed_link_puts_that_face_first(generator, session, warnings):
    assert enter(generator, session, [], {"seed": "42", "truncation": "0.5"}) == (0.5, "breed")
    assert session.breeding.page.seeds[0] == 42


def test_a_find_link_opens_the_basket(generator, session, find, warnings):
    query = write_query(generator, find(1).replace(seed=None)) or ""
    _, tab = enter(generator, session, [], {"find": query.removeprefix("?find=")})
    assert tab == "finds"
    assert session.shown == find(1).id


@pytest.mark.parametrize("query", [{"seed": "x"}, {"find": "x"}])
def test_a_bad_link_still_opens_the_page(generator, session, warnings, query):
    _, tab = enter(generator, session, [], query)
    assert tab == "breed"
    assert len(warnings) == 1
    assert len(session.breeding.page.latents) == 12


def test_a_find_of_other_weights_is_refused(generator, session, find, warnings):
    other = find(1).replace(sha256="0" * 64, seed=None)
    query = write_query(generator, other) or ""
    assert enter(generator, session, [], {"find": query.removeprefix("?find=")})[1] == "breed"
    assert "other weights" in warnings[0]
    assert session.finds == {}
