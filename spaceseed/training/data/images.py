r"""Training images: a folder of pictures, read once and resized to one size, with their labels.

    images = read_folder("photos", 64)
    print(*images.notes, sep="\n")                  # which files were left out, and why
    real, labels = images.batch(rows, 64)

Labels are optional. Each subfolder is a class, unless the folder has a label file. `labels.json` has groups of labels:

    {"groups": {"hair": ["short", "long"], "mood": ["glad", "sad"]},
     "labels": {"anna.png": {"hair": "long", "mood": "glad"}, "other/ben.png": {"hair": "short"}}}

`dataset.json`, the format of NVIDIA's tools, has the number of each image's class, or null if there are no classes:

    {"labels": [["00000/img00000000.png", 6], ["00000/img00000001.png", 9]]}
"""

import os
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, DataError
from spaceseed.images import from_uint8
from spaceseed.training.data.label_files import LABELS, labels_by_subfolder, read_label_file
from spaceseed.training.data.labels import UNLABELLED, Labels, some_of
from spaceseed.training.data.pictures import find_pictures, read_picture
from spaceseed.untrusted import clean_text

MIN_IMAGES = 8


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size, in memory: 12 kB each at 64 pixels.

    Attributes:
        images: uint8 [n, R, R, 3].
        labels: labels of the n images, or None.
        notes: sentences about images that were left out or changed.
    """

    images: NDArray[np.uint8]
    labels: Labels | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Tensor, resolution: int) -> tuple[Tensor, Tensor | None]:
        """Returns some of the images, downsampled by averaging.

        Args:
            rows: int64 [k], indices of the images.
            resolution: side of the result, which must divide R.

        Returns:
            float32 [k, 3, resolution, resolution] in [-1, 1], and the label vectors [k, num_classes] or None; on the
            CPU.

        Raises:
            ArgumentError: resolution does not divide R.
        """
        side = self.images.shape[1]
        if resolution < 1 or side % resolution:
            raise ArgumentError("resolution", resolution, f"a divisor of the images' side, {side}")
        images = F.avg_pool2d(from_uint8(self.images[rows.cpu().numpy()]), side // resolution)
        return images, None if self.labels is None else self.labels.vectors(rows)

    def mirrored(self) -> Self:
        """Returns all images, followed by all images flipped left to right. Use it if left and right are equivalent."""
        images = np.concatenate([self.images, self.images[:, :, ::-1]])
        labels = self.labels and Labels(self.labels.groups, np.tile(self.labels.values, (2, 1)))
        return type(self)(images, labels, self.notes)


def read_folder(folder: str | Path, resolution: int, progress: Progress = lambda _: None) -> ImageSet:
    """Reads the PNG, JPEG and WebP images in a folder and its subfolders, in the order of their paths.

    Each image is rotated as its EXIF data say, put on white if transparent, cropped to the central square and resized
    with a Lanczos filter. Images that cannot be read, are too small or too large are left out; `notes` lists them.

    Args:
        folder: folder of the images. The module's docstring describes labels.
        resolution: side of the result in pixels.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Raises:
        ArgumentError: folder is not a path, or resolution is not a positive integer.
        DataError: there is no such folder, it has too few usable images, or its labels are wrong.
    """
    check_type("folder", folder, (str, os.PathLike), "the path of a folder")
    folder = Path(folder)
    check_integer("resolution", resolution, 1)
    if not folder.is_dir():
        raise DataError(f"{_clean(folder)} is not a folder.")
    files, others, links = find_pictures(folder)
    if not files:
        raise DataError(f"There are no PNG, JPEG or WebP images in {_clean(folder)}.")
    stated = read_label_file(folder, files)
    images, kept, remarks = _read_all(folder, files, resolution, progress)
    notes = [f"{len(names)} of {len(files)} images {remark} ({some_of(names)})" for remark, names in remarks.items()]
    if len(kept) < MIN_IMAGES:
        found = f"{len(kept)} of {len(files)} images in {_clean(folder)} can be used, but {MIN_IMAGES} are needed"
        raise DataError("; ".join([found, *notes]) + ".")
    if others:
        notes.append(f"{len(others)} of the files had a format other than PNG, JPEG and WebP ({some_of(others)})")
    if links:
        notes.append(f"{len(links)} of the folders were links, which are not followed ({some_of(links)})")
    if stated and (absent := stated.absent(files)):
        notes.append(f"{len(absent)} of the files that {LABELS} names could not be found ({some_of(absent)})")
    labels = stated.labels(kept) if stated else labels_by_subfolder(kept)
    if labels and (unlabelled := [kept[i] for i in np.flatnonzero((labels.values == UNLABELLED).all(axis=1))]):
        notes.append(f"{len(unlabelled)} of {len(files)} images had no label ({some_of(unlabelled)})")
    return ImageSet(images, labels, tuple(f"{note}." for note in notes))


def _read_all(
    folder: Path, files: list[str], resolution: int, progress: Progress
) -> tuple[NDArray[np.uint8], list[str], dict[str, list[str]]]:
    """Returns the usable images, their names, and for each remark the names of its images."""
    images = np.empty((len(files), resolution, resolution, 3), np.uint8)
    kept: list[str] = []
    remarks = defaultdict[str, list[str]](list)
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # a picture's defects become remarks
        try:
            pictures = pool.map(lambda name: read_picture(folder / name, resolution), files)
            for i, (name, picture) in enumerate(zip(files, pictures, strict=True)):
                if picture.remark:
                    remarks[picture.remark].append(name)
                if picture.pixels is not None:
                    images[len(kept)] = picture.pixels
                    kept.append(name)
                progress((i + 1) / len(files))
        finally:
            pool.shutdown(cancel_futures=True)  # so that an interruption need not wait for all files
    return images[: len(kept)], kept, remarks


def _clean(folder: Path) -> str:
    return clean_text(str(folder), 200)
