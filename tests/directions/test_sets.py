import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from spaceseed.directions.cache import bundled_methods, directions_of
from spaceseed.directions.discovery import find_directions
from spaceseed.directions.naming import name_directions
from spaceseed.directions.refine import refine_directions
from spaceseed.directions.sets import MAX_NAME, DirectionSet
from spaceseed.errors import ArgumentError, DirectionError
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.zoo import loading
from spaceseed.ops.pca import CHUNK
from spaceseed.recipes.recipe import Recipe, RecipeError

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module", params=["sefa", "ganspace"])
def directions(generator, request):
    return find_directions(generator, request.param, count=4, samples=2 * CHUNK)


def test_directions_are_orthonormal_and_named(directions):
    torch.testing.assert_close(directions.vectors @ directions.vectors.T, torch.eye(4), atol=1e-5, rtol=0)
    assert len(set(directions.names)) == len(directions) == 4
    assert (directions.scales > 0).all()


def test_a_subset_is_some_of_the_directions(directions):
    sure = replace(directions, confidences=(0.1, 0.2, 0.3, 0.4))
    some = sure[[3, 1]]
    assert some.names == (sure.names[3], sure.names[1])
    assert some.confidences == (0.4, 0.2)
    assert directions[[0]].confidences == ()
    assert torch.equal(some.vectors, sure.vectors[[3, 1]])
    assert torch.equal(some.scales, sure.scales[[3, 1]])


def test_directions_are_taken_by_number_name_and_slice(directions):
    named = directions.rename(1, "glasses").rename("glasses", "smile").rename(1, "glasses")
    for one in (named[1], named["glasses"], named[[1]], named[1:2], list(named)[1], named[np.int64(1)]):
        assert one.names == ("glasses",)
        assert torch.equal(one.vectors, directions.vectors[1:2])
        assert torch.equal(one.scales, directions.scales[1:2])
        assert (one.model, one.sha256, one.layers) == (named.model, named.sha256, named.layers)
    assert [one.names[0] for one in named] == list(named.names)
    assert named[-2:].names == named.names[2:]
    assert named[["glasses", 3]].names == ("glasses", named.names[3])
    for wrong in (4, -1, "glases", 1.5, None, [0, 9]):
        with pytest.raises(ArgumentError, match="index"):
            named[wrong]
    with pytest.raises(ArgumentError, match="glasses"):
        named["glases"]


def test_no_two_directions_have_the_same_name(directions):
    again = directions.rename(1, "bun").rename(3, "bun")
    assert again.names[1::2] == ("bun", "bun 2")
    assert torch.equal(again["bun 2"].vectors, directions.vectors[3:])
    assert replace(directions, names=("bun", "bun", "bun 2", "bun")).names == ("bun", "bun 3", "bun 2", "bun 4")
    assert replace(directions, names=("bun", "bun 2", "bun", "afro")).names == ("bun", "bun 2", "bun 3", "afro")
    assert again[[3, 1]].names == ("bun 2", "bun")
    assert directions[[1, 1]].names == (directions.names[1], f"{directions.names[1]} 2")


def test_a_long_name_that_comes_again_still_fits_a_file(directions, tmp_path):
    long = replace(directions, names=("n" * MAX_NAME,) * len(directions))
    long.save(tmp_path / "directions.safetensors")
    assert DirectionSet.open(tmp_path / "directions.safetensors").names == long.names
    assert len(set(long.names)) == len(long)


def test_numbers_may_be_in_any_container(directions):
    for which in (torch.tensor([3, 1]), np.array([3, 1]), (3, 1)):
        assert directions[which].names == directions[[3, 1]].names
    for which in (torch.tensor(2), np.array(2), np.int64(2)):
        assert directions[which].names == directions[2].names


def test_a_name_is_a_text(directions):
    for name in (None, 3):
        with pytest.raises(ArgumentError, match="name"):
            directions.rename(0, name)


def test_a_direction_is_applied_by_name(generator, directions):
    ws = generator.map(latents_from_seeds([0, 1], 8))
    name = directions.names[2]
    assert torch.equal(directions.apply(ws, name, 1.5), directions.apply(ws, 2, 1.5))
    assert torch.equal(
        directions.apply(ws, name, 1.5, 2, keep=directions.names[0]), directions.apply(ws, 2, 1.5, [2], keep=[0])
    )
    assert directions.edit(name, 1.5) == directions.edit(2, 1.5)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_one_amount_an_image_does_what_each_does_alone(amounts):
    torch.manual_seed(0)
    found = DirectionSet("none", "", "", torch.randn(2, 6), torch.rand(2), (0, 2), ("one", "other"))
    ws = torch.randn(3, 4, 6)
    expected = torch.cat([found.apply(row[None], 1, amount) for row, amount in zip(ws, amounts, strict=True)])
    for given_amounts in (amounts, torch.tensor(amounts).double(), np.array(amounts)):
        assert torch.equal(found.apply(ws, 1, given_amounts), expected)


@pytest.mark.parametrize(
    "amount", [torch.nan, "2", None, [1.0], torch.ones(3), torch.full((2,), torch.inf), 1e7, True, [1e7, 0]]
)
def test_an_amount_that_does_not_fit_is_named(generator, directions, amount):
    with pytest.raises(ArgumentError, match="amount"):
        directions.apply(torch.zeros(2, generator.num_ws, 6), 0, amount)


def test_styles_that_do_not_fit_are_named(generator, directions):
    ws = torch.zeros(2, generator.num_ws, 6)
    for amount in (1.0, [1.0, 2.0]):
        for wrong in (ws[..., :5], ws[0], ws * torch.nan, "ws"):
            with pytest.raises(ArgumentError, match="ws"):
                directions.apply(wrong, 0, amount)
        assert torch.equal(directions.apply(ws.double(), 0, amount), directions.apply(ws, 0, amount))


def test_directions_of_another_model_are_refused(generator, directions, tmp_path):
    directions.check(generator)
    recipe = Recipe.of(generator, torch.zeros(8))
    for changes, words in (({"sha256": "cd" * 32}, "other weights of the model tiny"), ({"model": "other"}, "other,")):
        other = replace(directions, **changes)
        with pytest.raises(DirectionError, match=words):
            other.check(generator)
        with pytest.raises(DirectionError, match=words):
            name_directions(other, generator, None)
        with pytest.raises(DirectionError, match=words):
            refine_directions(generator, other, None)
    with pytest.raises(RecipeError, match="other weights"):
        recipe.replace(edits=(replace(directions, sha256="cd" * 32).edit(0, 1.0),))
    with pytest.raises(DirectionError, match="5 numbers"):
        replace(directions, model="", sha256="", vectors=torch.ones(4, 5)).check(generator)
    with pytest.raises(DirectionError, match="9 or more layers"):
        replace(directions, layers=(8,)).check(generator)


def test_older_files_fit_any_model_of_their_size(generator, directions, tmp_path):
    path = tmp_path / "old.safetensors"
    fields = {"method": "sefa", "layers": [0, 1], "names": list(directions.names)}
    save_file(
        {"vectors": directions.vectors.contiguous(), "scales": directions.scales},
        path,
        metadata={"directions": json.dumps(fields)},
    )
    old = DirectionSet.open(path)
    old.check(generator)
    edited = Recipe.of(generator, torch.zeros(8)).replace(edits=(old.edit(0, 1.0),))
    assert edited.ws(generator).isfinite().all()


def test_bundled_directions_know_their_model():
    faces = loading.load("avatars", device="cpu")
    for method in bundled_methods(faces):
        assert directions_of(faces, method).sha256 == faces.card.sha256
    assert "glasses" in directions_of(faces, "attributes").names


def test_a_step_and_a_recipe_with_it_draw_the_same_image(generator, directions, tmp_path):
    recipe = Recipe.of(generator, latents_from_seeds([3], 8)[0], truncation=0.7)
    edited = recipe.replace(edits=(directions.edit(1, 2.5, layers=[0, 2]), directions.edit(0, -1.0)))
    ws = directions.apply(directions.apply(recipe.ws(generator), 1, 2.5, layers=[0, 2]), 0, -1.0)
    edited.save(tmp_path / "edited.json")
    assert torch.equal(Recipe.open(tmp_path / "edited.json").ws(generator), ws)
    assert not torch.equal(ws, recipe.ws(generator))


def test_an_amount_counts_in_standard_deviations_and_leaves_its_input_alone(generator, directions):
    ws = torch.zeros(2, generator.num_ws, 6)
    moved = directions.apply(ws, 2, 3.0)
    torch.testing.assert_close(moved.norm(dim=-1), (3 * directions.scales[2]).expand(2, generator.num_ws))
    assert (ws == 0).all()


def test_a_file_brings_all_back(directions, tmp_path):
    renamed = directions.rename(1, "smile")
    renamed.save(tmp_path / "directions.safetensors")
    opened = DirectionSet.open(tmp_path / "directions.safetensors")
    assert torch.equal(opened.vectors, directions.vectors)
    assert torch.equal(opened.scales, directions.scales)
    assert opened.names == (directions.names[0], "smile", *directions.names[2:])
    assert (opened.method, opened.model, opened.sha256) == (directions.method, "tiny", "ab" * 32)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      ", bytes(2000)])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, damage):
    (tmp_path / "bad.safetensors").write_bytes(damage)
    with pytest.raises(ValueError, match="directions"):
        DirectionSet.open(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    "changed",
    [
        {"names": ("one", "two")},
        {"confidences": (0.5,)},
        {"vectors": torch.ones(4)},
        {"vectors": torch.ones(3, 6)},
        {"vectors": torch.full((4, 6), torch.nan)},
        {"scales": torch.ones(4, 1)},
    ],
)
def test_directions_that_do_not_fit_each_other_are_refused(directions, tmp_path, changed):
    replace(directions, **changed).save(tmp_path / "bad.safetensors")
    with pytest.raises(ValueError, match="holds no directions, or is damaged"):
        DirectionSet.open(tmp_path / "bad.safetensors")


def test_a_step_that_does_not_exist_is_named(generator, directions):
    ws = torch.zeros(1, generator.num_ws, 6)
    for index, layers, name in [(4, None, "index"), (-1, None, "index"), (0, [], "layers"), (0, [4], "layers")]:
        with pytest.raises(ArgumentError) as caught:
            directions.apply(ws, index, 1.0, layers)
        assert caught.value.name == name


def test_a_step_can_leave_other_directions_alone(generator):
    found = find_directions(generator, "sefa", count=3)
    skewed = DirectionSet.of(
        generator, "svm", torch.nn.functional.normalize(found.vectors + found.vectors.roll(1, 0), dim=1),
        found.names, generator.map(torch.randn(50, 8))[:, 0],
    )  # fmt: skip
    ws = torch.zeros(1, generator.num_ws, 6)
    moved = skewed.apply(ws, 0, 2.0, keep=[1, 2])[0, 0]
    torch.testing.assert_close(skewed.vectors[1:] @ moved, torch.zeros(2), atol=1e-5, rtol=0)
    assert skewed.vectors[0] @ moved > 0
    with pytest.raises(ArgumentError, match="span"):
        skewed.apply(ws, 0, 2.0, keep=[0])
