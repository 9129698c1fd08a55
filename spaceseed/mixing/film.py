"""Films as MP4 or GIF.

Example::

    frames = (image for part in walk(G, finds, 96).split(8) for image in G.synthesize(part))
    write_film(frames, "walk.mp4", fps=24)
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from spaceseed.arguments import check_number, check_type
from spaceseed.errors import ArgumentError
from spaceseed.images import to_uint8

SUFFIXES = (".mp4", ".gif")
MAX_FPS = 60
# Players enlarge small films badly, so films are enlarged here. GIFs of large frames would have hundreds of megabytes.
MIN_SIDE = 256
MAX_GIF_SIDE = 512


def write_film(frames: Iterable[Tensor], path: str | Path, fps: int = 24) -> None:
    """Writes a film that plays in every browser. A GIF repeats endlessly.

    Args:
        frames: images [3, H, W] in [-1, 1], all of one size. If they raise an exception, the file is removed.
        path: ends in .mp4 or .gif.
        fps: frames per second, 1 to 60. In a GIF the duration of a frame is rounded to hundredths of a second.

    Raises:
        ArgumentError: the suffix is another one, fps is out of range, or there are no frames.
    """
    check_type("path", path, (str, Path), "the path of a file")
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ArgumentError("path", path.name, f"a name that ends in {' or '.join(SUFFIXES)}")
    check_number("fps", fps, 1, MAX_FPS)
    longest = MAX_GIF_SIDE if suffix == ".gif" else None
    try:
        pictures = (_scaled(frame, longest) for frame in frames)
        first = next(pictures, None)
        if first is None:
            raise ArgumentError("frames", 0, "one or more")
        (_write_gif if suffix == ".gif" else _write_mp4)(first, pictures, path, fps)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write_gif(first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]], path: Path, fps: int) -> None:
    others = (Image.fromarray(picture) for picture in rest)
    Image.fromarray(first).save(path, save_all=True, append_images=others, duration=1000 / fps, loop=0)


def _write_mp4(first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]], path: Path, fps: int) -> None:
    # Browsers and phones play yuv420p, which needs even sides.
    writer = imageio_ffmpeg.write_frames(
        str(path), first.shape[1::-1], fps=fps, codec="libx264", pix_fmt_out="yuv420p", quality=8, macro_block_size=2
    )
    writer.send(None)
    try:
        for picture in chain([first], rest):
            writer.send(picture)
    finally:
        writer.close()


def _scaled(frame: Tensor, longest: int | None) -> NDArray[np.uint8]:
    pixels = to_uint8(frame[None])[0]
    side = max(pixels.shape[:2])
    scale = max(1, -(-MIN_SIDE // side)) if longest is None or side <= longest else longest / side
    if scale == 1:
        return pixels
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
