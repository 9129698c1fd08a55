r"""Pictures to learn from: a folder of them, read once and brought to one size, and what their labels say.

    images = read_folder("photos", 64)
    print(*images.notes, sep="\n")                  # what was left out, and why
    real, labels = images.batch(rows, 64)

Labels are optional. Either each subfolder is a class; or a file `labels.json` beside the images has groups of them:

    {"groups": {"hair": ["short", "long"], "mood": ["glad", "sad"]},
     "labels": {"anna.png": {"hair": "long", "mood": "glad"}, "other/ben.png": {"hair": "short"}}}
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, DataError
from spaceseed.images import from_uint8
from spaceseed.recipe_fields import Line, clean_text
from spaceseed.training.pictures import careful_decoding, find_pictures, read_picture

LABELS = "labels.json"
MIN_IMAGES = 8
NAMED = 3  # files that a sentence names
UNSAID = -1

Name = Annotated[Line, Field(min_length=1)]


@dataclass(frozen=True, eq=False)
class Labels:
    """What images show, in groups of which an image has one value each.

    Attributes:
        groups: the names of each group's values.
        values: int64 [n, groups]: which of them each image has; -1 where that is not said.

    Raises:
        ArgumentError: values are not of this shape or range.
    """

    groups: dict[str, tuple[str, ...]]
    values: NDArray[np.int64]

    def __post_init__(self) -> None:
        sizes = np.array(self.sizes)
        if self.values.shape != (len(self.values), len(sizes)):
            raise ArgumentError("values", self.values.shape, f"of shape [n, {len(sizes)}]")
        if not ((self.values >= UNSAID) & (self.values < sizes)).all():
            raise ArgumentError("values", "numbers", f"from {UNSAID} to below {self.sizes}, the sizes of the groups")

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each group has."""
        return tuple(len(names) for names in self.groups.values())

    def vectors(self, rows: Tensor) -> Tensor:
        """One-hot vectors of the groups side by side, all zero where nothing is said.

        Args:
            rows: int64 [k], which images.

        Returns:
            float32 [k, num_classes] on the CPU, num_classes being the sum of the groups' sizes.
        """
        values = torch.from_numpy(self.values)[rows.cpu()]
        # One class more for "not said", whose column is then cut off.
        parts = [F.one_hot(values[:, i] - UNSAID, size + 1)[:, 1:] for i, size in enumerate(self.sizes)]
        return torch.cat(parts, dim=1).float()


def drop(vectors: Tensor, sizes: Sequence[int], probability: float, rng: torch.Generator) -> Tensor:
    """Unsays labels at random, some of an image's groups or all at once, so that groups may be left open later.

    Args:
        vectors: [N, num_classes] as from `Labels.vectors`.
        sizes: of the groups.
        probability: of all groups of an image together, and, where they stay, of each of them by itself; in [0, 1].
        rng: which labels go.

    Returns:
        [N, num_classes].
    """
    draws = torch.rand(len(vectors), 1 + len(sizes), generator=rng, device=rng.device).to(vectors.device)
    keep = (draws[:, :1] >= probability) & (draws[:, 1:] >= probability)
    return vectors * keep.repeat_interleave(torch.tensor(sizes, device=vectors.device), dim=1)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size, in memory: 12 kB each at 64 pixels.

    Attributes:
        images: uint8 [n, R, R, 3].
        labels: of the same n, or None.
        notes: sentences on what was left out or changed as they were read.
    """

    images: NDArray[np.uint8]
    labels: Labels | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Tensor, resolution: int) -> tuple[Tensor, Tensor | None]:
        """Some of the images, made smaller by averaging.

        Args:
            rows: int64 [k], which ones.
            resolution: side of the result, which must divide R.

        Returns:
            float32 [k, 3, resolution, resolution] in [-1, 1], and the labels' vectors [k, num_classes] or None; on the
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
        """Every image, and then every image flipped left to right, for things that have no left and right."""
        images = np.concatenate([self.images, self.images[:, :, ::-1]])
        labels = self.labels and Labels(self.labels.groups, np.tile(self.labels.values, (2, 1)))
        return type(self)(images, labels, self.notes)


class _LabelsFile(BaseModel):
    """`labels.json`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    groups: Annotated[dict[Name, Annotated[tuple[Name, ...], Field(min_length=2)]], Field(min_length=1)]
    labels: dict[str, dict[Name, Name]]

    @model_validator(mode="after")
    def _labels_are_of_the_groups(self) -> Self:
        for group, values in self.groups.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{LABELS} names a value of the group {group!r} twice.")
        strange = [
            f"{file}: {group} = {value}"
            for file, label in self.labels.items()
            for group, value in label.items()
            if value not in self.groups.get(group, ())
        ]
        if strange:
            raise ValueError(
                f"{len(strange)} of the labels in {LABELS} could not be found in its groups ({_some(strange)})."
            )
        return self


def read_folder(folder: str | Path, resolution: int, progress: Progress = lambda _: None) -> ImageSet:
    """Reads the PNG, JPEG and WebP images in a folder and its subfolders, in the order of their paths.

    Each is turned upright, laid on white if transparent, cut to the square in its middle and resized with a Lanczos
    filter. Those that cannot be read, are smaller than wanted or are gigantic are left out, and `notes` says which.

    Args:
        folder: where the images are. See the module's description for labels.
        resolution: side of the result in pixels.
        progress: told the share of the work done, 0 to 1; may raise to end it.

    Raises:
        DataError: there is no such folder, it has too few images that can be used, or its labels are wrong.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{_clean(folder)} is not a folder.")
    files, others = find_pictures(folder)
    if not files:
        raise DataError(f"There are no PNG, JPEG or WebP images in {_clean(folder)}.")
    stated = _read_labels(folder / LABELS, files) if (folder / LABELS).is_file() else None
    images, kept, remarks = _read_all(folder, files, resolution, progress)
    notes = [f"{len(names)} of {len(files)} images {remark} ({_some(names)})" for remark, names in remarks.items()]
    if len(kept) < MIN_IMAGES:
        found = f"{len(kept)} of {len(files)} images in {_clean(folder)} can be used, and {MIN_IMAGES} are needed"
        raise DataError("; ".join([found, *notes]) + ".")
    if others:
        notes.append(f"{len(others)} of the files had a format other than PNG, JPEG and WebP ({_some(others)})")
    if stated and (absent := sorted(stated.labels.keys() - set(files))):
        notes.append(f"{len(absent)} of the files that {LABELS} names could not be found ({_some(absent)})")
    labels = _stated(stated, kept) if stated else _by_subfolder(kept)
    if labels and (unsaid := [kept[i] for i in np.flatnonzero((labels.values == UNSAID).all(axis=1))]):
        notes.append(f"{len(unsaid)} of {len(files)} images had no label ({_some(unsaid)})")
    return ImageSet(images, labels, tuple(f"{note}." for note in notes))


def _read_all(
    folder: Path, files: list[str], resolution: int, progress: Progress
) -> tuple[NDArray[np.uint8], list[str], dict[str, list[str]]]:
    """The images that can be used, their names, and the names of which something is to be told."""
    images = np.empty((len(files), resolution, resolution, 3), np.uint8)
    kept: list[str] = []
    remarks = defaultdict[str, list[str]](list)
    with careful_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
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
            pool.shutdown(cancel_futures=True)  # whoever interrupts this need not wait for all that had not begun
    return images[: len(kept)], kept, remarks


def _read_labels(path: Path, images: list[str]) -> _LabelsFile:
    try:
        stated = _LabelsFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "value_error":  # raised by the validator above, in plain words
            raise DataError(str(first["ctx"]["error"])) from error
        where = " > ".join(clean_text(str(part), 40) for part in first["loc"])
        raise DataError(f"{LABELS} has a mistake{' at ' + where if where else ''}: {first['msg']}.") from error
    if stated.labels.keys().isdisjoint(images):
        raise DataError(f"{LABELS} has a label for none of the images: it must name them as {_some(images)}.")
    return stated


def _stated(stated: _LabelsFile, names: list[str]) -> Labels:
    values = np.full((len(names), len(stated.groups)), UNSAID, np.int64)
    for column, (group, known) in enumerate(stated.groups.items()):
        numbers = {value: number for number, value in enumerate(known)}
        for row, name in enumerate(names):
            values[row, column] = numbers.get(stated.labels.get(name, {}).get(group, ""), UNSAID)
    return Labels(dict(stated.groups), values)


def _by_subfolder(names: list[str]) -> Labels | None:
    """The class of each image is the subfolder it lies in; None if that makes no difference."""
    classes = [clean_text(name.split("/")[0], 100) if "/" in name else None for name in names]
    known = sorted({name for name in classes if name is not None})
    if len(known) < 2:
        return None
    numbers = {name: number for number, name in enumerate(known)}
    values = np.array([[UNSAID if name is None else numbers[name]] for name in classes], np.int64)
    return Labels({"class": tuple(known)}, values)


def _some(names: Sequence[str]) -> str:
    """The first few names, made harmless to print."""
    return ", ".join([clean_text(name, 80) for name in islice(names, NAMED)] + ["..."] * (len(names) > NAMED))


def _clean(folder: Path) -> str:
    return clean_text(str(folder), 200)
