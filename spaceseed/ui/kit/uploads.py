"""Pictures that visitors bring along. They are opened when they are used, and nothing in them is trusted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spaceseed.images import from_uint8
from spaceseed.pictures import MAX_PIXELS, PictureError, read_picture, read_square

MAX_BYTES = 32 * 10**6
SIDE = 512  # pixels; more than any judge looks at

T = TypeVar("T")


class Image(gr.Image):
    """A place for a picture, whose value is the path of the file as it was uploaded.

    The browser finds a component's code by the name of its class, so the name must stay that of Gradio.
    """

    def preprocess(self, payload: Any) -> str | None:
        return payload.path if payload is not None else None


def read_upload(path: str) -> Tensor:
    """Returns the square in the middle of a picture, upright and on white, [1, 3, side, side] in [-1, 1].

    Raises:
        ValueError: it cannot be used; the message is a sentence for the visitor.
    """
    return _read(path, lambda file: from_uint8(read_square(file, SIDE).pixels[None]))


def read_whole(path: str, longest: int) -> NDArray[np.uint8]:
    """Returns a whole picture, upright and on white, [H, W, 3]; it is made smaller if a side is too long.

    Args:
        path: of the file.
        longest: longest side of the result in pixels.

    Raises:
        ValueError: it cannot be used; the message is a sentence for the visitor.
    """
    return _read(path, lambda file: read_picture(file, longest))


def _read(path: str, read: Callable[[Path], T]) -> T:
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise PictureError(f"had more than {MAX_BYTES // 10**6} MB")
        return read(Path(path))
    except (OSError, PictureError) as error:
        reason = error if isinstance(error, PictureError) else "could not be read"
        usable = f"PNG, JPEG and WebP files of up to {MAX_PIXELS // 10**6} million pixels can be used"
        raise ValueError(f"Your picture {reason}: {usable}.") from error
