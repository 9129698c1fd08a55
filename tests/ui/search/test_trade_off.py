"""A search for words and a picture as two objectives: what it begins with, what the page shows, and what is kept."""

import itertools
from dataclasses import replace

import pytest

from spaceseed.evolution.find import first_seeds
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search import results, tab
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import climb
from spaceseed.ui.search.results import FRONT
from spaceseed.ui.state.session import Session

ASKED = {"prompt": "a woman with red hair", "algorithm": "Trade-off", "generations": 4, "patience": 0}


@pytest.fixture
def start(generator, judge, atlas, find, tmp_path, said):
    """Begins a search for red hair and for the picture of seed 5."""
    find(5).save(tmp_path / "find.png")

    def begun(**values):
        visitor = Session.on(generator)
        asked = tab.ask(visitor, visitor.workspace.view, Picked({}, None), ASKED | values, str(tmp_path / "find.png"))
        *_, last = begin(generator, judge, atlas, asked, visitor)
        return visitor, last

    return begun


def ended(generator, visitor, state):
    *_, last = climb(state, visitor, Turns(2, 1.0))
    return last


def test_it_begins_with_the_best_seeds_of_both(start, atlas):
    _, state = start()
    of_words, of_picture = (first_seeds(part, atlas, 0) for part in state.asked.objective.parts)
    assert state.wall.seeds[0] == of_words[0]
    assert of_picture[0] == 5 == state.wall.seeds[1]
    assert set(state.wall.rows) == set([*itertools.chain(*zip(of_words, of_picture, strict=True))][:64])


def test_finds_run_from_the_words_to_the_picture(generator, start):
    visitor, state = start()
    ended(generator, visitor, state)
    front = [find.scores for find in state.latest.finds]
    shown = list(state.shown.scores)
    assert len(shown) == min(8, len(front)) > 3
    assert (shown[0], shown[-1]) == (front[-1], front[0])
    assert [words for words, _ in shown] == sorted((words for words, _ in shown), reverse=True)
    assert [picture for _, picture in shown] == sorted(picture for _, picture in shown)
    drawn = results.draw(state, visitor)
    assert drawn["top"].title == FRONT
    assert [tile.caption for tile in drawn["top"].tiles] == [f"{a:.2f} \u00b7 {b:.2f}" for a, b in shown]
    assert "words" in drawn["curve"]["label"]
    assert "picture" in drawn["curve"]["label"]
    assert all(line == sorted(line) for line in state.lines.values())
    assert state.status.endswith(f"{len(shown)} of {len(front)} compromises are shown.")


@pytest.mark.parametrize("balance", [0.0, 0.6])
def test_the_best_is_the_one_that_the_slider_prefers(generator, start, balance):
    state = ended(generator, *start(balance=balance))
    mixed = [(1 - balance) * words + balance * picture for words, picture in state.shown.scores]
    assert mixed[state.shown.best] == max(mixed)
    finds = {recipe.id for recipe in state.recipes(8)}
    (best,) = state.recipes(1)
    assert len(finds) == len(state.shown.shots)
    assert best.id in finds
    assert jpegs(best.render(generator)) == [state.shown.shots[state.shown.best].picture]
    settings = best.found.settings
    assert (settings["score 1"], settings["score 2"]) == state.shown.scores[state.shown.best]
    assert best.found.prompt == "a woman with red hair, like a picture"


def test_it_goes_on_as_if_it_had_not_ended(generator, start):
    whole = ended(generator, *start())
    visitor, state = start(generations=2)
    ended(generator, visitor, state)
    state.job = replace(state.job, ticket=Ticket())
    visitor.ticket = state.job.ticket
    ended(generator, visitor, state)
    assert state.latest.number == 4
    assert state.lines == whole.lines
    assert state.shown.scores == whole.shown.scores
