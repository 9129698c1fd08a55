"""Every picture becomes a square in RGB, or a remark, and never an exception."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from spaceseed.training.data.pictures import find_pictures, read_picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def scene(height=40, width=60):
    """Returns uint8 [height, width, 3]: smooth, and different at every pixel."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=2).astype(np.uint8)


def read(image, folder, resolution=8, name="picture.png", **options):
    image.save(folder / name, **options)
    return read_picture(folder / name, resolution)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_a_picture_of_the_wanted_size_stays_as_it_is(tmp_path, name):
    pixels = scene(16, 16)
    picture = read(Image.fromarray(pixels), tmp_path, 16, name, **({"lossless": True} if name == "a.webp" else {}))
    assert np.array_equal(picture.pixels, pixels)
    assert picture.remark == ""


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp"])
@pytest.mark.parametrize("size", [(40, 60), (60, 40), (400, 601)])
def test_the_square_in_the_middle_is_made_smaller_without_aliasing(tmp_path, name, size):
    pixels = scene(*size)
    side, (top, left) = min(size), ((s - min(size)) // 2 for s in size)
    middle = Image.fromarray(pixels[top : top + side, left : left + side])
    picture = read(Image.fromarray(pixels), tmp_path, 20, name)
    expected = np.asarray(middle.resize((20, 20), Image.Resampling.BOX)).astype(int)
    assert picture.pixels.shape == (20, 20, 3)
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels - expected)[..., :2].mean() < 4


def test_fine_checks_become_their_mean(tmp_path):
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    picture = read(Image.fromarray(checks.astype(np.uint8)), tmp_path)
    assert np.abs(picture.pixels.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_pictures_are_turned_upright(tmp_path, orientation, name):
    upright = np.zeros((16, 16, 3), np.uint8)
    upright[:8, :8], upright[:8, 8:], upright[8:, :8] = RED, GREEN, BLUE
    turned = {  # how a camera with this orientation stores it
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright),
        7: upright.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(Image.fromarray(np.ascontiguousarray(turned)), tmp_path, 16, name, exif=exif, quality=100)
    assert np.abs(picture.pixels[2:6, 2:6].astype(int) - RED).max() < 40
    assert np.abs(picture.pixels[2:6, 10:14].astype(int) - GREEN).max() < 40
    assert np.abs(picture.pixels[10:14, 2:6].astype(int) - BLUE).max() < 40


@pytest.mark.parametrize(("name", "exif"), [("a.jpg", b"Exif\0\0nonsense"), ("a.png", b"nonsense")])
def test_a_damaged_orientation_does_not_spoil_the_picture(tmp_path, name, exif):
    picture = read(Image.new("RGB", (9, 9), RED), tmp_path, name=name, exif=exif)
    assert np.abs(picture.pixels.astype(int) - RED).max() < 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_any_mode_becomes_rgb(tmp_path, mode):
    grey = np.linspace(0, 255, 256).reshape(16, 16).round().astype(np.uint8)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    name = "a.jpg" if mode in ("CMYK", "YCbCr") else "a.png"
    picture = read(image, tmp_path, 16, name)
    assert picture.pixels.shape == (16, 16, 3)
    assert picture.remark == ""
    assert picture.pixels[0].max() < 20
    assert picture.pixels[-1].min() > 235
    if mode != "1":
        assert np.abs(picture.pixels[8].astype(int) - np.linspace(128, 143, 16)[:, None]).max() < 8


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparent_parts_become_white(tmp_path, mode):
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 255))
    image.paste((90, 90, 90, 0), (0, 0, 8, 16))
    options = {}
    if mode in ("P", "RGB"):  # one colour is marked as transparent
        image = Image.new("RGB", (16, 16), "black")
        image.paste((90, 90, 90), (0, 0, 8, 16))
        image = image.quantize(2) if mode == "P" else image
        options = {"transparency": image.getpixel((0, 0))}
    picture = read(image.convert(mode), tmp_path, 16, **options)
    assert (picture.pixels[:, :8] == 255).all()
    assert (picture.pixels[:, 8:] == 0).all()
    assert "white" in picture.remark


def test_half_transparent_parts_are_mixed_with_white(tmp_path):
    picture = read(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), tmp_path)
    assert np.abs(picture.pixels.astype(int) - 127).max() <= 1


def test_an_alpha_channel_that_hides_nothing_is_not_worth_a_remark(tmp_path):
    assert read(Image.new("RGBA", (8, 8), RED), tmp_path).remark == ""


def test_of_moving_pictures_the_first_counts(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    picture = read(frames[0], tmp_path, name="a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert (picture.pixels == RED).all()


@pytest.mark.parametrize("size", [(7, 100), (100, 7)])
def test_pictures_are_not_enlarged(tmp_path, size):
    picture = read(Image.new("RGB", size), tmp_path)
    assert picture.pixels is None
    assert "below 8 pixels" in picture.remark


def png(width, height):
    """Returns a small PNG whose header says that it is large."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_gigantic_pictures_are_not_unpacked(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png(side, side))
    picture = read_picture(tmp_path / "bomb.png", 8)
    assert picture.pixels is None
    assert "too many pixels" in picture.remark


def test_a_suffix_may_be_wrong(tmp_path):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a", format="png")
    (tmp_path / "a").rename(tmp_path / "a.jpg")
    assert (read_picture(tmp_path / "a.jpg", 8).pixels == RED).all()
    Image.new("RGB", (8, 8), RED).save(tmp_path / "b", format="gif")
    (tmp_path / "b").rename(tmp_path / "b.png")
    assert read_picture(tmp_path / "b.png", 8).pixels is None


@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP"]),
    cut=st.floats(0, 1),
    noise=st.lists(st.integers(0, 2**31), max_size=3),
)
def test_damaged_bytes_never_raise(tmp_path_factory, kind, cut, noise):
    file = io.BytesIO()
    Image.fromarray(scene(24, 24)).save(file, kind)
    data = bytearray(file.getvalue())
    data = data[: max(1, round(cut * len(data)))]
    for number in noise:
        data[number % len(data)] ^= 1 + number // len(data) % 255
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    picture = read_picture(path, 8)
    assert picture.pixels is None or picture.pixels.shape == (8, 8, 3)
    if cut < 0.5:
        assert "could not be read" in picture.remark


def test_a_file_that_is_gone_could_not_be_read(tmp_path):
    assert "could not be read" in read_picture(tmp_path / "gone.png", 8).remark


def test_pictures_are_found_sorted_without_hidden_files(tmp_path):
    names = ("b.png", "a.JPG", "sub/deep/c.webp", "sub/d.jpeg", "e.jfif", "x.heic", "notes.txt", ".e.png", ".git/f.png")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    pictures = ["a.JPG", "b.png", "e.jfif", "sub/d.jpeg", "sub/deep/c.webp"]
    assert find_pictures(tmp_path) == (pictures, ["x.heic"], [])


def test_links_to_files_are_pictures_and_links_to_folders_are_told(tmp_path):
    """As in the Hub's cache, where every file is a link to a file without suffix outside the folder."""
    cats, blobs = tmp_path / "snapshot/cats", tmp_path / "blobs"
    cats.mkdir(parents=True)
    blobs.mkdir()
    Image.new("RGB", (8, 8), RED).save(blobs / "9f86d081", format="png")
    (cats / "a.png").symlink_to("../../blobs/9f86d081")
    (cats / "gone.png").symlink_to("../../blobs/60303ae2")
    (cats / "loop.png").symlink_to("loop.png")
    (cats / "up").symlink_to("..", target_is_directory=True)
    (cats / "blobs.png").symlink_to(blobs, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    (cats / "pipe.png").symlink_to(tmp_path / "pipe")
    found = find_pictures(tmp_path / "snapshot")
    assert found.pictures == ["cats/a.png", "cats/gone.png", "cats/loop.png"]
    assert found.links == ["cats/blobs.png", "cats/up"]
    read = [read_picture(tmp_path / "snapshot" / name, 8) for name in found.pictures]
    assert (read[0].pixels == RED).all()
    assert all("could not be read" in picture.remark for picture in read[1:])
