import imageio_ffmpeg
import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from spaceseed.errors import ArgumentError
from spaceseed.mixing.film import write_film


def fading(count=6, side=32):
    """Returns frames that fade from black to white."""
    return [torch.full((3, side, side), 2 * i / (count - 1) - 1.0) for i in range(count)]


def read(path):
    """Returns the frames of a film, [H, W, 3] each."""
    if path.suffix.lower() == ".gif":
        with Image.open(path) as film:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    frames = imageio_ffmpeg.read_frames(str(path))
    width, height = next(frames)["size"]
    return [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in frames]


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "FILM.GIF"])
def test_the_frames_come_back_in_order(tmp_path, name):
    write_film(fading(), tmp_path / name, fps=10)
    brightness = [frame.mean() for frame in read(tmp_path / name)]
    assert len(brightness) == 6
    np.testing.assert_allclose(brightness, np.linspace(0, 255, 6), atol=6)


def test_small_frames_are_enlarged_and_large_gifs_reduced(tmp_path):
    write_film(fading(2, side=64), tmp_path / "small.mp4")
    assert read(tmp_path / "small.mp4")[0].shape[:2] == (256, 256)
    write_film(fading(2, side=600), tmp_path / "large.gif")
    assert read(tmp_path / "large.gif")[0].shape[:2] == (512, 512)
    write_film(fading(2, side=600), tmp_path / "large.mp4")
    assert read(tmp_path / "large.mp4")[0].shape[:2] == (600, 600)


def test_a_gif_repeats_at_its_pace(tmp_path):
    write_film(fading(3), tmp_path / "film.gif", fps=10)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.info["loop"] == 0
        assert film.info["duration"] == 100


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_cut_short_leaves_no_file(tmp_path, suffix):
    def cut():
        yield from fading()
        raise KeyboardInterrupt

    path = tmp_path / f"film{suffix}"
    with pytest.raises(KeyboardInterrupt):
        write_film(cut(), path)
    with pytest.raises(ArgumentError, match="frames"):
        write_film([], path)
    assert not path.exists()


@pytest.mark.parametrize(("name", "fps"), [("film.avi", 24), ("film", 24), ("film.mp4", 0), ("film.gif", 61)])
def test_faults_are_named(tmp_path, name, fps):
    with pytest.raises(ArgumentError):
        write_film(fading(), tmp_path / name, fps=fps)
    assert not list(tmp_path.iterdir())


def test_swapped_arguments_are_named(tmp_path):
    with pytest.raises(ArgumentError, match="path"):
        write_film(tmp_path / "film.mp4", fading())
    with pytest.raises(ArgumentError, match="fps"):
        write_film(fading(), tmp_path / "film.mp4", fps="24")
