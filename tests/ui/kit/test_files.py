import importlib.util
import os
import threading
from pathlib import Path

import pytest

from spaceseed.ui.kit import files as here
from spaceseed.ui.kit.files import forget, hold, press, served


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
    spec = importlib.util.find_spec("spaceseed.ui.kit.files")
    other = importlib.util.module_from_spec(spec)  # as another process imports it
    spec.loader.exec_module(other)
    mine, theirs = (files.served("find.json", lambda path: path.write_text("{}")) for files in (here, other))
    Path(theirs).unlink()
    assert Path(mine).is_file()


def test_an_upload_is_forgotten_and_nothing_else(tmp_path):
    upload, other = tmp_path / "cache" / "ab" / "me.png", tmp_path / "mine.png"
    upload.parent.mkdir(parents=True)
    own = Path(served("image.jpg", lambda path: path.write_bytes(b"data")))
    for path in (upload, other):
        path.write_bytes(b"data")
    for path in (upload, other, own, upload):
        forget(str(path))
    assert not upload.parent.exists()
    assert other.exists()
    assert own.exists()


def test_a_held_upload_stays_when_the_same_picture_is_forgotten_elsewhere(tmp_path):
    upload = tmp_path / "cache" / "ab" / "me.png"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"data")
    held = Path(hold(str(upload)))
    for path in (upload, held):
        forget(str(path))
    assert (held.name, held.read_bytes(), upload.exists()) == ("me.png", b"data", False)


def test_the_script_presses_the_button_of_this_id():
    assert 'querySelector("#finds-zip a, #finds-zip")' in press("finds-zip")
