import os
from pathlib import Path
from urllib.request import urlopen

import pytest
import torch

from spaceseed.ui.kit.files import still_served
from spaceseed.ui.kit.pictures import jpegs


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


def test_a_file_that_is_there_is_not_written_again():
    image = torch.zeros(1, 3, 8, 8)
    [picture] = jpegs(image)
    path = picture.path
    before = Path(path).stat()
    assert jpegs(image) == [picture]
    assert picture.path == path
    after = Path(path).stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_what_is_shown_again_counts_as_new():
    """Gradio clears old files away by the time of their last change; a picture on a page must outlive that."""
    [picture] = jpegs(torch.zeros(1, 3, 8, 8))
    path = picture.path
    day = 86_400
    os.utime(path, (0, 0))
    assert still_served(path)
    assert Path(path).stat().st_mtime > day
    os.utime(path, (0, 0))
    assert picture.path == path
    assert Path(path).stat().st_mtime > day


def test_an_address_holds_the_bytes_of_the_file():
    image = torch.linspace(-1, 1, 3 * 8 * 8).view(1, 3, 8, 8)
    [picture] = jpegs(image)
    with urlopen(picture.url) as answer:
        assert answer.read() == Path(picture.path).read_bytes() == picture.data


@pytest.mark.parametrize(("side", "shown"), [(64, 64), (512, 512), (1024, 512)])
def test_a_name_says_how_wide_a_picture_is(side, shown):
    [picture] = jpegs(torch.zeros(1, 3, side, side))
    assert Path(picture.path).name == f"{shown}px.jpg"
    assert f";name={shown}px.jpg;" in picture.url
