"""Pictures on their way to the browser: small, and as JPEG."""

import base64
import io
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import to_pil
from spaceseed.ui.kit.files import served

MAX_SIDE = 512  # pixels; galleries show no more


@torch.no_grad()
def thumbnail(images: Tensor, side: int | None = None) -> Tensor:
    """Returns images [N, 3, H, W], made smaller where a side is longer than `side` pixels, or 512 if it is None."""
    scale = (side or MAX_SIDE) / max(images.shape[-2:])
    if scale >= 1:
        return images
    return F.interpolate(images.clamp(-1, 1), scale_factor=scale, mode="bicubic", antialias=True)


class Jpeg(NamedTuple):
    """A picture as the bytes of a JPEG file, and its width in pixels."""

    width: int
    data: bytes

    @property
    def path(self) -> str:
        """Where the browser can fetch it, as `gr.Image` and `gr.Gallery` take it. Equal bytes have equal paths."""
        return served(self._name, lambda path: path.write_bytes(self.data))

    @property
    def url(self) -> str:
        """An address that holds its bytes.

        Sliders draw many that nobody looks at again; this way they leave no files, and the browser need not come back
        to fetch them.
        """
        return f"data:image/jpeg;name={self._name};base64,{base64.b64encode(self.data).decode()}"

    @property
    def _name(self) -> str:
        """A file name that says how wide it is: the style sheet reads there which pictures are shown enlarged."""
        return f"{self.width}px.jpg"


def jpegs(images: Tensor, side: int | None = None) -> list[Jpeg]:
    """Returns images [N, 3, H, W] on any device as JPEG, no larger than `thumbnail` makes them."""
    return [_encoded(picture) for picture in to_pil(thumbnail(images, side))]


def jpeg(pixels: NDArray[np.uint8]) -> Jpeg:
    """Returns pixels [H, W, 3] as JPEG."""
    return _encoded(Image.fromarray(pixels))


def _encoded(picture: Image.Image) -> Jpeg:
    file = io.BytesIO()
    # Without subsampling: flat art shows every halved colour.
    picture.save(file, format="JPEG", quality=92, subsampling=0)
    return Jpeg(picture.width, file.getvalue())
