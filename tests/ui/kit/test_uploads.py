"""Pictures that visitors bring along become tensors, or a sentence."""

from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from spaceseed.ui.kit import uploads
from spaceseed.ui.kit.uploads import SIDE, read_upload, read_whole


def test_a_picture_becomes_a_tensor_of_its_middle(tmp_path):
    image = Image.new("RGBA", (900, 600), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (450, 0, 900, 600))
    image.save(tmp_path / "a.png")
    picture = read_upload(str(tmp_path / "a.png"))
    assert picture.shape == (1, 3, SIDE, SIDE)
    assert (picture[0, :, :, : SIDE // 2 - 8] == 1).all()
    assert torch.equal(picture[0, :, 0, -1], torch.tensor([1.0, -1.0, -1.0]))


def test_a_file_that_is_too_large_or_gone_is_refused_in_a_sentence(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"^Your picture could not be read: .*\.$"):
        read_upload(str(tmp_path / "gone.png"))
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match=r"^Your picture had more than 0 MB: .*\.$"):
        read_upload(str(tmp_path / "a.png"))


def test_a_whole_picture_keeps_its_shape(tmp_path):
    Image.new("RGB", (900, 600), "red").save(tmp_path / "a.png")
    assert read_whole(str(tmp_path / "a.png"), 300).shape == (200, 300, 3)
    with pytest.raises(ValueError, match=r"^Your picture could not be read: .*\.$"):
        read_whole(str(tmp_path / "gone.png"), 300)


def test_the_place_for_a_picture_passes_the_file_on_unopened(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    place = uploads.Image()
    assert place.preprocess(SimpleNamespace(path=str(tmp_path / "a.png"))) == str(tmp_path / "a.png")
    assert place.preprocess(None) is None
    assert place.get_block_name() == "image"
