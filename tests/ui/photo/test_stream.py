"""A picture is found while the page follows, in turns with others, until it is done, stopped or given up."""

from dataclasses import replace
from functools import partial

import pytest

from spaceseed.models.judges.encoder import Encoder, Header, save_encoder
from spaceseed.ui.photo import stream, work
from spaceseed.ui.photo.job import ask, begin
from spaceseed.ui.photo.stream import steps
from spaceseed.ui.photo.work import NAME, Looked, Step
from spaceseed.ui.state import gpu
from spaceseed.ui.state.photo import Photo
from spaceseed.ui.state.share import write_query


@pytest.fixture
def photographer(session, picture):
    """A visitor with the picture of an avatar."""
    session.photo = Photo.read(str(picture))
    return session


@pytest.fixture
def job(generator, photographer):
    """A short one."""
    return replace(ask(generator, photographer, 3, 4), seeds=16, encoder="")


@pytest.fixture
def at_once(monkeypatch):
    """Everything that comes about is shown."""
    monkeypatch.setattr(stream, "UPDATE_SECONDS", 0)
    monkeypatch.setattr(work, "UPDATE_SECONDS", 0)
    monkeypatch.setattr(work, "DRAWING_SHARE", 1e9)


def texts(shown):
    return [values["status"]["text"] for values in shown]


def test_a_picture_is_found_before_the_visitors_eyes(networks, photographer, job, at_once):
    shown = list(steps(networks, photographer, job, begin(photographer)))
    said = texts(shown)
    assert said[:2] == ["Getting ready...", "Looking for one to begin with: 16 of 16"]
    assert said[2] == "Step 1 of 4"
    assert said[3].startswith("Step 2 of 4 · ")
    assert said[-1].startswith("Done: 4 steps in ")
    assert all(values["found"]["image"].startswith("data:image/jpeg") for values in shown[1:])
    last = shown[-1]
    assert last["status"]["share"] == 1
    assert not last["stop"].interactive
    assert [name for name, _ in last["figures"]] == ["Structural similarity", "Attributes"]
    found = photographer.photo.found
    assert (found.name, found.found.by, found.space) == (NAME, "project", "ws")
    assert last["found"]["find"] == found.id
    assert photographer.picture(found.id) == found


def test_nothing_of_the_picture_is_in_the_recipe_or_its_link(networks, photographer, job, picture):
    list(steps(networks, photographer, job, begin(photographer)))
    recipe = photographer.photo.found
    text = recipe.to_json() + str(write_query(recipe))
    assert picture.stem not in text
    assert recipe.found.model_dump(exclude_defaults=True).keys() == {"by", "optimizer", "settings"}
    assert set(recipe.found.settings) == {"step", "steps"}


def test_stop_keeps_the_best(networks, photographer, job, at_once):
    ticket = begin(photographer)
    shown = []
    for values in steps(networks, photographer, job, ticket):
        shown.append(values)
        ticket.stopped = values["status"]["text"].startswith("Step 2")
    assert texts(shown)[-1] == "Stopped after step 2: the best so far is kept."
    assert photographer.photo.found is not None
    assert shown[-1]["figures"]


def test_a_search_that_is_stopped_before_its_first_step_finds_nothing(networks, photographer, job, at_once):
    ticket = begin(photographer)
    shown = []
    for values in steps(networks, photographer, job, ticket):
        shown.append(values)
        ticket.stopped = True
    assert texts(shown)[-1] == "Stopped at once."
    assert photographer.photo.found is None


def test_another_search_takes_the_place_of_the_first(networks, photographer, job, at_once):
    first = steps(networks, photographer, job, begin(photographer))
    next(first)
    next(first)
    second = begin(photographer)
    assert len(list(first)) <= 1
    assert texts(steps(networks, photographer, job, second))[-1].startswith("Done")
    assert list(steps(networks, photographer, job, second)) == []  # its ticket is taken


@pytest.mark.parametrize(
    "leave", [lambda visitor: setattr(visitor, "photo", None), lambda visitor: setattr(visitor, "model", "another")]
)
def test_a_closed_page_or_another_model_ends_it(networks, photographer, job, at_once, leave):
    shown = []
    for values in steps(networks, photographer, replace(job, steps=50), begin(photographer)):
        shown.append(values)
        if values["status"]["text"].startswith("Step 2"):
            leave(photographer)
    assert len(shown) < 10
    if photographer.photo is not None:
        assert texts(shown)[-1] == "The model was changed. The best of 2 steps is kept."


def test_who_comes_later_waits_for_a_turn_and_can_stop_there(networks, photographer, job, at_once):
    with networks.turns.line() as one, networks.turns.line() as other:
        assert list(one.wait()) == list(other.wait()) == []
        ticket = begin(photographer)
        shown = []
        for values in steps(networks, photographer, job, ticket):
            shown.append(values)
            ticket.stopped = len(shown) == 3
    assert texts(shown)[1].startswith("Waiting for your turn: place 1 in line")
    assert texts(shown)[-1] == "Stopped at once."


def test_what_a_lent_gpu_is_sent_and_sends_goes_through_pipes(generator, job):
    sent = gpu._loads(gpu._dumps(partial(work.work, replace(job, generator=generator))))
    answers = [gpu._loads(gpu._dumps(step)) for step in sent(lambda: False)]
    assert [type(answer) for answer in answers] == [Looked, *[Step] * 4]


def test_an_encoder_says_where_to_begin(generator, job, tmp_path, monkeypatch):
    header = Header(resolution=64, widths=(8, 8, 8, 8), num_ws=generator.num_ws, w_dim=generator.w_dim)
    save_encoder(Encoder(header), tmp_path / "encoder.safetensors")
    work._encoder.cache_clear()
    done = list(work.work(replace(job, encoder=str(tmp_path / "encoder.safetensors"), seeds=0), lambda: False))
    assert [type(step) for step in done] == [Step] * 4
    assert done[0].picture is not None


def test_the_nearest_seed_is_seen_first(job):
    looked = [step for step in work.work(replace(job, seeds=32, steps=1), lambda: False) if isinstance(step, Looked)]
    assert [step.count for step in looked] == [16, 32]
    assert looked[0].picture is not None


@pytest.mark.parametrize("model", ["tiny-pggan", "tiny-classes", "tiny-biggan", "tiny-stylegan3"])
def test_other_families_are_searched_too(tiny_networks, newcomer, moved, picture, model):
    generator = moved(model)
    newcomer.photo = Photo.read(str(picture))
    job = replace(ask(generator, newcomer, 3, 3), seeds=0)
    shown = list(steps(tiny_networks, newcomer, job, begin(newcomer)))
    assert texts(shown)[-1].startswith("Done: 3 steps")
    assert newcomer.photo.found.model == model
    assert [name for name, _ in shown[-1]["figures"]] == ["Structural similarity"]
