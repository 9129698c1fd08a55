"""Pictures that visitors bring along. They are opened when they are used, and nothing in them is trusted."""

from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from spaceseed.images import from_uint8
from spaceseed.pictures import MAX_PIXELS, PictureError, read_square

MAX_BYTES = 32 * 10**6
SIDE = 512  # pixels; more than any judge looks at


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
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise PictureError(f"had more than {MAX_BYTES // 10**6} MB")
        return from_uint8(read_square(Path(path), SIDE).pixels[None])
    except (OSError, PictureError) as error:
        reason = error if isinstance(error, PictureError) else "could not be read"
        usable = f"PNG, JPEG and WebP files of up to {MAX_PIXELS // 10**6} million pixels can be used"
        raise ValueError(f"Your picture {reason}: {usable}.") from error
