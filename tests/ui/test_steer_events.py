"""Steering without the page: every family, bad input, and what is kept."""

import pytest
import torch

from spaceseed.breed import BAD, LIKED
from spaceseed.models.generator import latents_from_seeds
from spaceseed.recipe import Recipe
from spaceseed.steer import find_directions
from spaceseed.ui import steer_events as events
from spaceseed.ui import steer_knobs, steer_tab
from spaceseed.ui.networks import Networks
from spaceseed.ui.picker import Picked
from spaceseed.ui.session import Session
from spaceseed.ui.steer_knobs import MOST
from spaceseed.ui.steer_sets import MARKS
from spaceseed.ui.switching import switch
from tests.ui.standins import stand_in

NOTHING = Picked({}, None)
FAMILIES = ["tiny-stylegan2", "tiny-classes", "tiny-biggan", "tiny-stylegan3", "tiny-pggan", "tiny-stylegan"]


@pytest.fixture
def networks(monkeypatch):
    def few(generator, method, labels, progress):
        return find_directions(generator, method, None, 4, samples=50, labels=labels, progress=progress)

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("spaceseed.ui.steer_sets.directions_of", few)
    stand_in(monkeypatch)
    return Networks("avatars")


@pytest.fixture
def visitor(networks):
    return Session.on(networks.generator("avatars"))


@pytest.fixture
def said(monkeypatch):
    sentences = []
    for module in (events, steer_tab):
        monkeypatch.setattr(module, "warn", sentences.append)
        monkeypatch.setattr(module, "inform", sentences.append, raising=False)
    return sentences


@pytest.fixture
def at_work(networks, visitor):
    """A visitor with a fresh face open."""
    steer_tab.enter(networks, visitor)
    return visitor


def sliders(**amounts):
    values = [0.0] * MOST
    for name, amount in amounts.items():
        values[int(name.removeprefix("s"))] = amount
    return values


def find_set(networks, visitor):
    *lines, last = events.find_missing(networks, visitor)
    return lines, last


@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_can_be_steered(networks, visitor, model):
    list(switch(networks, visitor, model))
    shown = steer_tab.enter(networks, visitor)
    assert len(shown) == events.OUTPUTS + 1
    find_set(networks, visitor)
    filled = events.refill(networks, visitor)
    steering, generator = visitor.bench.steering, networks.generator(model)
    assert steering.method == "ganspace"
    before, after, *_ = filled
    assert before == after
    moved, said, *_ = events.move(networks, visitor, *sliders(s0=4.0))
    assert moved != after
    assert said == "GANSpace 1 +4"
    recipe = steering.kept()
    assert recipe.labels is None or len(recipe.labels) == generator.num_classes
    assert torch.equal(Recipe.from_json(recipe.to_json()).render(generator), steering.recipe().render(generator))


def test_a_slider_that_did_not_move_draws_nothing(networks, at_work):
    assert all(value["__type__"] == "update" for value in events.move(networks, at_work, *sliders()))


@pytest.mark.parametrize("value", [None, "far", float("nan"), True, [1]])
def test_what_is_no_number_moves_nothing(networks, at_work, value):
    events.move(networks, at_work, value, *sliders()[1:])
    assert at_work.bench.steering.now.steps == ()


def test_a_number_beyond_the_slider_stops_at_its_end(networks, at_work):
    events.move(networks, at_work, *sliders(s0=9.0))
    assert at_work.bench.steering.now.amounts("attributes") == {0: 4.0}


def test_a_kept_find_opens_with_its_sliders(networks, at_work, said):
    events.move(networks, at_work, *sliders(s0=2.0, s2=-1.0))
    events.keep_it(networks, at_work)
    [kept] = at_work.finds.values()
    other = Session.on(networks.generator("avatars"))
    other.keep([Recipe.from_json(kept.to_json())])
    steer_tab.pick(networks, other, Picked({}, kept.id))
    assert other.bench.steering.now.amounts("attributes") == {0: 2.0, 2: -1.0}
    assert other.bench.steering.recipe().id == kept.id
    assert "Kept" in said[0]


def test_layers_decide_what_is_moved(networks, at_work):
    events.move(networks, at_work, *sliders(s0=2.0))
    events.choose_group(networks, at_work, "coarse")
    assert at_work.bench.steering.recipe().edits[0].layers == (0, 1, 2, 3)
    events.choose_range(networks, at_work, 2, 2)
    assert at_work.bench.steering.recipe().edits[0].layers == (2,)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [(3, 2, "runs backwards"), (0, 10, "go from 0 to 9"), (-1, 2, "go from 0 to 9"), (None, 2, "go from 0 to 9")],
)
def test_a_bad_range_of_layers_changes_nothing(networks, at_work, first, last, sentence):
    before = at_work.bench.steering.now
    with pytest.raises(ValueError, match=sentence):
        events.choose_range(networks, at_work, first, last)
    assert at_work.bench.steering.now is before


def test_directions_can_leave_each_other_alone(networks, at_work):
    events.move(networks, at_work, *sliders(s0=2.0))
    events.choose_apart(networks, at_work, True)
    [edit] = at_work.bench.steering.recipe().edits
    others = at_work.bench.steering.directions.vectors[1:]
    assert (others @ edit.vector).abs().max() < 1e-4


def test_methods_keep_their_own_sliders(networks, at_work):
    events.move(networks, at_work, *sliders(s0=2.0))
    events.choose_method(networks, at_work, "sefa", NOTHING)
    events.move(networks, at_work, *sliders(s1=1.0))
    assert len(at_work.bench.steering.recipe().edits) == 2
    filled = events.choose_method(networks, at_work, "attributes", NOTHING)
    assert filled[-MOST].value == 2.0
    assert filled[-MOST + 1].value == 0


def test_resetting_and_undoing_it(networks, at_work):
    events.move(networks, at_work, *sliders(s0=2.0))
    events.set_truncation(networks, at_work, 0.0)
    events.reset_all(networks, at_work)
    assert at_work.bench.steering.recipe() == at_work.bench.steering.opened.source
    events.turn_back(networks, at_work)
    assert at_work.bench.steering.now.amounts("attributes") == {0: 2.0}
    assert at_work.bench.steering.recipe().truncation == 0


def test_truncation_zero_is_the_mean_of_all(networks, at_work):
    generator = networks.generator("avatars")
    [picture, *_] = events.set_truncation(networks, at_work, 0.0)
    steer_tab.take_fresh(networks, at_work)
    assert events.set_truncation(networks, at_work, 0.0)[0] == picture
    assert torch.equal(at_work.bench.steering.recipe().ws(generator)[0], generator.w_avg.expand(10, -1))


def test_noise_goes_off_on_and_another(networks, at_work):
    pictures = [events.choose_noise(networks, at_work, noise)[1] for noise in ("const", "none", "random")]
    pictures.append(events.reseed(networks, at_work)[1])
    assert len(set(pictures)) == 4
    assert at_work.bench.steering.recipe().noise_seed == 1
    assert events.choose_noise(networks, at_work, "const")[1] == pictures[0]


def test_a_model_without_noise_says_so(networks, visitor):
    list(switch(networks, visitor, "tiny-pggan"))
    steer_tab.enter(networks, visitor)
    with pytest.raises(ValueError, match="no noise"):
        events.choose_noise(networks, visitor, "none")
    assert visitor.bench.steering.recipe().noise == "const"


def test_a_direction_is_renamed_for_the_visit(networks, at_work):
    filled = events.rename(networks, at_work, "  spectacles\n ")
    assert filled[-MOST].label == "spectacles"
    events.move(networks, at_work, *sliders(s0=1.0))
    assert at_work.bench.steering.recipe().edits[0].name == "spectacles"
    with pytest.raises(ValueError, match="Write a name"):
        events.rename(networks, at_work, "")


def test_a_name_says_how_sure_it_is_until_the_visitor_gives_another(networks, at_work):
    events.choose_method(networks, at_work, "ganspace", NOTHING)
    events.look(networks, at_work, 1)
    generator, looked = networks.generator("avatars"), NAMES.index("noise") + 2
    assert steer_knobs.fit(generator, at_work.bench.steering)[looked].choices[1][0] == "2. open mouth, 88% sure"
    events.rename(networks, at_work, "yawn")
    assert steer_knobs.fit(generator, at_work.bench.steering)[looked].choices[1][0] == "2. yawn"


def test_marks_make_a_direction(networks, at_work, said):
    page = at_work.breeding.page
    marks = Picked({f"g{page.number}-0": LIKED, f"g{page.number}-1": LIKED, f"g{page.number}-2": BAD}, None)
    events.choose_method(networks, at_work, MARKS, marks)
    assert at_work.bench.steering.directions.names == ("your marks 1",)
    events.choose_method(networks, at_work, MARKS, marks)
    assert len(at_work.bench.steering.directions) == 1  # the same marks again
    events.choose_method(networks, at_work, MARKS, Picked({f"g{page.number}-3": LIKED, f"g{page.number}-4": BAD}, None))
    assert len(at_work.bench.steering.directions) == 2
    assert said == []
    before = at_work.bench.steering.recipe().id
    events.move(networks, at_work, *sliders(s1=2.0))
    assert at_work.bench.steering.recipe().id != before


def test_marks_of_one_kind_are_not_enough(networks, at_work, said):
    events.choose_method(networks, at_work, MARKS, NOTHING)
    assert "mark one at least as bad" in said[0]
    assert at_work.bench.steering.method == "attributes"


def test_finding_directions_can_be_stopped(networks, visitor):
    list(switch(networks, visitor, "tiny-stylegan2"))
    steer_tab.enter(networks, visitor)
    steps = events.find_missing(networks, visitor)
    real = visitor.begin

    def begin(task):
        real(task)
        return lambda: False

    visitor.begin = begin
    *_, (words, button) = steps
    assert words.startswith("Stopped")
    assert button.visible is False
    assert visitor.bench.steering.sets == {}


def test_a_find_of_another_model_offers_to_load_it(networks, at_work, said):
    list(switch(networks, at_work, "tiny-pggan"))
    generator = networks.generator("tiny-pggan")
    recipe = Recipe.of(generator, latents_from_seeds([1], generator.z_dim)[0])
    at_work.keep([recipe])
    list(switch(networks, at_work, "avatars"))
    work = at_work.bench.steering.work
    shown = steer_tab.pick(networks, at_work, Picked({}, recipe.id))
    assert shown[-1].visible
    assert shown[-1].value == "Load Tiny pggan"
    assert at_work.bench.steering.work is work
    assert "another model" in said[0]


def test_each_model_keeps_its_work(networks, at_work):
    events.move(networks, at_work, *sliders(s0=2.0))
    list(switch(networks, at_work, "tiny-pggan"))
    steer_tab.show_again(networks, at_work)
    assert at_work.bench.steering.now.steps == ()
    list(switch(networks, at_work, "avatars"))
    shown = steer_tab.show_again(networks, at_work)
    assert shown[-MOST - 1].value == 2.0


def test_classes_other_than_before_have_directions_of_their_own(networks, visitor):
    list(switch(networks, visitor, "tiny-biggan"))
    steer_tab.enter(networks, visitor)
    find_set(networks, visitor)
    generator, steering = networks.generator("tiny-biggan"), visitor.bench.steering
    labels = torch.zeros(generator.num_classes)
    labels[3] = 1
    recipe = Recipe.of(generator, latents_from_seeds([1], generator.z_dim)[0], labels=labels)
    visitor.keep([recipe])
    steer_tab.pick(networks, visitor, Picked({}, recipe.id))
    assert steering.sets == {}
    find_set(networks, visitor)
    assert torch.equal(steering.classes, labels)
    events.move(networks, visitor, *sliders(s0=2.0))
    assert torch.equal(steering.recipe().labels, labels)


def test_a_strip_has_seven_pictures(networks, at_work):
    *_, strip = events.fill_strip(networks, at_work)
    assert [tile["caption"] for tile in strip] == ["−3", "−2", "−1", "0", "+1", "+2", "+3"]
    assert len({tile["image"]["path"] for tile in strip}) == 7


def test_a_model_with_one_style_has_no_choice_of_layers(networks, visitor):
    list(switch(networks, visitor, "tiny-pggan"))
    steer_tab.enter(networks, visitor)
    filled = dict(zip(NAMES, steer_knobs.fit(networks.generator("tiny-pggan"), visitor.bench.steering), strict=False))
    assert not filled["group"].visible
    assert not filled["truncation"].visible
    assert not filled["noise"].visible


NAMES = ["method", "more", "stop", "group", "first", "last", "apart", "truncation", "noise"]


def test_the_shelf_numbers_the_basket(networks, visitor):
    space = visitor.bench.view.space(networks.generator("avatars"))
    visitor.keep([space.recipe(space.draw([seed])[0], name=f"seed {seed}") for seed in (1, 2, 3)])
    first, _, third = visitor.finds
    gallery = steer_tab.shelved(networks, visitor, NOTHING)
    assert [tile.caption for tile in gallery.tiles] == ["1. seed 1", "2. seed 2", "3. seed 3"]
    picked = Picked({third: 1, first: 1, "gone": 1}, third)
    assert steer_tab.orders(2, visitor, picked) == ["3, 1", "3, 1"]


def test_liked_images_are_kept_and_opened(networks, visitor):
    picked = Picked({"g0-1": LIKED, "g0-4": LIKED}, None)
    view = visitor.bench.view.values
    steer_tab.take_liked(networks, visitor, picked, *view)
    assert [recipe.seed for recipe in visitor.finds.values()] == [1, 4]
    assert visitor.bench.steering.opened.source.seed == 1
    with pytest.raises(ValueError, match="Like at least one"):
        steer_tab.take_liked(networks, visitor, NOTHING, *view)
