"""`dataset.json` of NVIDIA's tools. `labels.json` is tested in test_images.py."""

import json

import pytest
from PIL import Image

from spaceseed.errors import DataError
from spaceseed.training.data import images as data
from spaceseed.training.data import label_files
from spaceseed.training.data.images import read_folder

NAMES = [f"{i // 5:05d}/img{i:08d}.png" for i in range(10)]


@pytest.fixture
def folder(tmp_path):
    """A folder with ten images in two subfolders, as NVIDIA's tools make them."""
    for i, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (20 * i,) * 3).save(tmp_path / name)
    return tmp_path


def write(folder, labels, **more):
    (folder / "dataset.json").write_text(json.dumps({"labels": labels} | more))


def test_labels_are_numbers_and_chunks_are_no_classes(folder):
    write(folder, [[name, (i * 3) % 7] for i, name in enumerate(NAMES)], xflip=False)
    labels = read_folder(folder, 8).labels
    assert labels.groups == {"class": tuple("0123456")}
    assert labels.values[:, 0].tolist() == [(i * 3) % 7 for i in range(10)]


def test_a_number_that_no_image_has_keeps_its_place(folder):
    write(folder, [[name, 3 * (i % 2)] for i, name in enumerate(NAMES)])
    assert read_folder(folder, 8).labels.groups == {"class": ("0", "1", "2", "3")}


def test_labels_stay_with_their_images_where_others_are_left_out(folder):
    write(folder, [[name, i] for i, name in reversed(list(enumerate(NAMES)))])
    (folder / NAMES[3]).write_bytes(b"damaged")
    labels = read_folder(folder, 8).labels
    assert labels.sizes == (10,)
    assert labels.values[:, 0].tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("content", [{"labels": None}, {}, {"labels": [[name, 2] for name in NAMES]}])
def test_chunks_are_no_classes_where_there_are_no_labels(folder, content):
    (folder / "dataset.json").write_text(json.dumps(content))
    images = read_folder(folder, 8)
    assert images.labels is None
    assert images.notes == ()


def test_a_file_of_our_own_goes_before(folder):
    write(folder, [])
    groups = {"mood": ["glad", "sad"]}
    (folder / "labels.json").write_text(json.dumps({"groups": groups, "labels": {NAMES[0]: {"mood": "sad"}}}))
    assert read_folder(folder, 8).labels.groups == {"mood": ("glad", "sad")}


ALL = [[name, i % 2] for i, name in enumerate(NAMES)]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (ALL[:-2], f"no label for 2 of the 10 images ({NAMES[8]}, {NAMES[9]})."),
        ([], "no label for 10 of the 10 images"),
        ([*ALL, ["00002/gone.png", 1]], "1 of the files that dataset.json names could not be found (00002/gone.png)."),
        ([*ALL, ["/etc/passwd", 1]], "could not be found (/etc/passwd)"),
        ([*ALL, ["\x1b[31m", 1]], "could not be found"),
        ([*ALL, ALL[0]], "more than one label"),
        ([[name, -1] for name in NAMES], "an error at labels > 0 > 1: Input should be greater than or equal to 0."),
        ([[name, 0.5] for name in NAMES], "labels > 0 > 1: Input should be a valid integer"),
        ([[name, True] for name in NAMES], "labels > 0 > 1: Input should be a valid integer"),
        ([[name, "1"] for name in NAMES], "labels > 0 > 1: Input should be a valid integer"),
        ([[name, [0.1, 0.9]] for name in NAMES], "labels > 0 > 1: Input should be a valid integer"),
        ([[name, 10**9] for name in NAMES], "labels > 0 > 1: Input should be less than"),
        ([[name] for name in NAMES], "labels > 0"),
        (NAMES, "labels > 0"),
        ({"a": 1}, "labels"),
    ],
)
def test_what_is_wrong_is_told_before_any_image_is_read(folder, monkeypatch, labels, told):
    write(folder, labels)
    monkeypatch.setattr(data, "read_picture", None)
    with pytest.raises(DataError) as caught:
        read_folder(folder, 8)
    assert "dataset.json" in str(caught.value)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 10_000, "\xff"])
def test_a_file_that_holds_no_labels_is_refused(folder, text):
    (folder / "dataset.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"^dataset\.json has an error"):
        read_folder(folder, 8)


@pytest.mark.parametrize("name", ["dataset.json", "labels.json"])
def test_a_file_that_is_too_large_is_not_parsed(folder, monkeypatch, name):
    monkeypatch.setattr(label_files, "MAX_BYTES", 2**20)
    (folder / name).write_bytes(b" " * 2**20 + b"{}")
    with pytest.raises(DataError, match="the limit is 1 MiB"):
        read_folder(folder, 8)
