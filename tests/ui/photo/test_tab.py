"""The events of the Photo tab: a picture taken in, framed, painted over, and what was found of it sent on."""

import numpy as np
import pytest

from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.photo import tab
from spaceseed.ui.photo.job import ask, begin
from spaceseed.ui.photo.stream import steps
from spaceseed.ui.photo.telling import attributes, figures
from spaceseed.ui.state.photo import BY_HAND, MIDDLE, Hand, Photo


@pytest.fixture
def found(networks, generator, session, picture):
    """A visitor of whose picture something was found."""
    session.photo = Photo.read(str(picture))
    list(steps(networks, session, ask(generator, session, 3, 2), begin(session)))
    return session


def test_a_picture_is_taken_in_and_its_file_deleted(networks, session, picture, monkeypatch):
    forgotten = []
    monkeypatch.setattr(tab, "forget", forgotten.append)
    session.photo = before = Photo.read(str(picture))
    shown = tab.take_in(networks, session, str(picture), None)
    assert forgotten == [str(picture)]
    assert shown[0]["image"].startswith("data:image/jpeg")
    assert (shown[0]["outline"], shown[1]) == ("drawing", MIDDLE)
    assert session.photo is not before
    assert before.ticket.stopped


def test_a_picture_that_cannot_be_used_leaves_the_one_before(networks, session, picture, tmp_path, monkeypatch):
    forgotten = []
    monkeypatch.setattr(tab, "forget", forgotten.append)
    session.photo = before = Photo.read(str(picture))
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match="could not be read"):
        tab.take_in(networks, session, str(tmp_path / "text.png"), None)
    assert session.photo is before
    assert not before.ticket.stopped
    assert forgotten == [str(tmp_path / "text.png")]


def test_sliders_move_the_picture(networks, found):
    shown = tab.move_to(networks, found, 2, 0.1, -0.1, 10)
    assert found.photo.hand == Hand(2, 0.1, -0.1, 10)
    assert shown[1] == BY_HAND
    assert tab.move_to(networks, found, 4, 1, 1, 0)[1] == "The frame misses your picture: move it back."
    assert tab.move_to(networks, found, "two", 0, 0, 0)[1] == "Zoom must be a number from 0.4 to 4."
    found.photo = None
    assert tab.move_to(networks, found, 1, 0, 0, 0) == tab.show_framed(networks, found) == [{}, ""]


def test_the_whole_picture_is_painted_over(networks, session):
    session.photo = Photo(np.arange(100 * 50 * 3, dtype=np.uint8).reshape(50, 100, 3))
    canvas = tab.open_painter(networks, session)
    assert (canvas.width, canvas.height) == (320, 160)
    over = np.zeros([160, 320], bool)
    over[:80] = True
    tab.paint(session, over)
    assert session.photo.painted.mean() == pytest.approx(0.5, abs=0.02)
    tab.paint(session, None)
    assert session.photo.painted is not None


def test_what_was_found_is_kept_bred_and_steered(networks, found, said):
    tab.keep_it(networks, found)
    assert [recipe.name for recipe in found.basket.finds.values()] == ["from a picture"]
    assert tab.breed_from(networks, found).selected == "breed"
    assert found.breeding.page.space == "w"
    assert said == ["Kept 1 in Found seeds.", tab.ONE_STYLE]
    tab.send_to_steer(networks, found)
    assert found.sent is found.photo.found
    assert len(tab.compare(networks, found)) == 2


def test_only_a_search_that_could_not_go_on_is_said_to_have_failed(found):
    assert tab.failed(found) == {}
    begin(found).taken = True
    assert tab.failed(found)["status"] == {"text": "The search could not go on."}
    found.photo = None
    assert tab.failed(found) == {}


def test_before_anything_is_found_hints_say_so(networks, session):
    for event in (tab.keep_it, tab.breed_from, tab.send_to_steer):
        with pytest.raises(HintError, match=tab.NOTHING):
            event(networks, session)
    with pytest.raises(HintError):
        tab.open_painter(networks, session)
    assert tab.compare(networks, session) is None
    assert not tab.ask_to_stop(session).interactive


@pytest.mark.parametrize(
    ("model", "layered"), [("tiny-stylegan2", True), ("tiny-pggan", False), ("tiny-biggan", False)]
)
def test_the_slider_is_there_where_layers_can_differ(tiny_networks, model, layered):
    closeness, _ = tab.values_for(tiny_networks.generator(model))
    assert closeness.visible is layered


def test_figures_say_what_they_measure(generator, find):
    one, other = (find(seed).render(generator) for seed in (1, 2))
    (term, alike), (_, named) = figures(one, one, None, named=True)
    assert (term, alike[:4], named) == ("Structural similarity", "1.00", "11 of 11 agree.")
    assert "is not what the search made larger" in alike
    assert float(figures(other, one, None, named=False)[0][1][:4]) < 1
    assert " agree; differs: " in attributes(other, one)
    assert "_" not in attributes(other, one)
