"""Pictures, and other files, on their way to the browser."""

import io

import torch
from gradio.data_classes import FileData, FileDataDict
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import to_pil

MAX_SIDE = 512  # pixels; galleries show no more


@torch.no_grad()
def thumbnail(images: Tensor) -> Tensor:
    """Images [N, 3, H, W], made smaller where a side is above 512 pixels."""
    scale = MAX_SIDE / max(images.shape[-2:])
    if scale >= 1:
        return images
    return F.interpolate(images.clamp(-1, 1), scale_factor=scale, mode="bicubic", antialias=True)


def jpegs(images: Tensor) -> list[str]:
    """Saves images [N, 3, H, W], nominally in [-1, 1], where the browser can fetch them, 512 pixels wide at most.

    Returns:
        paths, which `gr.Image` and `gr.Gallery` take as they are. Equal pixels have equal paths.
    """
    paths = []
    for picture in to_pil(thumbnail(images)):
        file = io.BytesIO()
        picture.save(file, format="JPEG", quality=92, subsampling=0)  # flat art shows every halved colour
        paths.append(keep_file(file.getvalue(), "image.jpg"))
    return paths


def keep_file(data: bytes, name: str) -> str:
    """Writes a file where the browser may fetch it, at an address that follows from its bytes; returns its path."""
    return save_bytes_to_cache(data, name, get_upload_folder())


def linked(path: str) -> FileDataDict:
    """A path as the value of a `gr.HTML` may hold it: on its way out Gradio adds a `url`."""
    return FileData(path=path).model_dump()  # type: ignore[return-value]
