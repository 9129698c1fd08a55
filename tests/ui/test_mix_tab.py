"""Mixing without the page."""

import pytest
import torch

from spaceseed.mixing import mix
from spaceseed.models.generator import latents_from_seeds
from spaceseed.recipe import Recipe
from spaceseed.ui import mix_tab
from spaceseed.ui.mix_grid import MixGrid
from spaceseed.ui.mix_tab import cross, cross_again, keep_child
from spaceseed.ui.networks import Networks
from spaceseed.ui.session import Session
from spaceseed.ui.switching import switch
from tests.ui.standins import stand_in


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    stand_in(monkeypatch)
    return Networks("avatars")


@pytest.fixture
def visitor(networks):
    visitor = Session.on(networks.generator("avatars"))
    visitor.keep([find_of(networks, visitor, seed) for seed in (1, 2, 3)])
    return visitor


@pytest.fixture
def said(monkeypatch):
    sentences = []
    monkeypatch.setattr(mix_tab, "inform", sentences.append)
    return sentences


def find_of(networks, visitor, seed):
    generator = networks.generator(visitor.model)
    latent = latents_from_seeds([seed], generator.z_dim)[0]
    return visitor.bench.view.space(generator).recipe(latent, seed=seed, name=f"seed {seed}")


def last(steps):
    *_, step = steps
    return step


def test_a_grid_crosses_rows_with_columns(networks, visitor):
    shown = MixGrid().postprocess(last(cross(networks, visitor, "1, 2", "3, 2", "coarse", "")))
    assert [find["name"] for find in shown["columns"]] == ["seed 3", "seed 2"]
    assert [row["name"] for row in shown["rows"]] == ["seed 1", "seed 2"]
    assert [cell["name"] for row in shown["rows"] for cell in row["cells"]] == [
        "seed 1 x seed 3", "seed 1 x seed 2", "seed 2 x seed 3", "seed 2",
    ]  # fmt: skip
    assert all(cell["image"] for row in shown["rows"] for cell in row["cells"])
    assert [cell["kept"] for row in shown["rows"] for cell in row["cells"]] == [False, False, False, True]


@pytest.mark.parametrize(
    ("group", "layers", "expected"), [("fine", "", range(8, 10)), ("own", "0, 4-5", (0, 4, 5)), (None, "9", (9,))]
)
def test_a_child_is_kept_as_it_was_shown(networks, visitor, said, group, layers, expected):
    generator, finds = networks.generator("avatars"), list(visitor.finds.values())
    last(cross(networks, visitor, "1", "2-3", group, layers))
    crosses, _ = keep_child(networks, visitor, (0, 1))
    kept = list(visitor.finds.values())[-1]
    assert kept.id == mix(generator, finds[0], finds[2], expected).id
    assert kept.name == "seed 1 x seed 3"
    assert kept.id in crosses.kept
    assert torch.equal(Recipe.from_json(kept.to_json()).render(generator), kept.render(generator))
    keep_child(networks, visitor, (0, 1))
    assert len(visitor.finds) == 4
    assert "already" in said[1]


@pytest.mark.parametrize("at", [None, (5, 0), (0, 9)])
def test_a_place_outside_the_grid_keeps_nothing(networks, visitor, at):
    last(cross(networks, visitor, "1", "2", "coarse", ""))
    keep_child(networks, visitor, at)
    assert len(visitor.finds) == 3


@pytest.mark.parametrize("payload", [None, {}, {"at": "0"}, {"at": [0]}, {"at": [-1, 0]}, {"at": [True, 0]}, 3])
def test_what_the_browser_makes_up_is_nothing(payload):
    assert MixGrid().preprocess(payload) is None
    assert MixGrid().preprocess({"at": [1, 2]}) == (1, 2)


@pytest.mark.parametrize(
    ("rows", "columns", "group", "layers", "sentence"),
    [
        ("", "1", "coarse", "", "Choose some finds"),
        ("1", "1", "coarse", "", "One find cannot be mixed with itself"),
        ("1", "4", "coarse", "", "go from 1 to 3"),
        ("1", "2", "own", "", "Write some style layers first: 0 to 9"),
        ("1", "2", "own", "5-2", "runs backwards"),
        ("1", "2", "own", "10", "go from 0 to 9"),
        ("1 1 1 1 1 1 1 1 1", "2", "coarse", "", "too many finds: 8"),
    ],
)
def test_what_cannot_be_mixed_is_said(networks, visitor, rows, columns, group, layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        last(cross(networks, visitor, rows, columns, group, layers))
    assert visitor.mixture is None


def test_finds_of_different_models_do_not_mix(networks, visitor):
    list(switch(networks, visitor, "tiny-stylegan2"))
    visitor.keep([find_of(networks, visitor, 1)])
    with pytest.raises(ValueError, match="different models"):
        last(cross(networks, visitor, "1", "4", "coarse", ""))
    with pytest.raises(ValueError, match="load that model first"):
        last(cross(networks, visitor, "1", "2", "coarse", ""))


def test_a_model_of_one_style_says_why_not(networks, visitor):
    list(switch(networks, visitor, "tiny-pggan"))
    visitor.keep([find_of(networks, visitor, seed) for seed in (1, 2)])
    with pytest.raises(ValueError, match="whole image from one style"):
        last(cross(networks, visitor, "4", "5", "coarse", ""))


@pytest.mark.parametrize("model", ["tiny-biggan", "tiny-classes", "tiny-stylegan3"])
def test_other_families_mix_too(networks, visitor, model):
    list(switch(networks, visitor, model))
    visitor.keep([find_of(networks, visitor, seed) for seed in (1, 2)])
    shown = last(cross(networks, visitor, "4", "5", "coarse", ""))
    assert shown.children[0][0].space == "ws"


def test_an_empty_basket_is_said(networks):
    with pytest.raises(ValueError, match="basket is empty"):
        last(cross(networks, Session.on(networks.generator("avatars")), "1", "2", "coarse", ""))


def test_other_layers_draw_the_grid_again_but_not_the_first(networks, visitor):
    last(cross_again(networks, visitor, "", "", "fine", ""))
    assert visitor.mixture is None
    last(cross(networks, visitor, "1", "2", "coarse", ""))
    last(cross_again(networks, visitor, "1", "2", "fine", ""))
    assert visitor.mixture.layers == (8, 9)
