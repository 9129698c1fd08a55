"""Steering without the page: every family, bad input, and what is kept."""

import pytest
import torch

from spaceseed.directions.discovery import find_directions
from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.session import Session
from spaceseed.ui.steer import events, knobs, tab
from spaceseed.ui.steer.knobs import MOST
from spaceseed.ui.steer.sets import MARKS
from tests.ui.standins import find_of

NOTHING = Picked({}, None)
FAMILIES = ["tiny-stylegan2", "tiny-classes", "tiny-biggan", "tiny-stylegan3", "tiny-pggan", "tiny-stylegan"]


@pytest.fixture
def tiny_networks(tiny_networks, monkeypatch):
    """Their directions are few, and found at once."""

    def few(generator, method, labels, progress):
        return find_directions(generator, method, None, 4, samples=50, labels=labels, progress=progress)

    monkeypatch.setattr("spaceseed.ui.steer.sets.directions_of", few)
    return tiny_networks


@pytest.fixture
def at_work(tiny_networks, newcomer):
    """A newcomer with a fresh face open."""
    tab.enter(tiny_networks, newcomer)
    return newcomer


def sliders(**amounts):
    values = [0.0] * MOST
    for name, amount in amounts.items():
        values[int(name.removeprefix("s"))] = amount
    return values


def find_set(networks, visitor):
    *lines, last = events.find_missing(networks, visitor)
    return lines, last


@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_can_be_steered(tiny_networks, newcomer, model):
    list(switch(tiny_networks, newcomer, model))
    shown = tab.enter(tiny_networks, newcomer)
    find_set(tiny_networks, newcomer)
    assert events.fill_found(tiny_networks, newcomer)["method"].value == "ganspace"
    assert events.fill_found(tiny_networks, newcomer) == {}
    steering, generator = newcomer.workspace.steering, tiny_networks.generator(model)
    assert steering.method == "ganspace"
    assert shown["before"] == shown["after"]
    moved = events.move(tiny_networks, newcomer, *sliders(s0=4.0))
    assert moved["after"] != shown["after"]
    assert moved["words"] == "GANSpace 1 +4"
    recipe = steering.kept(lambda one, other: True)
    assert recipe.labels is None or len(recipe.labels) == generator.num_classes
    assert torch.equal(Recipe.from_json(recipe.to_json()).render(generator), steering.recipe().render(generator))


def test_directions_that_are_found_late_leave_the_noise_alone(tiny_networks, newcomer):
    """The visitor may be choosing another by then."""
    list(switch(tiny_networks, newcomer, "tiny-stylegan2"))
    tab.enter(tiny_networks, newcomer)
    find_set(tiny_networks, newcomer)
    found = events.fill_found(tiny_networks, newcomer)
    assert found
    assert not {"noise", "truncation", "reseed", "before", "after"} & found.keys()


def test_a_slider_that_did_not_move_draws_nothing(tiny_networks, at_work):
    assert events.move(tiny_networks, at_work, *sliders()) == {}


def test_what_is_shown_late_shows_what_was_changed_meanwhile(tiny_networks, newcomer, monkeypatch):
    """A click is handled while the panel is drawn for an earlier one, whose answer then comes last."""
    list(switch(tiny_networks, newcomer, "tiny-stylegan2"))
    tab.enter(tiny_networks, newcomer)
    draw, later = events.draw, []

    def busy(generator, recipe):
        picture = draw(generator, recipe)
        if recipe.noise == "none" and not later:
            later.append({})
            later[0] = events.choose_noise(tiny_networks, newcomer, "random")
        return picture

    monkeypatch.setattr(events, "draw", busy)
    earlier = events.choose_noise(tiny_networks, newcomer, "none")
    assert earlier["noise"].value == "random"
    assert earlier["after"] == later[0]["after"]


@pytest.mark.parametrize("value", [None, "far", float("nan"), True, [1]])
def test_what_is_no_number_moves_nothing(tiny_networks, at_work, value):
    events.move(tiny_networks, at_work, value, *sliders()[1:])
    assert at_work.workspace.steering.now.steps == ()


def test_a_number_beyond_the_slider_stops_at_its_end(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=9.0))
    assert at_work.workspace.steering.now.amounts("attributes") == {0: 4.0}


def test_a_kept_find_opens_with_its_sliders(tiny_networks, at_work, said):
    events.move(tiny_networks, at_work, *sliders(s0=2.0, s2=-1.0))
    events.keep_it(tiny_networks, at_work)
    [kept] = at_work.basket.finds.values()
    other = Session.on(tiny_networks.generator("avatars"))
    other.basket.add([Recipe.from_json(kept.to_json())])
    tab.pick(tiny_networks, other, Picked({}, kept.id))
    assert other.workspace.steering.now.amounts("attributes") == {0: 2.0, 2: -1.0}
    assert other.workspace.steering.recipe().id == kept.id
    assert "Kept" in said[0]


def test_layers_decide_what_is_moved(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    events.choose_group(tiny_networks, at_work, "coarse")
    assert at_work.workspace.steering.recipe().edits[0].layers == (0, 1, 2, 3)
    events.choose_range(tiny_networks, at_work, 2, 2)
    assert at_work.workspace.steering.recipe().edits[0].layers == (2,)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [(3, 2, "runs backwards"), (0, 10, "go from 0 to 9"), (-1, 2, "go from 0 to 9"), (None, 2, "go from 0 to 9")],
)
def test_a_bad_range_of_layers_changes_nothing(tiny_networks, at_work, first, last, sentence):
    before = at_work.workspace.steering.now
    with pytest.raises(ValueError, match=sentence):
        events.choose_range(tiny_networks, at_work, first, last)
    assert at_work.workspace.steering.now is before


def test_directions_can_leave_each_other_alone(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    events.choose_isolated(tiny_networks, at_work, True)
    [edit] = at_work.workspace.steering.recipe().edits
    others = at_work.workspace.steering.directions.vectors[1:]
    assert (others @ edit.vector).abs().max() < 1e-4


def labels(shown):
    return [shown[slider].label for slider in knobs.SLIDERS if slider in shown]


def test_sliders_say_where_they_change_nothing(tiny_networks, at_work):
    names = at_work.workspace.steering.directions.names
    shown = events.choose_group(tiny_networks, at_work, "fine")  # these colour next to nothing in the bundled faces
    assert labels(shown)[: len(names)] == list(names)
    told = events.say_what_is_seen(tiny_networks, at_work)
    assert labels(told) == [name + knobs.UNSEEN for name in names]
    assert not any(slider.value for slider in told.values())  # the visitor may have moved them by now
    assert events.say_what_is_seen(tiny_networks, at_work) == {}
    assert labels(events.fill(tiny_networks, at_work))[0] == names[0] + knobs.UNSEEN
    assert labels(events.choose_group(tiny_networks, at_work, "all"))[0] == names[0]
    assert names[0] in labels(events.say_what_is_seen(tiny_networks, at_work))


def test_a_slow_model_tells_of_the_direction_whose_strip_is_drawn(tiny_networks, at_work, monkeypatch):
    for module in ("events", "sight"):
        monkeypatch.setattr(f"spaceseed.ui.steer.{module}.is_slow", lambda _: True)
    events.choose_group(tiny_networks, at_work, "fine")
    events.look(at_work, 2)
    assert events.say_what_is_seen(tiny_networks, at_work) == {}
    list(events.fill_strip(tiny_networks, at_work))
    told = labels(events.say_what_is_seen(tiny_networks, at_work))
    assert [i for i, label in enumerate(told) if label.endswith(knobs.UNSEEN)] == [2]


def test_a_find_is_named_after_what_can_be_seen(tiny_networks, at_work):
    events.choose_group(tiny_networks, at_work, "fine")
    events.move(tiny_networks, at_work, *sliders(s0=3.0))
    events.choose_method(tiny_networks, at_work, "ganspace", NOTHING)
    name = at_work.workspace.steering.directions.names[0]
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    events.keep_it(tiny_networks, at_work)
    [kept] = at_work.basket.finds.values()
    assert kept.name == f"{at_work.workspace.steering.opened.source.name} · {name} +2"
    assert len(kept.edits) == 2


def test_methods_keep_their_own_sliders(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    events.choose_method(tiny_networks, at_work, "sefa", NOTHING)
    events.move(tiny_networks, at_work, *sliders(s1=1.0))
    assert len(at_work.workspace.steering.recipe().edits) == 2
    filled = events.choose_method(tiny_networks, at_work, "attributes", NOTHING)
    assert filled["slider 0"].value == 2.0
    assert filled["slider 1"].value == 0


def test_resetting_and_undoing_it(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    events.set_truncation(tiny_networks, at_work, 0.0)
    events.reset_all(tiny_networks, at_work)
    assert at_work.workspace.steering.recipe() == at_work.workspace.steering.opened.source
    events.undo(tiny_networks, at_work)
    assert at_work.workspace.steering.now.amounts("attributes") == {0: 2.0}
    assert at_work.workspace.steering.recipe().truncation == 0


def test_truncation_zero_is_the_mean_of_all(tiny_networks, at_work):
    generator = tiny_networks.generator("avatars")
    picture = events.set_truncation(tiny_networks, at_work, 0.0)["after"]["image"]
    tab.take_fresh(tiny_networks, at_work)
    assert events.set_truncation(tiny_networks, at_work, 0.0)["after"]["image"] == picture
    assert torch.equal(at_work.workspace.steering.recipe().ws(generator)[0], generator.w_avg.expand(10, -1))


def test_noise_goes_off_on_and_another(tiny_networks, at_work):
    list(switch(tiny_networks, at_work, "tiny-stylegan2"))
    tab.enter(tiny_networks, at_work)
    noises = ("const", "none", "random")
    pictures = [events.choose_noise(tiny_networks, at_work, noise)["after"]["image"] for noise in noises]
    pictures.append(events.reseed(tiny_networks, at_work)["after"]["image"])
    assert len(set(pictures)) == 4
    assert at_work.workspace.steering.recipe().noise_seed == 1
    assert events.choose_noise(tiny_networks, at_work, "const")["after"]["image"] == pictures[0]


@pytest.mark.parametrize("model", ["tiny-pggan", "avatars"])  # a family without noise; weights that do without it
def test_a_model_without_noise_says_so(tiny_networks, newcomer, model):
    list(switch(tiny_networks, newcomer, model))
    tab.enter(tiny_networks, newcomer)
    with pytest.raises(ValueError, match="no noise"):
        events.choose_noise(tiny_networks, newcomer, "none")
    assert newcomer.workspace.steering.recipe().noise == "const"


def test_a_direction_is_renamed_for_the_visit(tiny_networks, at_work):
    filled = events.rename(tiny_networks, at_work, "  spectacles\n ")
    assert filled["slider 0"].label == "spectacles"
    events.move(tiny_networks, at_work, *sliders(s0=1.0))
    assert at_work.workspace.steering.recipe().edits[0].name == "spectacles"
    with pytest.raises(ValueError, match="Write a name"):
        events.rename(tiny_networks, at_work, "")


def test_a_name_says_how_sure_it_is_until_the_visitor_gives_another(tiny_networks, at_work):
    events.choose_method(tiny_networks, at_work, "ganspace", NOTHING)
    directions = at_work.workspace.steering.directions
    at = min(range(len(directions)), key=directions.confidences.__getitem__)
    events.look(at_work, at)
    generator = tiny_networks.generator("avatars")
    said = f"{at + 1}. {directions.names[at]}, {100 * directions.confidences[at]:.0f}% sure"
    assert directions.confidences[at] < 1
    assert knobs.direction_values(generator, at_work)["selected"].choices[at][0] == said
    events.rename(tiny_networks, at_work, "yawn")
    assert knobs.direction_values(generator, at_work)["selected"].choices[at][0] == f"{at + 1}. yawn"


def test_marks_make_a_direction(tiny_networks, at_work, said):
    page = at_work.breeding.page
    marks = Picked({f"g{page.number}-0": LIKED, f"g{page.number}-1": LIKED, f"g{page.number}-2": BAD}, None)
    events.choose_method(tiny_networks, at_work, MARKS, marks)
    assert at_work.workspace.steering.directions.names == ("your marks 1",)
    events.choose_method(tiny_networks, at_work, MARKS, marks)
    assert len(at_work.workspace.steering.directions) == 1  # the same marks again
    events.choose_method(
        tiny_networks, at_work, MARKS, Picked({f"g{page.number}-3": LIKED, f"g{page.number}-4": BAD}, None)
    )
    assert len(at_work.workspace.steering.directions) == 2
    assert said == []
    before = at_work.workspace.steering.recipe().id
    events.move(tiny_networks, at_work, *sliders(s1=2.0))
    assert at_work.workspace.steering.recipe().id != before


def test_marks_of_one_kind_are_not_enough(tiny_networks, at_work, said):
    events.choose_method(tiny_networks, at_work, MARKS, NOTHING)
    assert "mark one at least as bad" in said[0]
    assert at_work.workspace.steering.method == "attributes"


def test_finding_directions_can_be_stopped(tiny_networks, newcomer):
    list(switch(tiny_networks, newcomer, "tiny-stylegan2"))
    tab.enter(tiny_networks, newcomer)
    steps = events.find_missing(tiny_networks, newcomer)
    real = newcomer.tasks.begin

    def begin(task):
        real(task)
        return lambda: False

    newcomer.tasks.begin = begin
    *_, (words, button) = steps
    assert words.startswith("Stopped")
    assert button.visible is False
    assert newcomer.workspace.steering.sets == {}


def test_a_find_of_another_model_offers_to_load_it(tiny_networks, at_work, said):
    list(switch(tiny_networks, at_work, "tiny-pggan"))
    recipe = find_of(tiny_networks, "tiny-pggan")
    at_work.basket.add([recipe])
    list(switch(tiny_networks, at_work, "avatars"))
    work = at_work.workspace.steering.work
    shown = tab.pick(tiny_networks, at_work, Picked({}, recipe.id))
    assert shown.keys() == {"load"}
    assert shown["load"].visible
    assert shown["load"].value == "Load Tiny pggan"
    assert at_work.workspace.steering.work is work
    assert "another model" in said[0]


def test_each_model_keeps_its_work(tiny_networks, at_work):
    events.move(tiny_networks, at_work, *sliders(s0=2.0))
    list(switch(tiny_networks, at_work, "tiny-pggan"))
    tab.show_again(tiny_networks, at_work)
    assert at_work.workspace.steering.now.steps == ()
    list(switch(tiny_networks, at_work, "avatars"))
    shown = tab.show_again(tiny_networks, at_work)
    assert shown["slider 0"].value == 2.0


def test_classes_other_than_before_have_directions_of_their_own(tiny_networks, newcomer):
    list(switch(tiny_networks, newcomer, "tiny-biggan"))
    tab.enter(tiny_networks, newcomer)
    find_set(tiny_networks, newcomer)
    generator, steering = tiny_networks.generator("tiny-biggan"), newcomer.workspace.steering
    labels = torch.zeros(generator.num_classes)
    labels[3] = 1
    recipe = Recipe.of(generator, latents_from_seeds([1], generator.z_dim)[0], labels=labels)
    newcomer.basket.add([recipe])
    tab.pick(tiny_networks, newcomer, Picked({}, recipe.id))
    assert steering.sets == {}
    find_set(tiny_networks, newcomer)
    assert torch.equal(steering.classes, labels)
    events.move(tiny_networks, newcomer, *sliders(s0=2.0))
    assert torch.equal(steering.recipe().labels, labels)


def test_a_strip_has_seven_pictures(tiny_networks, at_work):
    *_, strip = events.fill_strip(tiny_networks, at_work)
    assert [tile["caption"] for tile in strip] == ["−3", "−2", "−1", "0", "+1", "+2", "+3"]
    assert len({tile["image"]["path"] for tile in strip}) == 7


def test_a_model_with_one_style_has_no_choice_of_layers(tiny_networks, newcomer):
    list(switch(tiny_networks, newcomer, "tiny-pggan"))
    tab.enter(tiny_networks, newcomer)
    filled = events.fill(tiny_networks, newcomer)
    for name in ("group", "first", "last", "truncation", "noise"):
        assert not getattr(filled[name], "visible", False)


def test_each_row_of_the_basket_keeps_its_own_marks_in_their_order(tiny_networks, collector):
    first, _, third = collector.basket.finds
    picked = Picked({third: 1, first: 1, "gone": 1}, third)
    shelf, rows, columns, order = tab.shelved(collector, NOTHING, picked, NOTHING, picked)
    assert [tile.caption for tile in shelf.tiles] == ["seed 1", "seed 2", "seed 3"]
    assert [list(gallery.marks) for gallery in (shelf, rows, columns, order)] == [
        [],
        [third, first],
        [],
        [third, first],
    ]


def test_liked_images_are_kept_and_opened(tiny_networks, newcomer):
    picked = Picked({"g0-1": LIKED, "g0-4": LIKED}, None)
    view = newcomer.workspace.view.values
    tab.take_liked(tiny_networks, newcomer, picked, *view)
    assert [recipe.seed for recipe in newcomer.basket.finds.values()] == [1, 4]
    assert newcomer.workspace.steering.opened.source.seed == 1
    with pytest.raises(ValueError, match="Like at least one"):
        tab.take_liked(tiny_networks, newcomer, NOTHING, *view)
