import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from spaceseed.directions import cache as direction_cache
from spaceseed.directions.cache import bundled_methods, directions_of
from spaceseed.directions.discovery import find_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints.openvino import installed
from spaceseed.models.generators.generator import ModelCard, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.zoo import loading

needs_faces = pytest.mark.skipif(installed() is None, reason="random_face is not installed: `make faces` does that.")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path))
    return tmp_path / "spaceseed" / "directions"


@pytest.fixture
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator


@pytest.fixture(scope="module")
def avatars():
    return loading.load("avatars", device="cpu")


@pytest.mark.parametrize("method", ["sefa", "ganspace", "attributes"])
def test_directions_of_the_bundled_model_are_bundled(avatars, method, folder):
    found = directions_of(avatars, method, progress=lambda _: pytest.fail("nothing is to be found"))
    assert found.sha256 == avatars.card.sha256
    assert found.vectors.shape[1] == avatars.w_dim
    assert len(set(found.names)) > 5
    assert not folder.exists()


def test_other_weights_of_that_name_have_none_bundled(avatars):
    assert set(bundled_methods(avatars)) == {"sefa", "ganspace", "attributes"}
    stranger = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2)
    stranger.card = replace(avatars.card, sha256="0" * 64)
    assert bundled_methods(stranger) == ()


def test_weights_that_are_not_bundled_may_have_bundled_directions(generator, tmp_path, monkeypatch, folder):
    monkeypatch.setattr(direction_cache, "ASSETS", tmp_path / "assets")
    direction_cache._methods.cache_clear()
    (tmp_path / "assets" / "tiny").mkdir(parents=True)
    named = find_directions(generator, "sefa", count=2).rename(0, "smile")
    named.save(tmp_path / "assets" / "tiny" / "directions-attributes.safetensors")
    try:
        assert bundled_methods(generator) == ("attributes",)
        assert directions_of(generator, "attributes").names[0] == "smile"
        generator.card = replace(generator.card, sha256="")
        assert bundled_methods(generator) == ()
    finally:
        direction_cache._methods.cache_clear()


def test_the_photographs_have_named_directions():
    """Also where the generator is not installed: its directions are."""
    directions = DirectionSet.open(direction_cache.ASSETS / "ffhq-mobile" / "directions-attributes.safetensors")
    card = loading.card("ffhq-mobile")
    assert (directions.model, directions.sha256) == (card.id, card.sha256)
    assert {"smile", "age"} <= set(directions.names)
    assert directions.vectors.shape[1] == 512
    torch.testing.assert_close(directions.vectors.norm(dim=1), torch.ones(len(directions)))


@needs_faces
def test_the_photographs_are_steered_by_them():
    photographs = loading.load("ffhq-mobile", device="cpu")
    assert bundled_methods(photographs) == ("attributes",)
    ws = photographs.map(latents_from_seeds([2], photographs.z_dim), truncation=0.7)
    smile = directions_of(photographs, "attributes")
    more, less = (photographs.synthesize(smile.apply(ws, "smile", amount)) for amount in (2.0, -2.0))
    change = (more - less).abs()
    assert change[..., 600:800, 350:650].mean() > 1.3 * change.mean()  # where the mouth is


def test_bundled_files_are_looked_through_once(avatars, monkeypatch):
    methods = bundled_methods(avatars)
    monkeypatch.setattr(DirectionSet, "open", lambda path: pytest.fail("opened again"))
    assert bundled_methods(avatars) == methods


def test_found_directions_are_saved(generator, folder):
    shares = []
    first = directions_of(generator, "ganspace", progress=shares.append)
    assert shares
    assert len(first) == 6
    again = directions_of(generator, "ganspace", progress=lambda _: pytest.fail("found again"))
    assert torch.equal(first.vectors, again.vectors)


def test_layers_and_weights_have_directions_of_their_own(generator, folder):
    directions_of(generator, "sefa")
    directions_of(generator, "sefa", layers=[0, 1])
    generator.card = replace(generator.card, sha256="cd" * 32)
    directions_of(generator, "sefa")
    assert len(list(folder.iterdir())) == 3


def test_a_damaged_file_is_found_anew(generator, folder):
    directions_of(generator, "sefa")
    [file] = folder.iterdir()
    file.write_bytes(b"damaged")
    assert len(directions_of(generator, "sefa")) == 6
    assert file.stat().st_size > 100


def test_the_files_used_least_recently_make_room(generator, folder, monkeypatch):
    monkeypatch.setattr(direction_cache, "MAX_FILES", 2)
    files: list[Path] = []
    for age, layer in ((300, 0), (200, 1)):
        directions_of(generator, "sefa", layers=[layer])
        files += set(folder.iterdir()) - set(files)
        os.utime(files[-1], (1e9 - age, 1e9 - age))
    directions_of(generator, "sefa", layers=[0])
    directions_of(generator, "sefa", layers=[2])
    assert files[0].exists()
    assert not files[1].exists()


def test_a_generator_without_a_card_is_refused(generator):
    generator.card = None
    with pytest.raises(ArgumentError, match="card"):
        directions_of(generator)
