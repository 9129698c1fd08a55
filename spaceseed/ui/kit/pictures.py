"""Pictures on their way to the browser: small, and as JPEG."""

import base64
import io
from functools import partial
from pathlib import Path
from typing import IO

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import to_pil
from spaceseed.ui.kit.files import served

MAX_SIDE = 512  # pixels; galleries show no more


@torch.no_grad()
def thumbnail(images: Tensor) -> Tensor:
    """Returns images [N, 3, H, W], made smaller where a side is above 512 pixels."""
    scale = MAX_SIDE / max(images.shape[-2:])
    if scale >= 1:
        return images
    return F.interpolate(images.clamp(-1, 1), scale_factor=scale, mode="bicubic", antialias=True)


def jpegs(images: Tensor) -> list[str]:
    """Saves images [N, 3, H, W], nominally in [-1, 1], where the browser can fetch them, 512 pixels wide at most.

    Returns:
        paths, which `gr.Image` and `gr.Gallery` take as they are. Equal pixels have equal paths.
    """
    return [served(_name(picture), partial(_encode, picture)) for picture in to_pil(thumbnail(images))]


def data_url(images: Tensor) -> str:
    """Returns an image [1, 3, H, W] as an address that holds its bytes.

    Sliders draw many that nobody looks at again; this way they leave no files, and the browser need not come back to
    fetch them.
    """
    [picture], file = to_pil(thumbnail(images)), io.BytesIO()
    _encode(picture, file)
    return f"data:image/jpeg;name={_name(picture)};base64,{base64.b64encode(file.getvalue()).decode()}"


def _name(picture: Image.Image) -> str:
    """Returns a file name that says how wide a picture is: the style sheet reads there which are shown enlarged."""
    return f"{picture.width}px.jpg"


def _encode(picture: Image.Image, file: Path | IO[bytes]) -> None:
    # Without subsampling: flat art shows every halved colour.
    picture.save(file, format="JPEG", quality=92, subsampling=0)
