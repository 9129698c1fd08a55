"""Strokes, sliders of units and their undoing, and the tables that all visitors share."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from spaceseed.dissection.units import UnitTable
from spaceseed.recipes.edits import UnitEdit
from spaceseed.recipes.fields import MAX_ITEMS
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.state import dissecting as state
from spaceseed.ui.state import undoing
from spaceseed.ui.state.dissecting import MAX_TABLES, Dissecting, UnitTables, things_of

SHA = "ab" * 32
TABLE = UnitTable(
    model="tiny",
    sha256=SHA,
    layer="b8.conv0",
    segmenter="avatars",
    classes=("background", "hat", "glasses", "tree"),
    count=10,
    seed=0,
    truncation=1.0,
    iou=torch.tensor([[0.9, 0.0, 0.3, 0.0], [0.0, 0.2, 0.1, 0.0], [0.0, 0.1, 0.5, 0.01], [0.0, 0.0, 0.0, 0.0]]),
    thresholds=torch.ones(4),
    values=torch.arange(16.0).view(4, 4),
    high=torch.full((4,), 9.0),
    seeds=torch.arange(16).view(4, 4),
)
LEFT, RIGHT = torch.zeros(4, 4), torch.zeros(4, 4)
LEFT[:, :2], RIGHT[:, 2:] = 1.0, 0.5


def plain(**fields):
    return Recipe(**({"model": "tiny", "sha256": SHA, "latent": torch.arange(5.0), "name": "Ada"} | fields))


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still until a test moves it."""
    time = [100.0]
    monkeypatch.setattr(undoing.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def dissecting(clock):
    dissecting = Dissecting(layer=TABLE.layer)
    dissecting.open(plain())
    return dissecting


def stroke(thing="glasses", mode="insert", count=2, mask=LEFT):
    return TABLE.edit(thing, mode, count, mask=mask)


def edits(dissecting):
    return dissecting.opened.recipe.unit_edits


def level(dissecting, unit, amount):
    edit = TABLE.level(unit, 0.0 if amount < 0 else 1.0)
    dissecting.level(edit.model_copy(update={"strength": abs(amount)}))


def test_without_a_find_a_hint_says_what_to_do():
    with pytest.raises(ValueError, match="Choose a find first"):
        Dissecting().paint(stroke())
    assert not Dissecting().can_undo


def test_strokes_that_do_the_same_are_one_edit_with_both_masks(dissecting):
    dissecting.paint(stroke())
    dissecting.paint(stroke(mask=RIGHT))
    [edit] = edits(dissecting)
    assert torch.equal(edit.mask, torch.maximum(LEFT, RIGHT))
    dissecting.paint(stroke(mask=None))
    [edit] = edits(dissecting)
    assert edit.mask is None
    dissecting.paint(stroke(mask=RIGHT))
    assert edits(dissecting)[0].mask is None


@pytest.mark.parametrize("other", [{"thing": "hat"}, {"mode": "ablate"}, {"count": 1}], ids=str)
def test_other_strokes_are_edits_of_their_own(dissecting, other):
    dissecting.paint(stroke())
    dissecting.paint(stroke(**other))
    dissecting.paint(stroke())
    assert len(edits(dissecting)) == 3


def test_each_stroke_is_undone_alone(dissecting):
    source = dissecting.opened.source
    dissecting.paint(stroke())
    dissecting.paint(stroke(mask=RIGHT))
    both = dissecting.opened.recipe
    dissecting.undo()
    assert torch.equal(edits(dissecting)[0].mask, LEFT)
    dissecting.undo()
    assert dissecting.opened.recipe is source
    dissecting.redo()
    dissecting.redo()
    assert dissecting.opened.recipe is both
    dissecting.reset()
    assert dissecting.opened.recipe is source
    dissecting.reset()  # nothing to take back
    dissecting.undo()
    assert dissecting.opened.recipe is both


def test_another_find_can_be_left_again(dissecting):
    dissecting.paint(stroke())
    first, other = dissecting.opened, plain(name="Bob")
    dissecting.open(other)
    assert dissecting.opened.source is other
    dissecting.undo()
    assert dissecting.opened is first


def test_a_slider_acts_once_and_goes_back_to_nothing(dissecting, clock):
    level(dissecting, 2, 0.5)
    clock[0] += 0.1
    level(dissecting, 2, -1.0)
    [edit] = edits(dissecting)
    assert (edit.units, edit.values.tolist(), edit.strength, edit.mask) == ((2,), [0.0], 1.0, None)
    assert [dissecting.amount(unit) for unit in (1, 2)] == [0.0, -1.0]
    dissecting.undo()  # one move, without a pause
    assert edits(dissecting) == ()
    dissecting.redo()
    clock[0] += 10
    dissecting.paint(stroke())
    level(dissecting, 2, 0.25)
    assert [edit.units for edit in edits(dissecting)] == [(2,), (2, 0)]  # in its place
    assert dissecting.amount(2) == 0.25
    level(dissecting, 2, 0.0)
    assert [edit.units for edit in edits(dissecting)] == [(2, 0)]


def test_a_find_holds_so_many_changes(dissecting):
    for i in range(MAX_ITEMS):
        dissecting.paint(stroke(mode="insert" if i % 2 else "ablate"))
    full = dissecting.opened
    with pytest.raises(ValueError, match="64 changes at most"):
        dissecting.paint(stroke(mode="ablate"))
    with pytest.raises(ValueError, match="64 changes at most"):
        level(dissecting, 0, 1.0)
    assert dissecting.opened is full
    dissecting.paint(stroke(mode="insert"))  # like the last


def test_what_is_kept_is_named_after_what_was_done(dissecting):
    source = dissecting.opened.source
    assert dissecting.kept() is source
    dissecting.paint(stroke())
    dissecting.paint(stroke("hat", "ablate"))
    kept = dissecting.kept()
    assert kept.name == "Ada · glasses added, hat erased"
    assert (kept.found.by, kept.found.parents) == ("steer", (source.id,))
    assert kept.id != source.id
    dissecting.open(kept)
    assert dissecting.kept() is kept
    dissecting.paint(stroke())
    assert dissecting.names == ["glasses added"]
    assert dissecting.kept().name == "Ada · glasses added, hat erased, glasses added"


def test_things_are_those_that_some_unit_draws():
    assert things_of(TABLE) == ["hat", "glasses"]


@pytest.fixture
def generator(monkeypatch):
    """A generator, as far as tables need it, with one bundled table."""
    layers = ("b4.conv1", "b8.conv0")
    monkeypatch.setattr(state, "bundled_layers", lambda generator: layers[1:])
    monkeypatch.setattr(state, "unit_table", lambda generator, layer: TABLE)
    return SimpleNamespace(card=SimpleNamespace(sha256=SHA), layers=layers, styles=())


def test_tables_are_bundled_or_measured(generator):
    tables = UnitTables()
    assert tables.layers(generator) == ("b8.conv0",)
    assert tables.table(generator, "b8.conv0") is TABLE
    assert tables.table(generator, "b4.conv1") is None
    measured = replace(TABLE, layer="b4.conv1")
    tables.add(generator, measured)
    assert tables.table(generator, "b4.conv1") is measured
    assert tables.layers(generator) == generator.layers
    other = SimpleNamespace(card=SimpleNamespace(sha256="cd" * 32), layers=generator.layers, styles=())
    assert tables.table(other, "b4.conv1") is None


def test_of_models_with_classes_each_mix_has_a_table(generator):
    tables, one, other = UnitTables(), torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    measured = replace(TABLE, layer="b4.conv1")
    tables.add(generator, measured, one)
    assert tables.table(generator, "b4.conv1", one) is measured
    assert tables.table(generator, "b4.conv1", other) is None


def test_the_oldest_of_too_many_tables_is_forgotten(generator):
    tables = UnitTables()
    for i in range(MAX_TABLES + 1):
        tables.add(generator, replace(TABLE, layer="b4.conv1"), torch.tensor([float(i)]))
    assert tables.table(generator, "b4.conv1", torch.tensor([0.0])) is None
    assert tables.table(generator, "b4.conv1", torch.tensor([1.0])) is not None


def test_pictures_of_units_are_remembered_while_they_are_there(tmp_path):
    tables, path = UnitTables(), tmp_path / "unit.jpg"
    path.write_bytes(b"")
    tables.remember(TABLE, 2, str(path))
    assert tables.pictures(TABLE, (1, 2)) == {2: str(path)}
    assert tables.pictures(replace(TABLE, layer="b4.conv1"), (2,)) == {}
    path.unlink()
    assert tables.pictures(TABLE, (1, 2)) == {}


def test_a_stroke_over_a_mask_of_another_size_is_another_change():
    dissecting, coarse = Dissecting(), UnitEdit(layer="a", units=(0,), values=torch.ones(1), mask=torch.ones(4, 4))
    dissecting.open(Recipe(model="m", sha256="ab" * 32, latent=torch.zeros(4), edits=(coarse,)))
    dissecting.paint(coarse.model_copy(update={"mask": torch.ones(8, 8)}))
    assert [edit.mask.shape[0] for edit in dissecting.opened.recipe.unit_edits] == [4, 8]
