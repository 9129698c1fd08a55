"""What a visitor wants to be found is checked, and suited to the model."""

import numpy as np
import pytest

from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.photo import job as module
from spaceseed.ui.photo.job import CLOSENESS, ask, begin, usual_steps
from spaceseed.ui.state.photo import Hand, Photo
from tests.ui.state.test_photo import stripes


@pytest.fixture
def photographer(session):
    """A visitor with a picture."""
    session.photo = Photo(stripes())
    return session


def test_each_place_of_the_slider_says_how_near_to_come(generator, photographer):
    for place, (space, proximity, _) in enumerate(CLOSENESS, 1):
        job = ask(generator, photographer, place, 5)
        assert (job.space, job.method, job.proximity, job.steps) == (space, "adam", proximity, 5)
    assert job.image.shape == (1, 3, 256, 256)
    assert photographer.photo.wanted is not None


def test_a_model_with_an_encoder_needs_no_seeds(generator, photographer, monkeypatch):
    for has, encoder, seeds in ((True, "avatars", 0), (False, "", module.SEEDS)):
        monkeypatch.setattr(module, "has_encoder", lambda model, has=has: has)
        job = ask(generator, photographer, 3, 5)
        assert (job.encoder, job.seeds) == (encoder, seeds)


@pytest.mark.parametrize(
    ("model", "place", "space", "method", "seeds", "labelled"),
    [
        ("tiny-stylegan2", 4, "w+", "adam", True, False),
        ("tiny-pggan", 4, "w", "adam", True, False),
        ("tiny-classes", 4, "w+", "adam", False, True),
        ("tiny-attributes", 1, "w", "adam", False, False),
        ("tiny-biggan", 4, "z", "basin-cma", False, True),
    ],
)
def test_each_family_is_searched_where_that_works(moved, newcomer, model, place, space, method, seeds, labelled):
    generator = moved(model)
    newcomer.photo = Photo(stripes())
    job = ask(generator, newcomer, place, usual_steps(generator))
    assert (job.space, job.method, bool(job.seeds), job.labels is not None) == (space, method, seeds, labelled)


@pytest.mark.parametrize(("closeness", "steps"), [(0, 5), (6, 5), ("3", 5), (3, 0), (3, 501), (3, 2.5), (3, None)])
def test_numbers_out_of_range_are_refused_in_a_sentence(generator, photographer, closeness, steps):
    with pytest.raises(ValueError, match=r"^(Closeness|Steps) must be a .*number from 1 to \d+\.$"):
        ask(generator, photographer, closeness, steps)


def test_without_a_picture_a_hint_says_what_to_do(generator, session):
    with pytest.raises(HintError, match=r"^Drop a picture first\.$"):
        ask(generator, session, 3, 5)


def test_a_picture_that_cannot_be_looked_for_is_refused_in_a_sentence(generator, photographer):
    pixels = stripes(400, 400)
    pixels[100:300, 100:300] = 7
    photographer.photo = Photo(pixels, Hand(zoom=4))
    with pytest.raises(ValueError, match="only one colour"):
        ask(generator, photographer, 3, 5)
    photographer.photo = Photo(stripes())
    photographer.photo.paint(np.ones([9, 9], bool))
    with pytest.raises(ValueError, match="Nothing of the picture is left"):
        ask(generator, photographer, 3, 5)


def test_a_search_that_begins_ends_the_one_before(photographer):
    first, second = begin(photographer), begin(photographer)
    assert (first.stopped, second.stopped) == (True, False)
    assert photographer.photo.ticket is second
