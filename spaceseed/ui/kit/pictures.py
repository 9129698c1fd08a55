"""Pictures, and other files, on their way to the browser."""

import os
import tempfile
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from gradio.data_classes import FileData, FileDataDict
from gradio.processing_utils import hash_file
from gradio.utils import get_upload_folder
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import to_pil

MAX_SIDE = 512  # pixels; galleries show no more
JPEG: dict[str, Any] = {"format": "JPEG", "quality": 92, "subsampling": 0}  # flat art shows every halved colour
# Of this process alone: an app that ends deletes its files, and another one may show the same pictures.
FOLDER = uuid.uuid4().hex


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
    return [served("image.jpg", partial(picture.save, **JPEG)) for picture in to_pil(thumbnail(images))]


def served(name: str, write: Callable[[Path], object]) -> str:
    """Puts a file where the browser may fetch it, at an address that follows from its content.

    The file is complete as soon as its path exists, and is never changed: browsers may read it at any time.

    Args:
        name: of the file.
        write: writes it to the path that it is given, which ends in `name`.

    Returns:
        the file's path.
    """
    cache = Path(get_upload_folder()) / FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        draft = Path(folder) / name
        write(draft)
        # Not `save_file_to_cache`, which takes the vowels out of names in some scripts.
        path = cache / hash_file(draft) / name
        if not still_served(str(path)):
            path.parent.mkdir(exist_ok=True)
            draft.replace(path)
        return str(path)


def still_served(path: str | None) -> bool:
    """Whether a file that was served before is there yet; if so it is kept for as long as a new one."""
    try:
        os.utime(path or "")
    except FileNotFoundError:
        return False
    return True


def linked(path: str) -> FileDataDict:
    """A path as the value of a `gr.HTML` may hold it: on its way out Gradio adds a `url`."""
    return FileData(path=path).model_dump()  # type: ignore[return-value]
