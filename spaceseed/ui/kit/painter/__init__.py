"""A picture to paint over with a brush. What was painted is told; the picture itself becomes no file anywhere."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spaceseed.ui.kit.templates import read

HERE = Path(__file__).parent
PNG = "data:image/png;base64,"
MAX_CHARACTERS, MAX_SIDE = 400_000, 1024


@dataclass(frozen=True)
class Canvas:
    """A picture to paint over.

    Attributes:
        address: of the picture, such as `Jpeg.url`.
        width, height: of what is told of the painting, in pixels.
    """

    address: str
    width: int
    height: int


class Painter(gr.HTML):
    """A picture that can be painted over; its value is a `Canvas`, and None for nothing.

    As an input its value is where it was painted over, bool [height, width]; None if nowhere. Event `paint` follows
    each stroke.

    Args:
        title: what the picture is.
        keeps: whether strokes stay, and are told together. Else each is told alone, and shown until another picture
            answers it.
        **options: of `gr.HTML`.
    """

    def __init__(self, title: str, *, keeps: bool = True, **options: Any) -> None:
        super().__init__(
            html_template=read(HERE / "template.html", TITLE=title, KEEPS=keeps),
            css_template=read(HERE / "style.css"),
            js_on_load=read(HERE / "script.js", KEEPS=keeps),
            apply_default_css=False,
            padding=False,
            **options,
        )

    def postprocess(self, value: Canvas | None) -> dict[str, Any]:  # type: ignore[override]
        return {} if value is None else {"image": value.address, "width": value.width, "height": value.height}

    def preprocess(self, payload: Any) -> NDArray[np.bool_] | None:  # type: ignore[override]
        painted = payload.get("painted") if isinstance(payload, dict) else None
        if not isinstance(painted, str) or not painted.startswith(PNG) or len(painted) > MAX_CHARACTERS:
            return None
        try:
            with Image.open(io.BytesIO(base64.b64decode(painted[len(PNG) :])), formats=["PNG"]) as picture:
                if max(picture.size) > MAX_SIDE:
                    return None
                return np.asarray(picture.convert("RGBA").getchannel("A")) > 127
        except (OSError, SyntaxError, ValueError):  # what a browser sends is not to be trusted
            return None

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "{'painted': address of a PNG}"}
