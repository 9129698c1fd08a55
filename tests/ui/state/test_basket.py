import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Recipe, open_any
from spaceseed.ui.kit.storage import Changes
from spaceseed.ui.state.basket import (
    MAX_FINDS,
    SUFFIXES,
    Basket,
    file,
    from_browser,
    keep,
    restore,
    to_browser,
    zip_file,
)


@pytest.fixture
def basket():
    return Basket()


def files(generator, recipe):
    return [file(recipe, suffix, generator) for suffix in SUFFIXES]


def test_keeps_each_picture_once(basket, find):
    assert basket.add([find(1), find(2), find(1)]) == (2, None)
    assert basket.add([find(2).replace(name="again")]) == (0, None)
    assert [recipe.seed for recipe in basket.finds.values()] == [1, 2]


def test_looks_at_what_was_kept_last(basket, find):
    basket.add([find(1), find(2)])
    assert basket.shown == find(2).id
    basket.add([find(1)])
    assert basket.shown == find(1).id


def test_a_full_basket_says_so_and_loses_nothing(basket, find):
    basket.add([find(seed) for seed in range(MAX_FINDS - 1)])
    kept, sentence = basket.add([find(seed) for seed in range(1000, 1003)])
    assert kept == 1
    assert "2 did not fit" in sentence
    assert len(basket.finds) == MAX_FINDS


def test_announces_each_change_by_another_number(basket):
    assert basket.changed() != basket.changed()


def test_what_is_kept_is_said(basket, find, said):
    changes = [keep(basket, [find(seed) for seed in range(count)]) for count in (1, 8, 8)]
    assert len(basket.finds) == 8
    assert len(set(changes)) == 3
    assert said == ["Kept 1 in Found seeds.", "Kept 7 in Found seeds.", "Kept already: look into Found seeds."]
    keep(basket, [find(seed) for seed in range(MAX_FINDS)])
    keep(basket, [find(5000)])
    assert "1 did not fit" in said[-1]
    assert len(said) == 5


def test_a_find_comes_as_three_files_named_after_it(generator, find):
    recipe = find(3).replace(name="Ada & Bob!")
    paths = [Path(path) for path in files(generator, recipe)]
    assert [path.name for path in paths] == ["ada-bob.png", "ada-bob.json", "ada-bob.npz"]
    assert [Recipe.open(path) for path in paths] == [recipe] * 3
    assert np.array_equal(np.asarray(Image.open(paths[0])), to_uint8(recipe.render(generator))[0])


def test_visitors_with_the_same_picture_get_their_own_files(generator, find):
    mine, theirs = (files(generator, find(3).replace(found={"prompt": prompt}))[0] for prompt in ("mine", "theirs"))
    assert Recipe.open(mine).found.prompt == "mine"
    assert Recipe.open(theirs).found.prompt == "theirs"


def test_each_kind_of_file_restores_the_find(networks, generator, basket, find):
    for seed, path in enumerate(files(generator, find(7))):
        other = Basket()
        assert restore(networks, other, [path]) == (1, []), seed
        assert other.finds == {find(7).id: find(7)}


def test_a_zip_restores_all_finds(networks, generator, basket, find):
    path = zip_file(networks, basket, [find(seed) for seed in range(5)])
    assert len(open_any(path)) == 5
    assert restore(networks, basket, [path]) == (5, [])


def test_a_bad_file_keeps_out_itself_alone(networks, generator, basket, find, tmp_path):
    good, _, _ = files(generator, find(1))
    text = tmp_path / "letter.json"
    text.write_text("Dear Ada")
    picture = tmp_path / "holiday.png"
    Image.new("RGB", (8, 8)).save(picture)
    stranger = tmp_path / "stranger.json"
    stranger.write_text(find(2).replace(model="another").to_json())
    kept, problems = restore(networks, basket, [str(text), str(picture), good, str(stranger)])
    assert kept == 1
    assert [problem.split(":")[0] for problem in problems] == ["letter.json", "holiday.png", "stranger.json"]
    assert all(problem.endswith(".") for problem in problems)


def test_a_full_basket_stops_a_drop(networks, generator, basket, find):
    basket.add([find(seed) for seed in range(MAX_FINDS)])
    kept, [problem] = restore(networks, basket, files(generator, find(5000)))
    assert kept == 0
    assert "200" in problem


def texts(basket):
    """What the browser has after it has done what it is told, from nothing."""
    return list(to_browser(basket).put.values())


def test_the_browser_keeps_the_newest_finds_that_fit(networks, generator, basket, find, monkeypatch):
    basket.add([find(seed) for seed in range(4)])
    saved = texts(basket)
    other = Basket()
    assert from_browser(networks, other, json.loads(json.dumps(saved))) == 0
    assert list(other.finds.values()) == list(basket.finds.values())
    monkeypatch.setattr("spaceseed.ui.state.basket.MAX_SAVED", sum(map(len, saved[2:])))
    changes = to_browser(basket)
    assert (dict(changes.put), changes.drop) == ({}, [find(0).id, find(1).id])


def test_only_what_changed_is_told_to_the_browser(networks, basket, find):
    from_browser(networks, basket, [find(1).to_json(), find(2).to_json()])
    assert to_browser(basket) == Changes({}, [])
    basket.add([find(3)])
    basket.finds[find(1).id] = find(1).replace(name="Ada")
    basket.remove([find(2)])
    changes = to_browser(basket)
    assert list(changes.put) == [find(1).id, find(3).id]
    assert changes.drop == [find(2).id]
    assert to_browser(basket) == Changes({}, [])


def test_what_was_removed_comes_back_in_its_place(basket, find):
    basket.add([find(seed) for seed in range(4)])
    basket.remove([find(1), find(3)])
    assert basket.shown == find(2).id
    basket.add([find(9)])
    assert basket.bring_back() == 2
    assert [recipe.seed for recipe in basket.finds.values()] == [0, 1, 2, 3, 9]
    assert basket.bring_back() == 0


def test_a_full_basket_takes_back_what_fits(basket, find):
    basket.add([find(seed) for seed in range(MAX_FINDS)])
    basket.remove([find(0), find(1)])
    basket.add([find(500)])
    assert basket.bring_back() == 1
    assert len(basket.finds) == MAX_FINDS


def test_what_a_browser_kept_is_checked(networks, generator, basket, find):
    good, other = find(1).to_json(), find(1).replace(sha256="0" * 64).to_json()
    assert from_browser(networks, basket, [good, other, "{}", ""]) == 3
    assert list(basket.finds) == [find(1).id]
