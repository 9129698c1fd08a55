"""A folder becomes images and labels. Every problem is reported in one sentence before training begins."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from spaceseed.errors import ArgumentError, DataError
from spaceseed.images import to_uint8
from spaceseed.training.data import images as data
from spaceseed.training.data.images import ImageSet, read_folder
from spaceseed.training.data.labels import Labels

GROUPS = {"hair": ("short", "long", "none"), "mood": ("glad", "sad")}


def fill(folder, names, size=(8, 8)):
    """Writes images of one colour, each lighter than the one before."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (20 * i,) * 3).save(folder / name)


def write_labels(folder, labels, groups=GROUPS):
    (folder / "labels.json").write_text(json.dumps({"groups": groups, "labels": labels}))


NAMES = [f"{letter}.png" for letter in "abcdefghij"]


def test_images_come_in_the_order_of_their_paths(tmp_path):
    fill(tmp_path, NAMES)
    images = read_folder(tmp_path, 4)
    assert images.images.shape == (10, 4, 4, 3)
    assert images.images[:, 0, 0, 0].tolist() == [20 * i for i in range(10)]
    assert images.labels is None
    assert images.notes == ()
    assert len(images) == 10


def test_problems_are_collected_and_each_kind_is_told_in_one_sentence(tmp_path):
    fill(tmp_path, NAMES)
    for name in ("k.png", "l.png", "m.png", "n.png"):
        (tmp_path / name).write_bytes(b"no picture")
    fill(tmp_path, ["o.png"], (3, 90))
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "p.png")
    (tmp_path / "q.heic").touch()
    (tmp_path / "r").symlink_to(tmp_path)
    images = read_folder(tmp_path, 8)
    assert images.notes == (
        "4 of 16 images could not be read and had to be left out (k.png, l.png, m.png, ...).",
        "1 of 16 images had a side below 8 pixels and had to be left out (o.png).",
        "1 of 16 images had transparent parts, which became white (p.png).",
        "1 of the files had a format other than PNG, JPEG and WebP (q.heic).",
        "1 of the folders were links, which are not followed (r).",
    )
    assert len(images) == 11
    assert (images.images[-1] == 255).all()


@pytest.mark.parametrize("name", ["absent", "a.png"])
def test_a_folder_must_be_one(tmp_path, name):
    fill(tmp_path, NAMES[:1])
    with pytest.raises(DataError, match=f"{name} is not a folder"):
        read_folder(tmp_path / name, 8)


def test_what_is_no_folder_or_resolution_is_named(tmp_path):
    fill(tmp_path, NAMES)
    for arguments, name in (((None, 8), "folder"), ((8, tmp_path), "folder")):
        with pytest.raises(ArgumentError, match=name):
            read_folder(*arguments)
    for resolution in (0, -1, 8.0, None):
        with pytest.raises(ArgumentError, match="resolution"):
            read_folder(tmp_path, resolution)


def test_a_folder_without_images_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="no PNG, JPEG or WebP images"):
        read_folder(tmp_path, 8)


def test_too_few_usable_images_are_refused_with_all_reasons(tmp_path):
    fill(tmp_path, NAMES[:7])
    fill(tmp_path, ["sub/small.png"], (4, 4))
    (tmp_path / "z.jpg").touch()
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, 8)
    sentence = str(caught.value)
    for part in ("7 of 9 images in ", "8 are needed", "1 of 9 images could not be read", "(z.jpg)", "(sub/small.png)"):
        assert part in sentence


def test_names_cannot_write_to_the_terminal(tmp_path):
    fill(tmp_path, NAMES)
    (tmp_path / "\x1b[31m\nred.png").touch()
    (note,) = read_folder(tmp_path, 8).notes
    assert note.isprintable()
    assert "red.png" in note


def test_the_progress_function_may_end_the_work(tmp_path):
    fill(tmp_path, NAMES)
    shares = []
    read_folder(tmp_path, 8, shares.append)
    assert shares == pytest.approx([0.1 * (i + 1) for i in range(10)])

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_folder(tmp_path, 8, stop)


def test_each_subfolder_is_a_class(tmp_path):
    fill(tmp_path, ["b/1.png", "b/deep/2.png", "a/3.png", "top.png", *(f"a/{name}" for name in NAMES)])
    images = read_folder(tmp_path, 8)
    assert images.labels.groups == {"class": ("a", "b")}
    assert images.labels.values[:, 0].tolist() == [0] * 11 + [1, 1] + [-1]
    assert images.notes == ("1 of 14 images had no label (top.png).",)


def test_one_subfolder_or_one_with_nothing_usable_makes_no_classes(tmp_path):
    fill(tmp_path, [f"a/{name}" for name in NAMES])
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "damaged.png").touch()
    assert read_folder(tmp_path, 8).labels is None


def test_labels_stay_with_their_images_where_others_are_left_out(tmp_path):
    fill(tmp_path, NAMES)
    (tmp_path / "c.png").write_bytes(b"")
    labels = {name: {"hair": "long", "mood": "sad" if name < "d" else "glad"} for name in NAMES if name != "b.png"}
    write_labels(tmp_path, labels | {"j.png": {"mood": "sad"}, "gone.png": {"hair": "none"}})
    images = read_folder(tmp_path, 8)
    assert images.labels.groups == GROUPS
    assert images.labels.values.tolist() == [[1, 1], [-1, -1], *[[1, 0]] * 6, [-1, 1]]
    assert "1 of the files that labels.json names could not be found (gone.png)." in images.notes
    assert "1 of 10 images had no label (b.png)." in images.notes


def test_a_file_of_labels_goes_before_subfolders(tmp_path):
    fill(tmp_path, [f"{i % 2}/{name}" for i, name in enumerate(NAMES)])
    write_labels(tmp_path, {"0/a.png": {"mood": "glad"}})
    assert read_folder(tmp_path, 8).labels.groups == GROUPS


@pytest.mark.parametrize(
    ("groups", "labels", "match"),
    [
        (GROUPS, {"a.png": {"hair": "curly"}}, r"1 of the labels .* in its groups \(a.png: hair = curly\)"),
        (GROUPS, {"a.png": {"eyes": "short"}}, "in its groups"),
        (GROUPS, {"a.png": {"hair": 1}}, "labels > a.png > hair"),
        (GROUPS, {"a.png": "short"}, "labels > a.png"),
        (GROUPS, {"/other/a.png": {"hair": "short"}}, "no label for any image; it must name them as a.png, b.png"),
        (GROUPS, {}, "no label for any image"),
        ({"hair": ["short"]}, {}, "groups > hair"),
        ({"hair": ["short", ""]}, {}, "groups > hair"),
        ({"hair": ["short", "short"]}, {}, "'hair' twice"),
        ({}, {}, "groups"),
    ],
)
def test_wrong_labels_are_named_before_any_image_is_read(tmp_path, monkeypatch, groups, labels, match):
    fill(tmp_path, NAMES)
    write_labels(tmp_path, labels, groups)
    monkeypatch.setattr(data, "read_picture", None)
    with pytest.raises(DataError, match=match) as caught:
        read_folder(tmp_path, 8)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"groups": {}}', '{"groups": {}, "labels": {}, "more": 1}', "\xff"])
def test_a_file_that_holds_no_labels_is_refused(tmp_path, text):
    fill(tmp_path, NAMES)
    (tmp_path / "labels.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"labels\.json"):
        read_folder(tmp_path, 8)


@pytest.fixture
def image_set():
    rng = np.random.RandomState(0)
    values = rng.randint(-1, [3, 2], (9, 2)).astype(np.int64)
    return ImageSet(rng.randint(0, 256, (9, 16, 16, 3)).astype(np.uint8), Labels(GROUPS, values))


def test_a_batch_is_the_rows_asked_for(image_set):
    rows = torch.tensor([4, 0, 4])
    images, labels = image_set.batch(rows, 16)
    assert np.array_equal(to_uint8(images), image_set.images[rows])
    assert images.dtype == labels.dtype == torch.float32
    assert torch.equal(labels, image_set.labels.vectors(rows))
    assert ImageSet(image_set.images).batch(rows, 16)[1] is None


@pytest.mark.parametrize("resolution", [1, 4, 8])
def test_smaller_images_are_means_of_the_large(image_set, resolution):
    large, _ = image_set.batch(torch.arange(9), 16)
    small, _ = image_set.batch(torch.arange(9), resolution)
    step = 16 // resolution
    blocks = large.unfold(2, step, step).unfold(3, step, step)
    torch.testing.assert_close(small, blocks.mean(dim=(4, 5)))


@pytest.mark.parametrize("resolution", [0, 3, 32, -4])
def test_a_size_that_does_not_divide_is_refused(image_set, resolution):
    with pytest.raises(ArgumentError, match="divisor"):
        image_set.batch(torch.arange(2), resolution)


def test_mirrored_images_follow_the_others_with_the_same_labels(image_set):
    both = image_set.mirrored()
    (images, labels), (flipped, same) = (both.batch(torch.arange(9) + first, 16) for first in (0, 9))
    assert torch.equal(images, image_set.batch(torch.arange(9), 16)[0])
    assert torch.equal(flipped, images.flip(3))
    assert torch.equal(labels, same)
    assert len(ImageSet(image_set.images).mirrored()) == 18
