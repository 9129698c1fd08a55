from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.finds.detail import fill
from spaceseed.ui.finds.tab import (
    fill_name,
    galleries,
    look,
    make_zip,
    remove_chosen,
    rename,
    show_find,
    turn_to,
)
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state.examples import example_finds
from spaceseed.ui.state.thumbnails import Thumbnails

NOTHING = Picked({}, None)


def test_the_gallery_keeps_what_is_chosen_and_still_there(networks, session, find):
    session.basket.add([find(1), find(2)])
    *_, drawn = galleries(networks, session, Picked({find(1).id: 1, "gone": 1}, None))
    assert [tile.caption for tile in drawn.tiles] == ["seed 1", "seed 2"]
    assert drawn.marks == {find(1).id: 1}
    assert drawn.at == 1  # kept last, so looked at


def test_slow_finds_are_drawn_while_a_tab_shows_them(networks, session, find, monkeypatch):
    session.basket.add([find(1), find(2)])
    *_, drawn = galleries(networks, session, NOTHING)
    assert all(tile.path for tile in drawn.tiles)  # of quick models they are drawn in any case
    session.thumbnails = Thumbnails()
    monkeypatch.setattr("spaceseed.ui.finds.tab.is_slow", lambda card: True)
    *_, drawn = galleries(networks, session, NOTHING)
    assert [(tile.path, tile.missing) for tile in drawn.tiles] == [(None, "")] * 2
    monkeypatch.setattr("spaceseed.ui.finds.tab.UPDATE_SECONDS", -1)
    turn_to("finds", session)
    steps = galleries(networks, session, NOTHING)
    assert [sum(tile.path is not None for tile in next(steps).tiles) for _ in range(2)] == [0, 1]
    turn_to("breed", session)
    *_, drawn = steps
    assert sum(tile.path is not None for tile in drawn.tiles) == 2  # the one begun is finished
    assert list(galleries(networks, session, NOTHING))[-1] == drawn


def test_the_png_of_a_slow_find_is_drawn_once_it_can_be_seen(networks, session, find, monkeypatch):
    monkeypatch.setattr("spaceseed.ui.finds.detail.is_slow", lambda card: True)
    session.basket.add([find(1)])
    list(fill(networks, session))
    assert not session.basket.files
    turn_to("finds", session)
    *_, shown = fill(networks, session)
    [picture] = shown[1].value
    assert picture["image"]["path"] == session.basket.files[find(1)]


def test_looking_at_what_is_not_there_shows_nothing(networks, session, find):
    session.basket.add([find(1)])
    assert look(networks, session, Picked({}, "forged")) == ["", "forged"]
    [shown] = show_find(networks, session)
    assert shown[0].visible == "hidden"


def test_a_new_name_changes_the_name_alone(networks, session, find):
    session.basket.add([find(1)])
    rename(networks, session, "Ada", find(1).id)
    assert session.basket.finds == {find(1).id: find(1).replace(name="Ada")}


def test_the_name_is_filled_in_once_for_the_visitor_may_be_typing_another(networks, session, find):
    one, two = find(1), find(2)
    session.basket.add([one, two])
    nothing = [gr.skip(), gr.skip()]
    assert fill_name(networks, session) == ["seed 2", two.id]
    assert fill_name(networks, session) == nothing
    assert look(networks, session, Picked({}, one.id)) == ["seed 1", one.id]
    rename(networks, session, "Ada", one.id)
    assert fill_name(networks, session) == nothing  # it stands there
    rename(networks, session, "Ada ", one.id)
    assert fill_name(networks, session) == nothing  # the space may not be the last letter
    assert session.basket.current.name == "Ada"
    remove_chosen(networks, session, Picked({one.id: 1}, None))
    assert fill_name(networks, session) == ["seed 2", two.id]


def test_a_name_goes_to_the_find_that_it_was_typed_for(networks, session, find):
    one, two = find(1), find(2)
    session.basket.add([one, two])
    look(networks, session, Picked({}, two.id))
    rename(networks, session, "Ada", one.id)
    assert [recipe.name for recipe in session.basket.finds.values()] == ["Ada", "seed 2"]
    assert rename(networks, session, "Ada", one.id) == gr.skip()
    assert rename(networks, session, "Eve", "gone") == gr.skip()


def test_removing_looks_at_what_is_left(networks, session, find):
    session.basket.add([find(1), find(2)])
    remove_chosen(networks, session, Picked({find(2).id: 1}, None))
    assert list(session.basket.finds) == [find(1).id]
    assert session.basket.shown == find(1).id
    with pytest.raises(ValueError, match="Choose"):
        remove_chosen(networks, session, NOTHING)


def test_an_empty_basket_has_no_zip(networks, session):
    with pytest.raises(ValueError, match="nothing to download"):
        make_zip(networks, session, NOTHING)


@pytest.mark.parametrize("path", example_finds(), ids=lambda path: path.stem)
def test_each_example_is_what_its_recipe_draws(generator, path: Path):
    recipe = Recipe.open(path)
    assert recipe.name
    drawn = to_uint8(recipe.render(generator))[0].astype(int)
    assert np.abs(drawn - np.asarray(Image.open(path).convert("RGB"))).max() <= 1  # another machine may round otherwise
