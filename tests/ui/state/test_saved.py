"""What the browser keeps of a visit, and what comes back of it."""

import json
from dataclasses import replace

import pytest

from spaceseed.evolution.breeding import LIKED
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state.saved import NAME, Saved, save
from spaceseed.ui.state.session import Session

NO_MARKS = Picked({}, None)


def through(visitor, generator, picked=NO_MARKS):
    """Another session, from the text that the browser keeps of one."""
    other = Session.on(generator)
    Saved.read([Saved.of(visitor, picked).model_dump_json()]).restore(generator, other)
    return other


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_bred_page_comes_back_with_its_marks(generator, session, space):
    breeding = session.breeding
    if space == "w":
        home = session.workspace.view.space(generator, "w")
        breeding.restart_from(home.draw([3]), [3], home.from_z)
        breeding.next({0: LIKED}, from_z=home.from_z)
    else:
        breeding.next({3: LIKED})
    number = breeding.page.number
    back = through(session, generator, Picked({f"g{number}-0": 1, f"g{number}-5": -1}, None)).breeding.page
    assert back.latents.equal(breeding.page.latents)
    assert (back.seeds, back.kept, back.new, back.space) == (
        breeding.page.seeds, breeding.page.kept, breeding.page.new, breeding.page.space,
    )  # fmt: skip
    assert back.marks == {0: 1, 5: -1}


def test_a_page_comes_back_with_the_filter_that_it_was_drawn_with(generator, session):
    breeding = session.breeding
    breeding.page = replace(breeding.page, avoided={3: "truncate mean in z"})
    assert through(session, generator).breeding.page.avoided == {3: "truncate mean in z"}
    fields = json.loads(Saved.of(session, NO_MARKS).model_dump_json())
    del fields["page"]["avoided"]  # as pages from before it are kept
    assert Saved.read([json.dumps(fields)]).page.avoided == {}


def test_a_page_of_seeds_is_kept_as_seeds(generator, session):
    text = Saved.of(session, NO_MARKS).model_dump_json()
    assert len(text) < 1000
    assert through(session, generator).breeding.page.seeds == tuple(range(12))


def test_what_was_found_and_steered_comes_back(generator, session, find):
    session.prompt, session.found, session.best = "red hair", (find(1), find(2)), 1
    session.workspace.steering.open(find(3))
    back = through(session, generator)
    assert (back.prompt, back.found, back.best) == ("red hair", (find(1), find(2)), 1)
    assert back.workspace.steering.opened.source.id == find(3).id


def test_finds_of_other_weights_are_left_out(generator, session, find):
    session.found, session.best = (find(1).replace(sha256="0" * 64), find(2)), 1
    back = through(session, generator)
    assert (back.found, back.best) == ((find(2),), 0)


@pytest.mark.parametrize(
    "change",
    [
        {"page": {}},
        {"model": 3},
        {"view": [1, 2]},
        {"more": 1},
        {"found": ["x"] * 17},
    ],
)
def test_what_was_never_written_is_not_read(session, change):
    fields = json.loads(Saved.of(session, NO_MARKS).model_dump_json())
    assert Saved.read([json.dumps(fields | change)]) is None
    assert Saved.read(["no JSON"]) is None
    assert Saved.read([]) is None
    assert Saved.read([" " * 4_000_001]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": [None] * 12},
        {"seeds": [1, 2]},
        {"kept": 30},
        {"marks": {"30": 1}},
        {"space": "w"},
        {"latents": {"shape": [12, 3], "float32": "AAAA" * 48}},
    ],
)
def test_a_page_that_does_not_fit_gives_way_to_a_fresh_one(generator, session, change):
    fields = json.loads(Saved.of(session, NO_MARKS).model_dump_json())
    saved = Saved.read([json.dumps(fields | {"page": fields["page"] | change})])
    assert saved is not None
    other = Session.on(generator)
    saved.restore(generator, other)
    assert other.breeding.page.number == 0
    assert len(other.breeding.page.latents) == 12
    assert other.breeding.page.marks == {}


def test_a_server_that_forgot_the_visit_asks_for_the_page_anew(session):
    assert save(session, NO_MARKS).reload
    session.entered = True
    changes = save(session, NO_MARKS)
    assert list(changes.put) == [NAME]
    assert not changes.reload
