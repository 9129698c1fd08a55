"""A visitor's picture: read, framed, painted over, and gone with the page."""

import numpy as np
import pytest
import torch
from PIL import Image

from spaceseed.inversion.alignment import Frame
from spaceseed.models.judges.faces import Face
from spaceseed.ui.state import photo as module
from spaceseed.ui.state.pages import close_page, note_page
from spaceseed.ui.state.photo import ALL_HIDDEN, FACE, MIDDLE, MISSED, NO_FACE, Hand, Photo


def stripes(width=90, height=60):
    """A picture whose red grows to the right, and whose green grows downwards."""
    pixels = np.zeros([height, width, 3], np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    return pixels


def landmarks(left=(30.0, 20.0), right=(50.0, 20.0), mouth=(40.0, 42.0)):
    points = torch.zeros(68, 2)
    points[36:42], points[42:48], points[[48, 54]] = (torch.tensor(at).float() for at in (left, right, mouth))
    return points


@pytest.fixture
def finder(monkeypatch):
    """Finds what is in this list, and counts how often it is asked."""
    faces, asked = [], []
    monkeypatch.setattr(module, "_face_finder", lambda: lambda image: asked.append(image.shape) or faces)
    return faces, asked


def test_a_picture_is_read_upright_and_made_smaller(tmp_path):
    picture = Image.fromarray(stripes(3200, 200))
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned
    picture.save(tmp_path / "me.jpg", exif=exif)
    assert Photo.read(str(tmp_path / "me.jpg")).pixels.shape == (1600, 100, 3)


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path: path.write_text("no picture"), "^Your picture could not be read: PNG"),
        (lambda path: Image.new("1", (9000, 9000)).save(path), "^Your picture had too many pixels"),
        (lambda path: Image.new("RGB", (50, 40), "navy").save(path), r"^This picture shows only one colour\.$"),
    ],
    ids=["text", "bomb", "one colour"],
)
def test_a_picture_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, write, sentence):
    write(tmp_path / "me.png")
    with pytest.raises(ValueError, match=sentence):
        Photo.read(str(tmp_path / "me.png"))


def test_a_drawing_is_framed_as_the_middle_square(generator, finder):
    _, asked = finder
    photo = Photo(stripes())
    framed = photo.framed(generator)
    assert (framed.said, framed.pixels.shape, framed.mask) == (MIDDLE, (256, 256, 3), None)
    assert framed.image.shape == (1, 3, 256, 256)
    assert int(framed.pixels[128, 0, 0]) == pytest.approx(43, abs=3)  # 15 of 90 pixels are left of the square
    assert int(framed.pixels[128, -1, 0]) == pytest.approx(212, abs=3)
    photo.framed(generator)
    assert len(asked) == 1


def test_a_face_is_framed_where_avatars_have_theirs(generator, finder):
    finder[0].append(Face(0.9, (20, 10, 60, 50), landmarks()))
    photo = Photo(stripes())
    framed = photo.framed(generator)
    frame = Frame.of_face(landmarks())
    assert framed.said == FACE
    middle = framed.pixels[128, 128].tolist()
    assert middle[0] == pytest.approx(frame.center[0] / 90 * 255, abs=4)
    assert middle[1] == pytest.approx((frame.center[1] - 0.045 * frame.side) / 60 * 255, abs=4)
    assert not framed.counts.all()
    assert framed.mask.shape == (1, 1, 256, 256)


@pytest.mark.parametrize(
    "points",
    [landmarks((40, 45), (42, 20), (20, 32)), landmarks((39, 20), (41, 20), (40, 22))],
    ids=["turned", "small"],
)
def test_what_is_hardly_a_face_in_a_drawing_does_not_frame_it(generator, finder, points):
    finder[0].append(Face(0.6, (20, 10, 60, 50), points))
    assert Photo(stripes()).framed(generator).said == MIDDLE


def test_without_a_face_the_visitor_of_a_model_of_photographs_is_asked_to_frame_it(generator, finder, monkeypatch):
    subject = module.subject_of(generator.card).model_copy(update={"frame": "photograph"})
    monkeypatch.setattr(module, "subject_of", lambda card: subject)
    assert Photo(stripes()).framed(generator).said == NO_FACE


def test_a_hand_moves_the_picture_not_the_frame():
    frame = Frame((50.0, 40.0), (10.0, 0.0))
    moved = Hand(right=0.5, down=-0.25).moved(frame)
    assert moved.center == pytest.approx((40, 45))
    assert moved.right == pytest.approx((10, 0))
    assert Hand(zoom=2).moved(frame).right == pytest.approx((5, 0))
    assert Hand(turn=90).moved(frame).right == pytest.approx((0, -10))


def test_a_frame_that_misses_the_picture_is_refused_in_a_sentence(generator, finder):
    photo = Photo(stripes(), Hand(zoom=4, right=1))
    with pytest.raises(ValueError, match=MISSED):
        photo.framed(generator)


def test_what_is_painted_over_does_not_count_wherever_the_frame_is(generator, finder):
    photo = Photo(stripes())
    over = np.zeros([20, 30], bool)
    over[:, :15] = True
    photo.paint(over)
    counts = photo.framed(generator).counts
    assert not counts[:, :120].any()
    assert counts[:, 136:].all()
    photo.hand = Hand(right=0.25)
    counts = photo.framed(generator).counts
    assert not counts[:, :180].any()
    photo.hand = Hand()
    shown = photo.framed(generator)
    assert (shown.shown[:, :120] >= 150).all()
    assert (shown.shown[:, 136:] == shown.pixels[:, 136:]).all()
    photo.paint(np.zeros([20, 30], bool))
    assert photo.framed(generator).counts.all()


def test_a_picture_that_is_all_painted_over_is_refused_in_a_sentence(generator, finder):
    photo = Photo(stripes())
    photo.paint(np.ones([20, 30], bool))
    with pytest.raises(ValueError, match=ALL_HIDDEN):
        _ = photo.framed(generator).mask


def test_a_closed_page_takes_its_picture_along(session):
    session.photo = photo = Photo(stripes())
    note_page("a page", session)
    close_page("another page")
    close_page(None)
    assert session.photo is photo
    close_page("a page")
    assert session.photo is None
    assert photo.ticket.stopped
    close_page("a page")
