"""What the Avoid tab does, without the page."""

from copy import deepcopy
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.filter import LatentFilter
from spaceseed.models.judges import inception
from spaceseed.ui.avoid import examples, learning, proof
from spaceseed.ui.avoid.examples import find_by_search, find_by_words, forget_all, remove, shelves
from spaceseed.ui.avoid.learning import (
    SUITED,
    along,
    learn,
    load_filter,
    pictures,
    use_in_breed,
    use_in_search,
    verdict,
)
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.search.climb import climb
from spaceseed.ui.search.tab import ask
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state import workspace
from spaceseed.ui.state.avoiding import TASK
from spaceseed.ui.state.marks import note_marks, page_key
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from tests.ui.standins import stand_in

LOGISTIC = "Logistic (a plane)"


class BrightJudge:
    """Finds bright images like any text."""

    name = "bright"

    def embed_text(self, text):
        return torch.ones(1, 3)

    def embed_images(self, images):
        return images.mean(dim=(2, 3))


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(Networks, "judge", lambda self, model, progress=None: BrightJudge())
    chance = count()
    luck = SimpleNamespace(randbelow=lambda _: next(chance), randbits=lambda _: 0)
    for module in (examples, workspace):
        monkeypatch.setattr(module, "secrets", luck)
    stand_in(monkeypatch)
    return Networks("avatars")


@pytest.fixture
def visitor(networks):
    """One who works with a tiny model of random weights."""
    visitor = Session.on(networks.generator("avatars"))
    list(switch(networks, visitor, "tiny-stylegan2"))
    return visitor


@pytest.fixture
def said(monkeypatch):
    sentences = []
    for module in (examples, learning):
        monkeypatch.setattr(module, "inform", sentences.append)
    monkeypatch.setattr(learning, "warn", sentences.append)
    return sentences


def mark(visitor, **kinds):
    """Marks images of the page, such as bad=[0, 1]."""
    marks = {i: {"bad": BAD, "good": LIKED}[kind] for kind, places in kinds.items() for i in places}
    visitor.workspace.avoiding.note(visitor.breeding.page.latents, marks)


def taught(networks, visitor, **settings):
    """Lets the visitor learn from words."""
    list(find_by_words(networks, visitor, "something bright", 100))
    return study(networks, visitor, **settings)


def study(networks, visitor, method=LOGISTIC, how=SUITED, refused=25):
    *_, last = learn(networks, visitor, method, how, refused)
    return last


def brightness(space, vectors):
    with torch.no_grad():
        return space.images(vectors).mean(dim=(1, 2, 3))


def test_marks_of_another_models_page_are_not_taken_for_this_ones(visitor):
    note_marks(visitor, Picked({"g0-1": BAD}, None, key="avatars 0"))
    assert not visitor.workspace.avoiding.marks
    note_marks(visitor, Picked({"g0-1": BAD}, None, key=page_key(visitor)))
    assert len(visitor.workspace.avoiding.marks) == 1


def test_each_model_has_its_own_marks_and_filter(networks, visitor):
    taught(networks, visitor)
    list(switch(networks, visitor, "avatars"))
    assert not visitor.workspace.avoiding.marks
    assert visitor.workspace.avoiding.learned is None
    list(switch(networks, visitor, "tiny-stylegan2"))
    assert len(visitor.workspace.avoiding.marks) == 100


def test_shelves_show_the_marks_and_a_click_forgets_one(networks, visitor):
    mark(visitor, bad=[0, 1], good=[2])
    bad, good = list(shelves(networks, visitor))[-1]
    assert [len(gallery.tiles) for gallery in (bad, good)] == [2, 1]
    assert all(tile.path for tile in [*bad.tiles, *good.tiles])
    assert bad.title == "Bad: 2. Click one to forget it."
    remove(networks, visitor, Picked({bad.tiles[0].id: 1, "nothing": 1}, None))
    bad, good = list(shelves(networks, visitor))[-1]
    assert [len(gallery.tiles) for gallery in (bad, good)] == [1, 1]


def test_forgetting_all_keeps_the_filter(networks, visitor, said):
    taught(networks, visitor)
    forget_all(networks, visitor)
    assert not visitor.workspace.avoiding.marks
    assert visitor.workspace.avoiding.learned is not None
    assert said == ["100 marks forgotten."]


def test_words_mark_what_fits_them_best_as_bad(networks, visitor):
    *_, (words, _) = find_by_words(networks, visitor, "something bright", 100)
    assert words.startswith("10 bad and 90 good ones")
    bad, good = visitor.workspace.avoiding.examples()
    space = visitor.workspace.view.space(networks.generator(visitor.model))
    assert brightness(space, bad).min() >= brightness(space, good).max()


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
def test_what_words_cannot_be_looked_for_is_said(networks, visitor, text, count, sentence):
    with pytest.raises(ValueError, match=sentence):
        list(find_by_words(networks, visitor, text, count))


@pytest.mark.parametrize("model", ["avatars", "tiny-stylegan2"])
def test_a_search_finds_broken_ones(networks, visitor, monkeypatch, model):
    monkeypatch.setattr(examples, "HUNT", (2, 2, 8))
    list(switch(networks, visitor, model))
    if model != "avatars":
        monkeypatch.setattr(examples, "realism", lambda *_: lambda images: -images.mean(dim=(1, 2, 3)))
    *_, (words, _) = find_by_search(networks, visitor)
    assert words.startswith("10 bad and 8 good ones")


def test_what_is_stopped_changes_nothing(networks, visitor):
    for step in find_by_words(networks, visitor, "something bright", 1000):
        words = step[0]
        visitor.tasks.begin(TASK)
    assert words.startswith("Stopped")
    assert not visitor.workspace.avoiding.marks
    mark(visitor, bad=[0, 1], good=[2, 3])
    for _ in learn(networks, visitor, LOGISTIC, SUITED, 25):
        visitor.tasks.begin(TASK)
    assert visitor.workspace.avoiding.learned is None


@pytest.mark.parametrize("model", ["tiny-classes", "tiny-stylegan3", "tiny-biggan", "tiny-pggan", "tiny-stylegan"])
def test_all_families_can_avoid(networks, visitor, model):
    list(switch(networks, visitor, model))
    taught(networks, visitor)
    assert visitor.workspace.avoiding.learned.filter.model == model
    *_, (strip, before, after, _) = pictures(networks, visitor)
    assert [len(part) for part in (strip, before, after)] == [7, 12, 12]
    learned = visitor.workspace.avoiding.learned
    space = visitor.workspace.view.space(networks.generator(model), "w")
    assert learned.within(space).allows(space.from_z(learned.good)).any()


def test_a_filter_learned_from_words_avoids_what_they_mean(networks, visitor):
    assert taught(networks, visitor)[0].startswith("Learned")
    learned = visitor.workspace.avoiding.learned
    assert learned.filter.trustworthy
    assert learned.filter.space == "w"
    before = learned.space.draw(range(500, 700))
    after = learned.filter.apply(before)
    space = learned.space
    assert brightness(space, after).mean() < brightness(space, before).mean()


def test_few_marks_are_called_too_few(networks, visitor):
    mark(visitor, bad=[0, 1], good=[2, 3])
    study(networks, visitor)
    terms = dict(verdict(visitor.workspace.avoiding.learned))
    assert terms["Trust"].startswith("Not enough marks yet: 2 bad and 2 good")
    assert "where 0.50 is chance" in terms["Held-out AUC"]
    assert terms["Acceptance"].startswith("75%")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "magic"}, "Method must be one of"),
        ({"how": "magic"}, "Avoiding by must be one of"),
        ({"method": "Quadratic (blobs and shells)", "how": "Truncate along the direction"}, "beyond a plane"),
        ({"refused": 100}, "nothing would be left"),
        ({"refused": float("nan")}, "Strength"),
        ({"refused": None}, "Strength"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_the_filter_stays(networks, visitor, settings, sentence):
    taught(networks, visitor)
    before = visitor.workspace.avoiding.learned
    with pytest.raises(ValueError, match=sentence):
        study(networks, visitor, **settings)
    assert visitor.workspace.avoiding.learned is before


@pytest.mark.parametrize("method", learning.METHODS)
@pytest.mark.parametrize("how", [SUITED, "Shift everything a little"])
def test_every_method_is_shown_from_good_to_bad(networks, visitor, method, how):
    taught(networks, visitor, method=method, how=how)
    avoid = visitor.workspace.avoiding.learned.filter
    row, words = along(avoid, torch.zeros(avoid.dims))
    scores = avoid.discriminant.score(row)
    assert scores[0] < scores[-1]
    assert (words[0], words[-1]) == ("good", "bad")
    *_, (strip, before, after, told) = pictures(networks, visitor)
    assert [len(part) for part in (strip, before, after)] == [7, 12, 12]
    same = [a["image"]["path"] == b["image"]["path"] for a, b in zip(before, after, strict=True)]
    assert [face["caption"].endswith("new") for face in after] == [not s for s in same]
    assert told.startswith(f"{12 - sum(same)} of 12")


def test_without_a_filter_nothing_is_shown_or_measured(networks, visitor):
    assert list(pictures(networks, visitor)) == [[[], [], [], ""]]
    for event in (use_in_breed, use_in_search):
        with pytest.raises(ValueError, match="Learn a filter first"):
            event(networks, visitor, True)
    with pytest.raises(ValueError, match="Learn a filter first"):
        list(proof.measure(networks, visitor, 50))


def test_breed_draws_what_the_filter_allows_while_it_is_on(networks, visitor):
    taught(networks, visitor)
    avoid = visitor.workspace.avoiding.learned
    use_in_breed(networks, visitor, True)
    for _ in range(3):
        assert avoid.allows(visitor.breeding.next({}, 36).latents).all()
    assert learning.breed_line(visitor.workspace.avoiding).startswith("Fresh ones keep away")
    use_in_breed(networks, visitor, False)
    assert not avoid.allows(visitor.breeding.next({}, 36).latents).all()
    assert learning.breed_line(visitor.workspace.avoiding) == ""


def test_a_doubtful_filter_is_used_with_a_warning(networks, visitor, said):
    mark(visitor, bad=[0, 1], good=[2, 3])
    study(networks, visitor)
    use_in_breed(networks, visitor, True)
    assert said == ["It is in use. " + visitor.workspace.avoiding.learned.filter.reason]
    assert "too few to be trusted" in learning.breed_line(visitor.workspace.avoiding)


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_search_keeps_to_the_filter(networks, visitor, monkeypatch, space):
    taught(networks, visitor)
    use_in_search(networks, visitor, True)
    asked = {"prompt": "anything", "algorithm": "Random search", "space": space, "generations": 2, "warm_start": 0}
    job = ask(visitor, visitor.workspace.view, Picked({}, None), asked)
    spaces = []
    monkeypatch.setattr("spaceseed.ui.search.climb.search", lambda *_, space, **__: spaces.append(space) or iter(()))
    list(climb(networks.generator(visitor.model), BrightJudge(), job, visitor))
    assert spaces[0].avoid.space == space
    assert spaces[0].avoid.allows(spaces[0].draw(range(200))).all()
    with pytest.raises(ValueError, match="works in z and in w"):
        ask(visitor, visitor.workspace.view, Picked({}, None), asked | {"space": "ws"})


def test_a_file_brings_the_filter_back(networks, visitor, said, tmp_path):
    taught(networks, visitor)
    path = learning.filter_file(visitor, visitor.workspace.avoiding.learned)
    before = verdict(visitor.workspace.avoiding.learned)
    other = Session.on(networks.generator("avatars"))
    list(switch(networks, other, "tiny-stylegan2"))
    load_filter(networks, other, path)
    assert verdict(other.workspace.avoiding.learned) == before
    assert len(said) == 1


def test_bad_files_are_refused_in_a_sentence_and_change_nothing(networks, visitor, tmp_path):
    taught(networks, visitor)
    learned = visitor.workspace.avoiding.learned
    good = learning.filter_file(visitor, learned)
    dims = learned.filter.dims
    files = {
        "belongs to the model tiny-stylegan2": ("avatars", good),
        "holds no filter": (visitor.model, tmp_path / "text.safetensors"),
        "or is damaged": (visitor.model, tmp_path / "nan.safetensors"),
        f"for latents of {dims + 1} numbers": (visitor.model, tmp_path / "size.safetensors"),
        "cannot be read": (visitor.model, tmp_path / "lost.safetensors"),
    }
    (tmp_path / "text.safetensors").write_text("no filter")
    save_file(load_file(good) | {"linear": torch.tensor([torch.nan]).double()}, tmp_path / "nan.safetensors")
    LatentFilter.fit(torch.randn(5, dims + 1), torch.randn(5, dims + 1)).save(tmp_path / "size.safetensors")
    for sentence, (model, path) in files.items():
        other = deepcopy(visitor) if model == visitor.model else Session.on(networks.generator(model))
        before = other.workspace.avoiding.learned
        with pytest.raises(ValueError, match=sentence):
            load_filter(networks, other, str(path))
        assert other.workspace.avoiding.learned is before


def test_figures_of_avatars_are_measured_against_renders(networks, said):
    visitor = Session.on(networks.generator("avatars"))
    taught(networks, visitor)
    *_, (words, _) = proof.measure(networks, visitor, 50)
    assert words == ""
    rows = proof.table(visitor.workspace.avoiding.figures)
    assert [row[0].partition(",")[0] for row in rows] == ["Frechet distance", "Kernel distance", "Precision", "Recall"]
    assert all(row[0].endswith("avatar features") and row[3] == "50" for row in rows)
    assert "against 1,000 rendered avatars" in visitor.workspace.avoiding.conditions


def test_figures_of_other_models_need_good_examples(networks, visitor, monkeypatch):
    mark(visitor, bad=[0, 1], good=[2, 3])
    study(networks, visitor)
    with pytest.raises(ValueError, match="50 good examples"):
        list(proof.measure(networks, visitor, 50))
    taught(networks, visitor)

    class Colours:
        name = "Inception features"

        def __call__(self, images):
            return images.mean(dim=(2, 3))

    monkeypatch.setattr(inception, "load_inception", lambda progress: Colours())
    list(proof.measure(networks, visitor, 60))
    without, with_it = visitor.workspace.avoiding.figures[0]
    assert without.name == "Frechet distance, Inception features"
    assert (without.count, without.reference) == (60, 92)
    assert with_it.value != without.value
    with pytest.raises(ValueError, match="whole number from 50"):
        list(proof.measure(networks, visitor, 49))
