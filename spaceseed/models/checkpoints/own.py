"""Checkpoints of this package: safetensors with a generator's state dict, and a JSON header that describes it.

Files may be untrusted, so the header is checked and limited, and must fit the tensors.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.tensors import fill
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.untrusted import StrictLine

KEY = "spaceseed"  # key of the header in the file's metadata
FAMILIES: dict[str, type[StyleGAN2] | type[PGGAN] | type[DCGAN]] = {
    "StyleGAN2": StyleGAN2,
    "PGGAN": PGGAN,
    "DCGAN": DCGAN,
}
MAX_CLASSES, MAX_GROUPS = 2_000, 64

Name = Annotated[StrictLine, Field(min_length=1, max_length=250)]


class Header(BaseModel):
    """The description of a generator in its file.

    Attributes:
        family: the generator's class.
        title: the name that people see.
        licence: licence of the weights; an SPDX identifier if there is one.
        terms: one sentence on what the licence means for users of the images.
        truncation: recommended psi, if truncation has an effect.
        classes: names of the labels' components, in order; empty for unconditional generators.
        groups: sizes of the groups of classes; a group may have no label. Empty for unconditional generators.

    Raises:
        ValidationError: a field is missing, unknown or out of range, or groups and classes do not agree.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    family: Literal["StyleGAN2", "PGGAN", "DCGAN"]
    title: Name
    licence: Name = "unknown"
    terms: Name = "Unknown: ask whoever made the weights."
    truncation: Annotated[float, Field(gt=0, le=1)] = 0.7
    classes: Annotated[tuple[Name, ...], Field(max_length=MAX_CLASSES)] = ()
    groups: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=MAX_GROUPS)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if sum(self.groups) != len(self.classes):
            raise ValueError("groups must add up to the number of classes")
        return self


def read_header(path: Path) -> Header | None:
    """Reads the header of a file that `read_container` accepted; None if there is no such header.

    Raises:
        CheckpointError: the header is damaged or has unknown fields.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
    except SafetensorError:
        return None
    if text is None:
        return None
    try:
        return Header.model_validate_json(text)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "whole"
        raise CheckpointError(f"The header of {path.name} is damaged ({place}): {wrong['msg']}.") from None


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001
    """Returns whether a file has a header of this package."""
    return read_header(path) is not None


def build(content: Any, path: Path) -> Generator:
    """Makes the generator of a parsed file.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others, or has invalid values, or the header does not
            fit the tensors.
    """
    header = read_header(path)
    assert header is not None  # because of `matches`
    generator = FAMILIES[header.family].like(content)
    fill(generator, content)
    for name, tensor in generator.state_dict().items():
        if name.endswith("running_var") and (tensor < 0).any():
            raise CheckpointError(f"The tensor {name} holds negative variances.")
    if len(header.classes) != generator.num_classes:
        raise CheckpointError(
            f"{path.name} names {len(header.classes)} classes, but its labels have {generator.num_classes}."
        )
    return generator
