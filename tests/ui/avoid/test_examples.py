"""The examples of the Avoid tab: shown, removed, and found without clicking."""

import pytest

from spaceseed.ui.avoid import examples
from spaceseed.ui.avoid.examples import find_by_search, find_by_words, forget_all, remove, shelves
from spaceseed.ui.avoid.learning import FROM_LATENTS, MARKS, SOFT, learn
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.avoiding import TASK, vectors
from tests.ui.avoid.lessons import brightness, mark, taught


def test_shelves_show_the_marks_and_a_click_forgets_one(bright_networks, learner):
    mark(learner, bad=[0, 1], good=[2])
    bad, good = list(shelves(bright_networks, learner))[-1]
    assert [len(gallery.tiles) for gallery in (bad, good)] == [2, 1]
    assert all(tile.path for tile in [*bad.tiles, *good.tiles])
    assert bad.title == "Bad: 2. Click one to forget it."
    remove(bright_networks, learner, Picked({bad.tiles[0].id: 1, "nothing": 1}, None))
    bad, good = list(shelves(bright_networks, learner))[-1]
    assert [len(gallery.tiles) for gallery in (bad, good)] == [1, 1]


def test_forgetting_all_keeps_the_filter(bright_networks, learner, said):
    taught(bright_networks, learner)
    forget_all(bright_networks, learner)
    assert not learner.workspace.avoiding.marks
    assert learner.workspace.avoiding.learned is not None
    assert said == ["100 marks forgotten."]


def test_words_mark_what_fits_them_best_as_bad(bright_networks, learner):
    *_, (words, _) = find_by_words(bright_networks, learner, "something bright", 100)
    assert words.startswith("10 bad and 90 good ones")
    bad, good = learner.workspace.avoiding.examples()
    space = learner.workspace.view.space(bright_networks.generator(learner.model))
    assert brightness(space, vectors(space, bad)).min() >= brightness(space, vectors(space, good)).max()


@pytest.mark.parametrize(
    ("text", "count", "sentence"),
    [
        (" ", 100, "Type what"),
        (None, 100, "Type what"),
        ("x" * 301, 100, "too long"),
        ("bright", 5, "whole number from 20 to 1,000"),
        ("bright", float("nan"), "whole number"),
        ("bright", None, "whole number"),
    ],
)
def test_what_words_cannot_be_looked_for_is_said(bright_networks, learner, text, count, sentence):
    with pytest.raises(ValueError, match=sentence):
        list(find_by_words(bright_networks, learner, text, count))


@pytest.mark.parametrize("model", ["avatars", "tiny-stylegan2"])
def test_a_search_finds_broken_ones(bright_networks, learner, monkeypatch, model):
    monkeypatch.setattr(examples, "HUNT", (2, 2, 8))
    list(switch(bright_networks, learner, model))
    if model != "avatars":
        monkeypatch.setattr(examples, "realism", lambda *_: lambda images: -images.mean(dim=(1, 2, 3)))
    *_, (words, _) = find_by_search(bright_networks, learner)
    assert words.startswith("10 bad and 8 good ones")


def test_what_is_stopped_changes_nothing(bright_networks, learner):
    for step in find_by_words(bright_networks, learner, "something bright", 1000):
        words = step[0]
        learner.tasks.begin(TASK)
    assert words.startswith("Stopped")
    assert not learner.workspace.avoiding.marks
    mark(learner, bad=[0, 1], good=[2, 3])
    for _ in learn(bright_networks, learner, MARKS, 25, FROM_LATENTS, SOFT):
        learner.tasks.begin(TASK)
    assert learner.workspace.avoiding.learned is None
