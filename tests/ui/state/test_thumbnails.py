from pathlib import Path

import pytest
import torch

from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.state.thumbnails import MAX_PICTURES, Thumbnails
from spaceseed.ui.state.view import View


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


def test_what_was_cleared_away_is_not_served():
    thumbnails = Thumbnails()
    [picture] = jpegs(torch.zeros(1, 3, 8, 8))
    path = picture.path
    thumbnails.remember("a find", path)
    assert thumbnails.path_of("a find") == path
    Path(path).unlink()
    assert thumbnails.path_of("a find") is None


def test_the_oldest_of_too_many_is_forgotten():
    thumbnails = Thumbnails()
    [picture] = jpegs(torch.zeros(1, 3, 8, 8))
    path = picture.path
    for i in range(MAX_PICTURES + 1):
        thumbnails.remember(str(i), path)
    assert thumbnails.path_of("0") is None
    assert thumbnails.path_of("1") == path


def test_a_picture_is_drawn_once(generator, find, monkeypatch):
    thumbnails = Thumbnails()
    path = thumbnails.draw(generator, find(1))
    monkeypatch.setattr(generator, "synthesize", None)
    assert thumbnails.draw(generator, find(1)) == path


def test_pictures_do_not_depend_on_the_batch(tiny_networks, monkeypatch):
    generator = tiny_networks.generator("tiny-classes")
    space = View.of(generator).space(generator)
    vectors = space.draw(range(6))
    ids = [space.recipe(vector).id for vector in vectors]
    *_, whole = Thumbnails().draw_all(space, vectors, ids)
    monkeypatch.setattr("spaceseed.batches.PIXELS", 1)
    *before, last = Thumbnails().draw_all(space, vectors, ids)
    assert len(before) == 6
    assert last == whole
