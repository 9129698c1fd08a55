"""The functions behind the endpoints, called directly: what they return, and what they refuse."""

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import spaceseed as ss
from spaceseed.ui.api import searching
from spaceseed.ui.api.models import list_models
from spaceseed.ui.api.pictures import draw, generate, render
from spaceseed.ui.api.searching import query_atlas, search
from spaceseed.ui.api.steering import steer
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.state import gpu
from spaceseed.ui.state.networks import Networks

NAN, INFINITE = float("nan"), float("inf")


@pytest.fixture
def recipe(find):
    return find(3)


def test_models_are_listed_with_what_a_caller_chooses_by(networks):
    models = {model["id"]: model for model in list_models(networks)}
    assert list(models) == [card.id for card in ss.list_models()]
    assert models["avatars"]["at_hand"]
    assert models["avatars"]["licence"] == "Apache-2.0"
    assert models["avatars"]["resolution"] == 64
    assert "glasses" in models["avatars"]["directions"]
    assert models["stylegan3-t-lhq"]["directions"] == []


def test_seeds_are_drawn_pixel_by_pixel_as_the_library_draws_them(networks, generator):
    pictures = generate(networks, [3, 42], truncation=0.5)
    z = ss.latents_from_seeds([3, 42], generator.z_dim)
    for picture, seed, latent in zip(pictures, (3, 42), z, strict=True):
        image = generator.synthesize(generator.map(latent[None], truncation=0.5))
        pixels = ((image[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        drawn = torch.tensor(np.array(Image.open(picture["image"]["path"])))
        assert picture["seed"] == seed
        assert torch.equal(drawn, pixels)
        inside = ss.Recipe.open(picture["image"]["path"])
        assert inside == ss.Recipe.from_json(picture["recipe"])
        assert (inside.seed, inside.truncation, inside.found.by) == (seed, 0.5, "seed")


def test_a_recipe_is_drawn_as_the_file_that_the_library_writes(networks, generator, recipe, tmp_path):
    recipe.save(tmp_path / "library.png", generator)
    image = render(networks, recipe.to_json())
    assert image["path"].endswith("seed-3.png")
    assert Path(image["path"]).read_bytes() == (tmp_path / "library.png").read_bytes()


def test_the_pictures_of_a_slow_model_are_one_lease(generator, recipe, monkeypatch):
    leases = []
    monkeypatch.setattr(gpu, "is_slow", lambda _: True)
    monkeypatch.setattr(gpu, "stream", lambda work, seconds: leases.append(seconds) or work(gpu.never))
    assert len(draw(generator, [recipe, recipe.replace(truncation=0.3)])) == 2
    assert len(leases) == 1
    monkeypatch.setattr(gpu, "stream", lambda work, _: work(lambda: True))
    with pytest.raises(gpu.LeaseError):
        draw(generator, [recipe])


def test_the_best_seeds_are_those_of_a_search_and_refuse_what_follows_no(networks, generator):
    best = query_atlas(networks, "red hair, no glasses", count=5)
    assert [seed["score"] for seed in best] == sorted((seed["score"] for seed in best), reverse=True)
    judge = networks.judge("avatars")
    space = ss.LatentSpace(generator, truncation=0.7)
    atlas = ss.Atlas.open("avatars")
    wish = ss.WishObjective(judge, "red hair, no glasses", atlas.embeddings(8192))
    scores = wish(space.images(space.draw([seed["seed"] for seed in best])))
    assert scores.tolist() == pytest.approx([seed["score"] for seed in best], abs=0.01)


def test_a_recipe_is_steered_as_the_sliders_steer_it(networks, generator, recipe):
    text, image = steer(networks, recipe.to_json(), {"glasses": 2, "beard": -1.5})
    changed = ss.Recipe.from_json(text)
    directions = ss.directions_of(generator, "attributes")
    layers = range(generator.num_ws)
    assert changed.edits == (directions.edit("glasses", 2.0, layers), directions.edit("beard", -1.5, layers))
    assert ss.Recipe.open(image["path"]).id == changed.id
    assert changed.found.parents == (recipe.id,)
    again, _ = steer(networks, text, {"glasses": -1, "beard": 0})  # set anew, and taken back
    assert ss.Recipe.from_json(again).edits == (directions.edit("glasses", -1.0, layers),)
    by_weights, _ = steer(networks, recipe.to_json(), {"smiling": 1}, "sefa")
    assert ss.Recipe.from_json(by_weights).edits[0].name == "smiling"


def test_a_search_tells_how_it_stands_and_ends_with_the_best_image(networks):
    steps = list(search(networks, "red hair, no dragon", images=120, truncation=0.6, seed=5))
    states = [state for state, _, _ in steps]
    assert all(image is None for _, _, image in steps[:-1])
    assert [state["images"] for state in states] == sorted(state["images"] for state in states)
    assert states[-1]["images"] <= 120
    assert states[-1]["round"] == 4
    assert states[-1]["status"].startswith("Done: ")
    assert states[-1]["note"].startswith('Not understood: "dragon".')
    _, text, image = steps[-1]
    recipe = ss.Recipe.from_json(text)
    assert recipe == ss.Recipe.open(image["path"])
    assert recipe.found.score == states[-1]["score"]
    assert recipe.truncation == 0.6
    assert list(search(networks, "red hair, no dragon", images=120, truncation=0.6, seed=5))[-1][1] == text


def test_a_search_ends_when_its_time_is_up_and_gives_what_it_has(networks, monkeypatch):
    now = 0.0
    monkeypatch.setattr(searching, "time", SimpleNamespace(monotonic=lambda: now))
    for step in search(networks, "red hair", images=2000):
        if step[0]["round"] > 1:
            now = searching.MAX_SECONDS + 1
    state, text, image = step
    assert state["status"].startswith("Time is up. ")
    assert state["images"] < 2000
    assert ss.Recipe.open(image["path"]) == ss.Recipe.from_json(text)
    monkeypatch.setattr(searching, "MAX_SECONDS", -1.0)
    with pytest.raises(ValueError, match="time was up before the first round"):
        list(search(networks, "red hair"))


def test_a_search_takes_turns_with_those_of_visitors(networks, monkeypatch):
    monkeypatch.setattr(networks, "turns", Turns(places=1, seconds=60.0))
    with networks.turns.line() as visitor:
        assert networks.turns.admit(visitor)
        steps = search(networks, "red hair", images=64)
        waiting = next(state for state, _, _ in steps if state["status"].startswith("Waiting for your turn"))
        assert waiting["round"] == 0
    assert list(steps)[-1][2] is not None


def test_a_caller_who_goes_ends_the_search(networks):
    steps = search(networks, "red hair", images=2000)
    while next(steps)[0]["round"] < 1:
        pass
    steps.close()
    assert networks.turns._running == networks.turns._waiting == []
    assert networks.atlases._searches == 0


def test_a_search_whose_networks_take_too_long_says_so(networks, monkeypatch):
    monkeypatch.setattr(searching, "MAX_SECONDS", 0.0)
    monkeypatch.setattr(networks, "judge", lambda *_: time.sleep(1))
    with pytest.raises(ValueError, match="still being loaded"):
        list(search(networks, "red hair"))


@pytest.mark.parametrize("seeds", [None, 3, "3", [], [3.5], [-1], [2**32], ["a"], [None], [True], list(range(37)), {}])
def test_only_a_few_seeds_are_drawn(networks, seeds):
    with pytest.raises(ValueError, match="whole number"):
        generate(networks, seeds)


@pytest.mark.parametrize(
    "model", ["nope", "../avatars", "hub:a/b/c@d", "/etc/passwd", 3, ["avatars"], {"a": 1}, "x" * 999]
)
def test_only_models_of_the_zoo_can_be_named(networks, model):
    with pytest.raises(ValueError, match=r"There is no model .{0,60} here: list_models names"):
        generate(networks, [1], model)


def test_no_model_is_the_apps_own(networks):
    assert generate(networks, [1], None)[0]["recipe"] == generate(networks, [1])[0]["recipe"]


@pytest.mark.parametrize("truncation", [-0.1, 1.6, NAN, INFINITE, "0.7", True, [1]])
def test_truncation_has_the_sliders_limits(networks, truncation):
    with pytest.raises(ValueError, match=r"truncation must be a number from 0 to 1\.5\."):
        generate(networks, [1], truncation=truncation)
    with pytest.raises(ValueError, match=r"truncation must be a number from 0 to 1\.5\."):
        next(search(networks, "red hair", truncation=truncation))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "as text"),
        ({"format": 1}, "as text"),
        ("", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[]", "no recipe"),
        ("x" * 2_000_001, "too large"),
        ('{"format": 2}', "newer spaceseed"),
    ],
)
def test_what_is_no_recipe_is_refused_in_a_sentence(networks, text, sentence):
    for call in (render, lambda *asked: steer(*asked, {"glasses": 1})):
        with pytest.raises(ValueError, match=sentence):
            call(networks, text)


def test_a_recipe_of_an_unknown_model_or_changed_by_hand_is_refused(networks, recipe):
    with pytest.raises(ss.RecipeError, match="not among the models here"):
        render(networks, recipe.replace(model="/etc/passwd").to_json())
    with pytest.raises(ss.RecipeError, match="other weights"):
        render(networks, recipe.replace(sha256="0" * 64).to_json())
    with pytest.raises(ss.RecipeError, match="damaged or changed"):
        render(networks, recipe.to_json().replace('"truncation": 0.7', '"truncation": 0.8'))


@pytest.mark.parametrize(
    ("amounts", "sentence"),
    [
        (None, "amounts must name"),
        ([], "amounts must name"),
        ({}, "amounts must name 1 to 11 directions with a number each, from glasses, beard"),
        ({str(i): 1 for i in range(12)}, "amounts must name"),
        ({"dragon": 1}, "There is no direction 'dragon': take some of glasses, beard"),
        ({"glasses": 4.1}, "glasses in amounts must be a number from -4 to 4"),
        ({"glasses": "2"}, "glasses in amounts must be a number"),
        ({"glasses": NAN}, "glasses in amounts must be a number"),
    ],
)
def test_steps_have_the_sliders_limits(networks, recipe, amounts, sentence):
    with pytest.raises(ValueError, match=sentence):
        steer(networks, recipe.to_json(), amounts)


@pytest.mark.parametrize("method", ["marks", "magic", None, 3, ["sefa"]])
def test_only_methods_of_the_model_can_be_named(networks, recipe, method):
    with pytest.raises(ValueError, match="method must be one of attributes, ganspace, sefa for this model"):
        steer(networks, recipe.to_json(), {"glasses": 1}, method)


@pytest.mark.parametrize("prompt", ["", "  ", None, 3, ["red hair"], "x" * 301, "no", ", ,"])
def test_a_prompt_must_be_words_to_look_for(networks, prompt):
    for call in (lambda: next(search(networks, prompt)), lambda: query_atlas(networks, prompt)):
        with pytest.raises(ValueError, match=r"must be a text|too long|no word"):
            call()


@pytest.mark.parametrize("count", [0, 101, 2.5, "3", None])
def test_an_atlas_gives_a_few_seeds(networks, count):
    with pytest.raises(ValueError, match="count must be a whole number from 1 to 100"):
        query_atlas(networks, "red hair", count=count)


@pytest.mark.parametrize("images", [31, 2001, 10**9, "64", None, 64.5])
def test_a_search_draws_a_limited_number_of_images(networks, images):
    with pytest.raises(ValueError, match="images must be a whole number from 32 to 2,000"):
        next(search(networks, "red hair", images=images))


def test_a_model_without_an_atlas_and_one_without_truncation_say_so(tiny_networks, monkeypatch):
    monkeypatch.setattr(tiny_networks, "judge", lambda *_: Networks.judge(tiny_networks, "avatars"))
    with pytest.raises(ValueError, match="There is no atlas of Tiny stylegan2 here"):
        query_atlas(tiny_networks, "red hair", "tiny-stylegan2")
    with pytest.raises(ValueError, match="There is no atlas of Lost here"):
        query_atlas(tiny_networks, "red hair", "lost")
    with pytest.raises(ValueError, match="truncation has no effect on Tiny pggan"):
        generate(tiny_networks, [1], "tiny-pggan", 0.7)
    with pytest.raises(ss.DownloadError, match="Lost: it cannot be downloaded now"):
        generate(tiny_networks, [1], "lost")


@pytest.mark.parametrize("model", ["tiny-stylegan2", "tiny-classes", "tiny-attributes", "tiny-biggan", "tiny-pggan"])
def test_models_of_every_family_are_drawn_and_steered(tiny_networks, model):
    [picture] = generate(tiny_networks, [7], model)
    assert Image.open(picture["image"]["path"]).width == tiny_networks.generator(model).resolution
    names = ss.directions_of(
        tiny_networks.generator(model), "ganspace", labels=ss.Recipe.from_json(picture["recipe"]).labels
    ).names
    text, _ = steer(tiny_networks, picture["recipe"], {names[0]: 1.0})
    assert len(ss.Recipe.from_json(text).edits) == 1


def test_a_slow_model_draws_fewer_seeds(networks, monkeypatch):
    monkeypatch.setattr("spaceseed.ui.api.pictures.is_slow", lambda _: True)
    with pytest.raises(ValueError, match="1 to 6 whole numbers"):
        generate(networks, list(range(7)))
