from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceseed.images import to_uint8
from spaceseed.recipe import Found, Recipe
from spaceseed.ui.find_detail import facts
from spaceseed.ui.finds_tab import EXAMPLES, galleries, look, make_zip, remove_chosen, rename
from spaceseed.ui.picker import Picked

NOTHING = Picked({}, None)


def test_facts_escape_what_strangers_wrote(find):
    recipe = find(1).replace(found=Found(by="search", prompt="<script>alert(1)</script>", score=0.25))
    table = facts(recipe)
    assert "<script>" not in table
    assert "&lt;script&gt;" in table
    assert "0.250" in table


def test_the_gallery_keeps_what_is_chosen_and_still_there(networks, session, find):
    session.keep([find(1), find(2)])
    *_, drawn = galleries(networks, session, Picked({find(1).id: 1, "gone": 1}, None))
    assert [tile.caption for tile in drawn.tiles] == ["seed 1", "seed 2"]
    assert drawn.marks == {find(1).id: 1}
    assert drawn.at == 1  # kept last, so looked at


def test_looking_at_what_is_not_there_shows_nothing(networks, session, find):
    session.keep([find(1)])
    [shown] = look(networks, session, Picked({}, "forged"))
    assert shown[0].visible is False


def test_a_new_name_changes_the_name_alone(networks, session, find):
    session.keep([find(1)])
    rename(networks, session, "Ada")
    assert session.finds == {find(1).id: find(1).replace(name="Ada")}


def test_removing_looks_at_what_is_left(networks, session, find):
    session.keep([find(1), find(2)])
    remove_chosen(networks, session, Picked({find(2).id: 1}, None))
    assert list(session.finds) == [find(1).id]
    assert session.shown == find(1).id
    with pytest.raises(ValueError, match="Choose"):
        remove_chosen(networks, session, NOTHING)


def test_an_empty_basket_has_no_zip(networks, session):
    with pytest.raises(ValueError, match="nothing to download"):
        make_zip(networks, session, NOTHING)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.png")), ids=lambda path: path.stem)
def test_each_example_is_what_its_recipe_draws(generator, path: Path):
    recipe = Recipe.open(path)
    assert recipe.name
    drawn = to_uint8(recipe.render(generator))[0].astype(int)
    assert np.abs(drawn - np.asarray(Image.open(path).convert("RGB"))).max() <= 1  # another machine may round otherwise
