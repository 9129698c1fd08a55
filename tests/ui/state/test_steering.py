"""Sliders, their undoing, and the way from a recipe to sliders and back."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.directions.sets import DirectionSet
from spaceseed.recipes.recipe import Edit, Recipe, UnitEdit
from spaceseed.ui.state import undoing
from spaceseed.ui.state.steering import Change, LayerRange, Steering, signed

NUM_WS, W_DIM = 6, 8


def differ(one, other):
    return True


def directions(method, seed, count=4):
    rng = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(count, W_DIM, generator=rng), dim=1)
    names = tuple(f"{method} {i}" for i in range(count))
    return DirectionSet(method, "tiny", "ab" * 32, vectors, torch.rand(count, generator=rng) + 1, (0,), names)


SETS = {"sefa": directions("sefa", 0), "attributes": directions("attributes", 1)}


def plain(**fields):
    latent = torch.arange(5).float()
    return Recipe(**({"model": "tiny", "sha256": "ab" * 32, "latent": latent, "name": "Ada"} | fields))


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still until a test moves it."""
    time = [100.0]
    monkeypatch.setattr(undoing.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def steering(clock):
    steering = Steering(method="sefa", sets=dict(SETS))
    steering.open(plain())
    return steering


def move(steering, clock, index, amount):
    clock[0] += 10
    steering.move(index, amount, NUM_WS)


ranges = st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()).map(
    lambda r: LayerRange(min(r[:2]), max(r[:2]), r[2])
)
moves = st.lists(
    st.tuples(st.sampled_from(sorted(SETS)), st.integers(0, 3), st.integers(-40, 40).map(lambda n: n / 10)), max_size=8
)


@given(moves, st.fixed_dictionaries(dict.fromkeys(SETS, ranges)))
def test_a_recipe_tells_where_the_sliders_were(moves, ranges):
    change = Change(plain(), ranges=ranges)
    for method, index, amount in moves:
        change = change.with_amount(method, index, amount)
    recipe = Recipe.from_json(change.recipe(SETS).to_json())
    again = Change.of(recipe, SETS)
    assert again.steps == change.steps
    assert again.base == plain()
    assert again.recipe(SETS).id == recipe.id


def test_edits_that_no_slider_explains_stay_with_the_find():
    strange = Edit(layers=(0, 2), vector=torch.ones(W_DIM), amount=1.0)
    known = LayerRange(0, 5).edit(SETS["sefa"], 1, 2.0)
    change = Change.of(plain(edits=(known, strange, known)), SETS)
    assert change.base.edits == (known, strange)
    assert change.amounts("sefa") == {1: 2.0}


@pytest.mark.parametrize(
    "edits",
    [
        [LayerRange(0, 5).edit(SETS["sefa"], 1, 5.0)],  # further than a slider goes
        [Edit(layers=(0, 2), vector=LayerRange(0, 5).edit(SETS["sefa"], 1, 1.0).vector, amount=1.0)],  # with a gap
        [Edit(layers=(0,), vector=torch.ones(W_DIM), amount=1.0)],
    ],
)
def test_such_edits_are_kept_as_they_are(edits):
    change = Change.of(plain(edits=tuple(edits)), SETS)
    assert change.steps == ()
    assert change.base.edits == tuple(edits)


def test_one_method_acts_in_one_place():
    edits = (LayerRange(0, 5).edit(SETS["sefa"], 0, 1.0), LayerRange(0, 2).edit(SETS["sefa"], 1, 1.0))
    change = Change.of(plain(edits=edits), SETS)
    assert change.base.edits == edits[:1]
    assert change.ranges["sefa"] == LayerRange(0, 2)


def test_sliders_at_rest_leave_no_trace(steering, clock):
    move(steering, clock, 0, 1.0)
    move(steering, clock, 0, 0.0)
    assert steering.recipe() == plain()
    assert steering.kept(differ) == plain()


def test_a_drag_is_one_step_to_undo_and_a_pause_parts_two(steering, clock):
    for amount in (0.1, 0.2, 0.3):
        steering.move(0, amount, NUM_WS)
    move(steering, clock, 0, 0.9)
    move(steering, clock, 1, -1.0)
    amounts = []
    while steering.can_undo:
        amounts.append(steering.now.amounts("sefa"))
        steering.undo()
    assert amounts == [{0: 0.9, 1: -1.0}, {0: 0.9}, {0: 0.3}]
    assert steering.now.steps == ()
    while steering.can_redo:
        steering.redo()
    assert steering.now.amounts("sefa") == amounts[0]


def test_another_step_ends_what_can_be_redone(steering, clock):
    move(steering, clock, 0, 1.0)
    steering.undo()
    move(steering, clock, 1, 1.0)
    assert not steering.can_redo


def test_opening_another_find_can_be_undone(steering, clock):
    move(steering, clock, 0, 1.0)
    steering.open(plain(name="Bob", truncation=0.5))
    assert steering.now.steps == ()
    steering.undo()
    assert steering.opened.source.name == "Ada"
    assert steering.now.amounts("sefa") == {0: 1.0}


def test_a_find_opens_with_the_sliders_that_made_it(steering):
    steering.open(plain(edits=(LayerRange(0, 5).edit(SETS["attributes"], 1, 2.0),)))
    assert steering.method == "attributes"


def test_a_kept_find_says_what_was_done(steering, clock):
    move(steering, clock, 0, 1.0)
    move(steering, clock, 1, -2.5)
    kept = steering.kept(differ)
    assert kept.name == "Ada · sefa 1 −2.5, sefa 0 +1"
    assert kept.found.by == "steer"
    assert kept.found.parents == (plain().id,)
    steering.open(kept)
    move(steering, clock, 2, 3.0)
    assert steering.kept(differ).name == "Ada · sefa 2 +3, sefa 1 −2.5"


def test_a_name_leaves_out_steps_that_change_nothing_to_see(steering, clock):
    for index, amount in enumerate((3.0, -2.5, 2.0, 1.0)):
        move(steering, clock, index, amount)
    unseen = {steering.sets["sefa"].names[i] for i in (0, 2)}
    everything = steering.recipe()

    def can_tell(one, other):
        assert one.id == everything.id
        [left_out] = {edit.name for edit in one.edits} - {edit.name for edit in other.edits}
        return left_out not in unseen

    assert steering.kept(can_tell).name == "Ada · sefa 1 −2.5, sefa 3 +1"
    assert steering.kept(lambda one, other: False).name == "Ada"
    assert steering.kept(can_tell).id == everything.id


def test_what_was_seen_is_forgotten_with_the_find_and_the_layers(steering):
    steering.seen_of(NUM_WS)[1] = False
    steering.move(0, 2.0, NUM_WS)
    assert steering.seen_of(NUM_WS) == {1: False}
    steering.method = "attributes"
    assert steering.seen_of(NUM_WS) == {}
    steering.seen_of(NUM_WS)[2] = True
    steering.turn_to(replace(steering.now, ranges={"attributes": LayerRange(0, 2)}), "layers")
    assert steering.seen_of(NUM_WS) == {}
    steering.seen_of(NUM_WS)[2] = True
    steering.open(plain(name="Bob", truncation=0.5))
    assert steering.seen_of(NUM_WS) == {}


def test_directions_that_come_late_still_explain_an_untouched_find(clock):
    steering = Steering(method="sefa")
    steering.open(plain(edits=(LayerRange(0, 5).edit(SETS["sefa"], 1, 2.0),)))
    assert steering.now.steps == ()
    steering.add("sefa", SETS["sefa"])
    assert steering.now.amounts("sefa") == {1: 2.0}


def test_a_strip_moves_one_slider_and_leaves_the_others(steering, clock):
    move(steering, clock, 0, 1.0)
    move(steering, clock, 1, 2.0)
    low, now = steering.strip(1, [-3.0, 2.0], NUM_WS)
    assert now == steering.recipe()
    assert Change.of(low, SETS).amounts("sefa") == {0: 1.0, 1: -3.0}


def test_a_recipe_holds_only_so_many_edits(clock):
    edits = tuple(Edit(layers=(0,), vector=torch.ones(W_DIM), amount=float(i)) for i in range(1, 65))
    steering = Steering(method="sefa", sets=dict(SETS))
    steering.open(plain(edits=edits))
    with pytest.raises(ValueError, match="64 changes"):
        steering.move(0, 1.0, NUM_WS)
    assert steering.now.steps == ()


def test_nothing_open_is_said():
    with pytest.raises(ValueError, match="Choose a find first"):
        _ = Steering().now


def test_numbers_have_signs():
    assert [signed(n) for n in (2.0, -0.5, 0, 1.25)] == ["+2", "−0.5", "0", "+1.25"]


def test_edits_of_units_stay_and_are_no_sliders(steering, clock):
    units = UnitEdit(name="hat added", layer="b8.conv0", units=(1, 2), values=torch.ones(2), mask=torch.ones(4, 4))
    step = SETS["sefa"].edit(1, 2.0, range(NUM_WS))
    source = plain(edits=(step, units))
    steering.open(source)
    assert steering.now.amounts("sefa") == {1: 2.0}
    assert steering.kept(differ) is source
    move(steering, clock, 0, 1.0)
    assert [edit.name for edit in steering.recipe().edits] == ["sefa 1", "sefa 0", "hat added"]
    assert steering.recipe().unit_edits == (units,)
    assert steering.kept(differ).name == "Ada · sefa 1 +2, sefa 0 +1"
