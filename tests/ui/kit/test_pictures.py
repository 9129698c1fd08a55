import importlib.util
import os
import threading
from pathlib import Path

import pytest
import torch

from spaceseed.ui.kit.pictures import jpegs, served, still_served
from spaceseed.ui.state.thumbnails import picture_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


def test_a_file_is_complete_whenever_it_can_be_read():
    """A busy server draws the same picture for one visitor while another's browser fetches it."""
    data, ended, sizes = os.urandom(4_000_000), threading.Event(), set()
    path = Path(served("image.jpg", lambda path: path.write_bytes(data)))

    def fetch() -> None:
        while not ended.is_set():
            sizes.add(len(path.read_bytes()))

    browser = threading.Thread(target=fetch)
    browser.start()
    for _ in range(30):
        assert served("image.jpg", lambda path: path.write_bytes(data)) == str(path)
    ended.set()
    browser.join()
    assert sizes == {len(data)}


def test_a_file_that_is_there_is_not_written_again():
    image = torch.zeros(1, 3, 8, 8)
    [path] = jpegs(image)
    before = Path(path).stat()
    assert jpegs(image) == [path]
    after = Path(path).stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_nothing_but_the_file_lies_in_its_folder():
    path = Path(served("find.json", lambda path: path.write_text("{}")))
    assert [file.name for file in path.parent.iterdir()] == ["find.json"]


def test_a_write_that_fails_leaves_nothing(tmp_path):
    def write(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        served("find.json", write)
    assert not list(tmp_path.rglob("find.json"))


def test_another_app_on_this_machine_has_files_of_its_own():
    """An app deletes what it has served when it ends, and two may show the same picture."""
    spec = importlib.util.find_spec("spaceseed.ui.kit.pictures")
    other = importlib.util.module_from_spec(spec)  # as another process imports it
    spec.loader.exec_module(other)
    image = torch.zeros(1, 3, 8, 8)
    [mine], [theirs] = jpegs(image), other.jpegs(image)
    Path(theirs).unlink()
    assert Path(mine).is_file()


def test_what_is_shown_again_counts_as_new():
    """Gradio clears old files away by the time of their last change; a picture on a page must outlive that."""
    [path] = jpegs(torch.zeros(1, 3, 8, 8))
    day = 86_400
    os.utime(path, (0, 0))
    assert still_served(path)
    assert Path(path).stat().st_mtime > day
    os.utime(path, (0, 0))
    assert jpegs(torch.zeros(1, 3, 8, 8)) == [path]
    assert Path(path).stat().st_mtime > day


def test_what_was_cleared_away_is_not_served(session):
    [path] = jpegs(torch.zeros(1, 3, 8, 8))
    session.remember("a find", path)
    assert picture_of(session, "a find") == path
    Path(path).unlink()
    assert picture_of(session, "a find") is None
