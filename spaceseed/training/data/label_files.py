"""Label files of image folders. They may be untrusted, so they are checked and limited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spaceseed.errors import DataError
from spaceseed.models.checkpoints.own import MAX_CLASSES
from spaceseed.training.data.labels import UNLABELLED, Labels, some_of
from spaceseed.untrusted import Line, clean_text

LABELS, DATASET = "labels.json", "dataset.json"
MAX_BYTES = 2**26  # of a file; a million images take a little less
Name = Annotated[Line, Field(min_length=1)]


class LabelsJson(BaseModel):
    """`labels.json`: {"groups": {"hair": ["short", "long"], ...}, "labels": {"anna.png": {"hair": "long"}, ...}}."""

    model_config = ConfigDict(extra="forbid", strict=True)
    groups: Annotated[dict[Name, Annotated[tuple[Name, ...], Field(min_length=2)]], Field(min_length=1)]
    stated: Annotated[dict[str, dict[Name, Name]], Field(alias="labels")]

    @model_validator(mode="after")
    def _labels_are_of_the_groups(self) -> Self:
        for group, values in self.groups.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{LABELS} names a value of the group {group!r} twice.")
        strange = [
            f"{file}: {group} = {value}"
            for file, label in self.stated.items()
            for group, value in label.items()
            if value not in self.groups.get(group, ())
        ]
        if strange:
            raise ValueError(
                f"{len(strange)} of the labels in {LABELS} could not be found in its groups ({some_of(strange)})."
            )
        return self

    def check(self, files: list[str]) -> None:
        """Compares the labels with the images in the folder.

        Raises:
            DataError: it has no label for any of them.
        """
        if self.stated.keys().isdisjoint(files):
            raise DataError(f"{LABELS} has no label for any image; it must name them as {some_of(files)}.")

    def absent(self, files: list[str]) -> list[str]:
        """Returns the images in the label file that do not exist."""
        return sorted(self.stated.keys() - set(files))

    def labels(self, files: list[str]) -> Labels:
        """Returns the labels of these images, in this order."""
        values = np.full((len(files), len(self.groups)), UNLABELLED, np.int64)
        for column, (group, known) in enumerate(self.groups.items()):
            numbers = {value: number for number, value in enumerate(known)}
            for row, name in enumerate(files):
                values[row, column] = numbers.get(self.stated.get(name, {}).get(group, ""), UNLABELLED)
        return Labels(dict(self.groups), values)


_Number = Annotated[int, Field(ge=0, lt=MAX_CLASSES)]
_Numbers = Annotated[list[tuple[str, _Number]], Field(fail_fast=True)]  # otherwise a million errors would be kept


class DatasetJson(BaseModel):
    """`dataset.json` of NVIDIA's tools: {"labels": [["00000/img00000000.png", 6], ...]}, or null for no labels.

    With this file subfolders are never classes, even if it has no labels.
    """

    model_config = ConfigDict(strict=True)
    stated: _Numbers | None = Field(alias="labels", default=None)

    def check(self, files: list[str]) -> None:
        """Compares the labels with the images in the folder.

        Raises:
            DataError: an image has no label, a label has no image, or an image has two labels.
        """
        if self.stated is None:
            return
        named = {name for name, _ in self.stated}
        if len(named) < len(self.stated):
            raise DataError(f"{DATASET} has more than one label for some of its images.")
        if absent := self.absent(files):
            raise DataError(f"{len(absent)} of the files that {DATASET} names could not be found ({some_of(absent)}).")
        if unlabelled := [name for name in files if name not in named]:
            raise DataError(
                f"{DATASET} has no label for {len(unlabelled)} of the {len(files)} images ({some_of(unlabelled)})."
            )

    def absent(self, files: list[str]) -> list[str]:
        """Returns the images in the label file that do not exist."""
        return sorted({name for name, _ in self.stated or ()} - set(files))

    def labels(self, files: list[str]) -> Labels | None:
        """Returns the labels of these images, in this order; None if there are fewer than two classes."""
        numbers = dict(self.stated or ())
        if len(set(numbers.values())) < 2:
            return None
        names = tuple(map(str, range(max(numbers.values()) + 1)))  # also numbers that no image has
        return Labels({"class": names}, np.array([[numbers[name]] for name in files], np.int64))


FILES: Mapping[str, type[LabelsJson] | type[DatasetJson]] = {LABELS: LabelsJson, DATASET: DatasetJson}


def read_label_file(folder: Path, files: list[str]) -> LabelsJson | DatasetJson | None:
    """Reads `labels.json` in a folder, or else `dataset.json`; None if there is neither.

    Args:
        folder: folder of the images.
        files: paths of the images in it.

    Raises:
        DataError: the file is damaged or too large, or does not fit the images.
    """
    name = next((name for name in FILES if (folder / name).is_file()), None)
    if name is None:
        return None
    with (folder / name).open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise DataError(f"{name} is too large: the limit is {MAX_BYTES >> 20} MiB.")
    try:
        stated = FILES[name].model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "value_error":  # raised by the validator above, as a sentence
            raise DataError(str(first["ctx"]["error"])) from error
        where = " > ".join(clean_text(str(part), 40) for part in first["loc"])
        raise DataError(f"{name} has an error{' at ' + where if where else ''}: {first['msg']}.") from error
    stated.check(files)
    return stated


def labels_by_subfolder(files: list[str]) -> Labels | None:
    """Returns labels from the subfolders of the images; None if there are fewer than two."""
    classes = [clean_text(name.split("/")[0], 100) if "/" in name else None for name in files]
    known = sorted({name for name in classes if name is not None})
    if len(known) < 2:
        return None
    numbers = {name: number for number, name in enumerate(known)}
    values = np.array([[UNLABELLED if name is None else numbers[name]] for name in classes], np.int64)
    return Labels({"class": tuple(known)}, values)
