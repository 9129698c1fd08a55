"""Checkpoints of this package: safetensors with a generator's state dict, and a JSON header that describes it.

Files may be untrusted, so the header is checked and limited, and must fit the tensors.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.tensors import fill
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.mobile_stylegan import MobileStyleGAN
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan1 import StyleGAN1
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.generators.stylegan3 import StyleGAN3
from spaceseed.models.generators.stylegan3_plan import FIRST_CUTOFF
from spaceseed.untrusted import StrictLine

KEY = "spaceseed"  # key of the header in the file's metadata
Family = Literal["StyleGAN1", "StyleGAN2", "StyleGAN3", "MobileStyleGAN", "PGGAN", "DCGAN"]
FAMILIES: dict[str, Callable[..., Generator]] = {
    "StyleGAN1": StyleGAN1.like,
    "StyleGAN2": StyleGAN2.like,
    "StyleGAN3": StyleGAN3.like,
    "MobileStyleGAN": MobileStyleGAN.like,
    "PGGAN": PGGAN.like,
    "DCGAN": DCGAN.like,
}
# Of the families' arguments those that tensors do not show.
SETTINGS = {"StyleGAN2": ("clamp", "joint_labels"), "StyleGAN3": ("clamp", "bandwidth")}
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
        clamp: bound on activations, for StyleGAN2 and StyleGAN3.
        joint_labels: whether z and label are normalised together, for StyleGAN2.
        bandwidth: of the first layer, for StyleGAN3.

    Raises:
        ValidationError: a field is missing, unknown or out of range, or groups and classes do not agree.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    family: Family
    title: Name
    licence: Name = "unknown"
    terms: Name = "Unknown: ask whoever made the weights."
    truncation: Annotated[float, Field(gt=0, le=1)] = 0.7
    classes: Annotated[tuple[Name, ...], Field(max_length=MAX_CLASSES)] = ()
    groups: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=MAX_GROUPS)] = ()

    clamp: Annotated[float | None, Field(gt=0, le=1e6)] = None
    joint_labels: bool = False
    bandwidth: Annotated[float, Field(gt=0, le=1e3)] = FIRST_CUTOFF

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
    settings = {name: getattr(header, name) for name in SETTINGS.get(header.family, ())}
    generator = FAMILIES[header.family](content, **settings)
    fill(generator, content)
    for name, tensor in generator.state_dict().items():
        if name.endswith("running_var") and (tensor < 0).any():
            raise CheckpointError(f"The tensor {name} holds negative variances.")
    if len(header.classes) != generator.num_classes:
        raise CheckpointError(
            f"{path.name} names {len(header.classes)} classes, but its labels have {generator.num_classes}."
        )
    return generator
