"""The file of a latent filter: a safetensors file with a JSON header.

Files are untrusted, so sizes, shapes and ranges are checked, and that the filter leaves enough to draw from.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from spaceseed.errors import FilterError
from spaceseed.ops.avoidance import rejection_divergence, tilt_divergence
from spaceseed.ops.discriminant import Discriminant
from spaceseed.ops.validation import HeldOut
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

# If a filter keeps less than this share of the prior, too little is left to draw from.
MIN_KEEP = 0.05
MAX_DIRECTIONS = 64
MAX_DIMS = 8_192
MAX_DEVIATION = 1e6  # of a score, in log odds
TENSORS = ("directions", "steps", "linear", "quadratic", "center")

Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _HeldOut(_Record):
    auc: Share
    chance: Share
    bad_refused: Share
    good_allowed: Share
    slope: Annotated[float, Field(ge=0)]
    offset: float


class _Header(_Record):
    method: Literal["mean", "lda", "covariance", "logistic", "quadratic"]
    how: Literal["truncate", "reject", "shift"]
    space: Literal["z", "w"]
    model: Line
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
    marks: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)]]
    limit: float
    strength: Annotated[float, Field(ge=0)]
    bias: float
    held_out: _HeldOut


_FILE = TensorFile("filter", _Header, TENSORS, torch.float64, max_bytes=10**7, error=FilterError)


def write(path: str | Path, fields: Mapping[str, Any]) -> None:
    """Writes the attributes of a `LatentFilter`."""
    plain = dict(fields)
    discriminant = plain.pop("discriminant")
    held_out = _HeldOut(**asdict(plain.pop("held_out")))
    header = _Header(**plain, bias=discriminant.bias, held_out=held_out)
    _FILE.write(path, header, {name: getattr(discriminant, name) for name in TENSORS})


def read(path: str | Path) -> dict[str, Any]:
    """Returns the attributes of a saved `LatentFilter`.

    Raises:
        FilterError: the file is damaged, holds no filter, or one that would refuse nearly everything.
        OSError: the file does not exist or cannot be read.
    """
    header, tensors = _FILE.read(path)
    if not _fits(tensors):
        raise _FILE.damaged
    fields = dict(header)
    discriminant = Discriminant(**tensors, bias=fields.pop("bias"))
    if header.how == "truncate" and not discriminant.is_linear:
        raise _FILE.damaged
    # Below MIN_KEEP, because the share is estimated from random draws.
    least = 0.8 * MIN_KEEP
    divergence = tilt_divergence(discriminant.linear, discriminant.quadratic, header.strength)
    if not 0 < discriminant.deviation() < MAX_DEVIATION or not divergence <= rejection_divergence(least):
        raise _FILE.damaged
    if discriminant.share_below(header.limit) < least:
        raise FilterError("This filter would refuse nearly everything.")
    return fields | {"discriminant": discriminant, "held_out": HeldOut(**dict(header.held_out))}


def _fits(tensors: Mapping[str, Tensor]) -> bool:
    """Returns whether sizes fit, and whether each step changes only its own coordinate, by 1."""
    directions, steps = tensors["directions"], tensors["steps"]
    if directions.ndim != 2 or not 1 <= len(directions) <= MAX_DIRECTIONS or not 2 <= directions.shape[1] <= MAX_DIMS:
        return False
    if steps.shape != directions.shape or any(tensors[name].shape != directions.shape[:1] for name in TENSORS[2:]):
        return False
    identity = torch.eye(len(directions), dtype=torch.float64)
    return torch.allclose(directions @ steps.T, identity, atol=1e-6)
