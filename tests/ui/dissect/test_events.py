"""What a visitor does with units: painting, the slider, the wall, undoing and keeping."""

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch

from spaceseed.images import to_uint8
from spaceseed.ui.dissect import events
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.state.session import Session
from spaceseed.ui.steer.events import open_find as steer

MIDDLE = "Middle: 10 units"


@pytest.fixture
def painter(networks, session, table, find):
    """A visitor who has opened the face of seed 7."""
    events.open_find(networks, session, find(7))
    events.fill(networks, session)
    return session


def over(rows=slice(100, 140)):
    """A stroke across the picture."""
    painted = np.zeros([256, 256], bool)
    painted[rows] = True
    return painted


def opened(visitor):
    return visitor.workspace.dissecting.opened


def pixels(recipe, generator):
    return to_uint8(recipe.render(generator))[0].astype(int)


def test_the_tab_opens_with_a_fresh_face_or_the_find_looked_at(networks, session, table, find):
    shown = events.enter(networks, session)
    assert opened(session).source.found.by == "seed"
    assert shown["before"]["image"] == shown["picture"].address
    assert shown["layer"].value == table.layer
    assert ("b4.conv1, not dissected", "b4.conv1") in shown["layer"].choices
    assert (shown["thing"].value, [value for _, value in shown["thing"].choices]) == ("glasses", ["glasses"])
    assert not shown["measure"].visible
    first = opened(session)
    events.enter(networks, session)
    assert opened(session) is first
    other = Session.on(networks.generator("avatars"))
    other.basket.add([find(3)])
    events.enter(networks, other)
    assert opened(other).source == find(3)
    assert opened(session) is first


def test_a_stroke_changes_the_picture_there_and_a_kept_find_draws_the_same(networks, generator, painter, said):
    before = pixels(opened(painter).source, generator)
    shown = events.paint(networks, painter, over(), "glasses", "Add", MIDDLE)
    assert (shown["words"], shown["undo"].interactive, shown["redo"].interactive) == ("glasses added", True, False)
    [edit] = opened(painter).recipe.unit_edits
    assert (len(edit.units), edit.mask.shape, edit.mask.max()) == (10, (32, 32), 1)
    after = pixels(opened(painter).recipe, generator)
    changed = np.abs(after - before).max(axis=(1, 2))
    assert changed[25:35].max() > changed[:8].max()
    again = events.paint(networks, painter, over(slice(20, 40)), "glasses", "Add", MIDDLE)
    assert len(opened(painter).recipe.unit_edits) == 1
    assert "undo" not in again  # as it was
    events.keep_it(networks, painter)
    [kept] = painter.basket.finds.values()
    assert (kept.name, kept.found.parents) == ("seed 7 · glasses added", (opened(painter).source.id,))
    read = type(kept).from_json(kept.to_json())
    [picture] = jpegs(read.render(generator))
    assert base64.b64encode(picture.data).decode() in again["picture"].address


def test_undo_redo_and_reset_show_the_find_as_it_was(networks, painter):
    first = events.fill(networks, painter)["picture"]
    painted = events.paint(networks, painter, over(), "glasses", "Erase", "Strong: 15 units")["picture"]
    assert painted != first
    assert events.undo(networks, painter)["picture"] == first
    assert events.redo(networks, painter)["picture"] == painted
    assert events.reset(networks, painter)["picture"] == first
    assert events.undo(networks, painter)["words"] == "glasses erased"


def test_all_over_the_picture_needs_no_brush(networks, painter):
    shown = events.change_everywhere(networks, painter, "glasses", "Erase", "Gentle: 4 units")
    [edit] = opened(painter).recipe.unit_edits
    assert (edit.mask, len(edit.units), edit.values.any()) == (None, 4, False)
    assert shown["words"] == "glasses erased"


def test_the_slider_moves_the_unit_that_was_chosen(networks, painter, table):
    assert events.move(networks, painter, 1.0) == {}  # none is chosen
    shown = events.choose_unit(networks, painter, 5)
    assert (shown["level"].interactive, shown["level"].value) == (True, 0)
    assert events.move(networks, painter, 0.0) == {}
    first = events.fill(networks, painter)["picture"]
    strong = events.move(networks, painter, 7)
    assert (strong["words"], painter.workspace.dissecting.amount(5)) == ("unit 5 stronger", 1)
    off = events.move(networks, painter, -1)
    assert off["words"] == "unit 5 off"
    assert len({picture.address for picture in (first, strong["picture"], off["picture"])}) == 3
    assert events.undo(networks, painter)["level"].value == 0
    assert events.move(networks, painter, "far") == {}
    assert events.choose_unit(networks, painter, 128) == {}
    assert events.choose_unit(networks, painter, None) == {}


def test_what_cannot_be_done_is_said_and_nothing_is_lost(networks, painter, table, monkeypatch):
    before = opened(painter)
    assert events.paint(networks, painter, None, "glasses", "Add", MIDDLE) == {"words": "Paint on the picture first."}
    for how in (("dragons", "Add", MIDDLE), ("glasses", "Burn", MIDDLE), ("glasses", "Add", "Somehow")):
        assert "Choose a thing" in events.paint(networks, painter, over(), *how)["words"]
        with pytest.raises(ValueError, match="Choose a thing"):
            events.change_everywhere(networks, painter, *how)
    for event, value in ((events.choose_layer, "b9"), (events.choose_thing, "dragons")):
        with pytest.raises(ValueError, match="such"):
            event(networks, painter, value)
    events.choose_layer(networks, painter, "b4.conv1")
    assert events.paint(networks, painter, over(), "glasses", "Add", MIDDLE) == {"words": events.NO_TABLE}
    with pytest.raises(HintError):
        events.change_everywhere(networks, painter, "glasses", "Add", MIDDLE)
    monkeypatch.setattr(networks.generator("avatars"), "styles", (table.layer,))
    events.choose_layer(networks, painter, table.layer)
    assert "no places" in events.paint(networks, painter, over(), "glasses", "Add", MIDDLE)["words"]
    assert opened(painter) is before


def test_a_find_of_another_model_or_of_other_weights_stays_where_it_is(networks, painter, find):
    before = opened(painter)
    for other in (find(3).replace(model="ffhq"), find(3).replace(sha256="0" * 64)):
        with pytest.raises(ValueError, match=r"another model|other weights"):
            events.open_find(networks, painter, other)
    events.open_find(networks, painter, find(7))  # the one that is open
    assert opened(painter) is before
    events.take_fresh(networks, painter)
    assert opened(painter) is not before


def test_a_layer_without_a_table_offers_to_be_dissected(networks, painter):
    shown = events.choose_layer(networks, painter, "b4.conv1")
    assert (shown["measure"].visible, shown["thing"].interactive, shown["thing"].choices) == (True, False, [])
    assert "1,000 images" in shown["cost"]
    assert list(events.show_units(networks, painter)) == [None]


def test_a_layer_whose_units_draw_nothing_alone_says_so(networks, generator, painter, table):
    networks.units.add(generator, replace(table, layer="b4.conv1", iou=table.iou / 100))
    shown = events.choose_layer(networks, painter, "b4.conv1")
    assert (shown["cost"], shown["thing"].choices, shown["measure"].visible) == (events.NOTHING, [], False)
    assert list(events.show_units(networks, painter)) == [None]
    assert events.choose_layer(networks, painter, table.layer)["thing"].value == "glasses"


def test_the_wall_shows_units_with_pictures_that_are_drawn_once(networks, painter, table):
    walls = list(events.show_units(networks, painter))
    title, units, chosen = walls[0]
    assert (title, chosen) == ("Units that draw glasses, the best first, where they light up most", None)
    assert [unit.unit for unit in units] == list(table.top("glasses", 12))
    assert units[0].words == f"overlap {table.iou[:, 1].max():.2f}"
    assert [unit.path for unit in units] == [None] * 12
    assert all(unit.path for unit in walls[-1][1])
    assert len(walls) == 13
    events.choose_unit(networks, painter, units[3].unit)
    other = Session.on(networks.generator("avatars"))
    events.enter(networks, other)
    [(_, at_once, chosen)] = events.show_units(networks, other)
    assert (at_once, chosen) == (walls[-1][1], None)
    [(*_, chosen)] = events.show_units(networks, painter)
    assert chosen == units[3].unit


def test_units_that_hardly_overlap_a_thing_are_not_shown(networks, generator, painter, table):
    iou = torch.zeros_like(table.iou)
    iou[[3, 8], 1] = torch.tensor([0.3, 0.039])
    networks.units.add(generator, replace(table, iou=iou))
    [*_, (_, units, _)] = events.show_units(networks, painter)
    assert [unit.unit for unit in units] == [3]


def test_the_default_is_the_layer_whose_units_are_cleanest(networks, generator, table, session):
    cleaner = replace(table, layer="b8.conv1", iou=torch.cat([table.iou + 0.3, table.iou]), high=torch.ones(256))
    networks.units.add(generator, cleaner)
    assert events.enter(networks, session)["layer"].value == "b8.conv1"


def test_steer_opens_what_was_painted_and_keeps_it(networks, painter):
    events.paint(networks, painter, over(), "glasses", "Add", MIDDLE)
    events.send_to_steer(networks, painter)
    assert painter.sent == painter.workspace.dissecting.kept()
    steer(networks, painter, painter.sent)
    assert painter.workspace.steering.recipe().unit_edits == opened(painter).recipe.unit_edits
