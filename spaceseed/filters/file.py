"""The file of a latent filter: a safetensors file with a JSON header.

Files are untrusted, so sizes, shapes and ranges are checked, and that the filter leaves enough to draw from.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from spaceseed.errors import FilterError
from spaceseed.ops.avoidance import Acceptance, rejection_divergence, tilt_divergence
from spaceseed.ops.discriminant import Discriminant
from spaceseed.ops.network import Network
from spaceseed.ops.validation import HeldOut
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

# If a filter keeps less than this share of the prior, too little is left to draw from.
MIN_KEEP = 0.05
MAX_DIRECTIONS = 64
MAX_DIMS = 8_192
MAX_HIDDEN = 1_024  # units of a network's layer
MAX_DEVIATION = 1e6  # of a score, in log odds
DRAWS = 1_000  # of the prior, on which a soft filter is tried
DOUBT = 0.1  # by which the share that it says it keeps may differ then
DIRECTIONS = ("directions", "steps", "linear", "quadratic", "center")
LAYERS = 3
WEIGHTS, BIASES = (tuple(f"{kind}{i}" for i in range(LAYERS)) for kind in ("weight", "bias"))

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


@dataclass(frozen=True)
class Soft:
    """How a soft filter accepts, measured on draws that it did not learn from.

    Attributes:
        low: scores up to this one are always accepted, see `Acceptance`.
        kept: share of draws that are accepted.
        divergence: Kullback-Leibler divergence of the accepted draws from the prior, in nats.
    """

    low: float
    kept: float
    divergence: float


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _HeldOut(_Record):
    auc: Share
    chance: Share
    bad_refused: Share
    good_allowed: Share
    slope: Annotated[float, Field(ge=0)]
    offset: float


class _Soft(_Record):
    low: float
    kept: Annotated[float, Field(gt=0, le=1)]
    divergence: Annotated[float, Field(ge=0)]


class _Header(_Record):
    method: Literal["mean", "lda", "covariance", "logistic", "quadratic", "network"]
    how: Literal["truncate", "reject", "shift", "soft"]
    space: Literal["z", "w"]
    model: Line
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
    marks: tuple[Count, Count]
    limit: float
    strength: Annotated[float, Field(ge=0)]
    bias: float = 0.0  # of a discriminant
    held_out: _HeldOut
    # Files from before there were soft filters do without these.
    references: Count = 0
    soft: _Soft | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.how == "soft") != (self.soft is not None):
            raise ValueError("a soft filter says how it accepts, and no other does")
        if self.soft is not None and self.strength:
            raise ValueError("a soft filter moves nothing")
        if self.method == "network" and (self.bias or (min(self.marks) < 2 and not self.references)):
            raise ValueError("a network has learned from marks or from real images, and has no other bias")
        return self


def _tensors(header: _Header) -> tuple[str, ...]:
    return (*WEIGHTS, *BIASES) if header.method == "network" else DIRECTIONS


_FILE = TensorFile("filter", _Header, _tensors, torch.float64, max_bytes=10**7, error=FilterError)


def write(path: str | Path, fields: Mapping[str, Any]) -> None:
    """Writes the attributes of a `LatentFilter`."""
    _FILE.write(path, *_contents(fields))


def identity(fields: Mapping[str, Any]) -> str:
    """Returns 16 hexadecimal digits that tell the attributes of a `LatentFilter` from others."""
    header, tensors = _contents(fields)
    digest = hashlib.sha256(header.model_dump_json().encode())
    for name in _tensors(header):
        digest.update(tensors[name].numpy(force=True).tobytes())
    return digest.hexdigest()[:16]


def _contents(fields: Mapping[str, Any]) -> tuple[_Header, dict[str, Tensor]]:
    plain = dict(fields)
    score = plain.pop("discriminant")
    held_out, soft = _HeldOut(**asdict(plain.pop("held_out"))), plain.pop("soft")
    plain["soft"] = None if soft is None else _Soft(**asdict(soft))
    if isinstance(score, Network):
        tensors = dict(zip((*WEIGHTS, *BIASES), (*score.weights, *score.biases), strict=True))
        return _Header(**plain, held_out=held_out), tensors
    header = _Header(**plain, bias=score.bias, held_out=held_out)
    return header, {name: getattr(score, name) for name in DIRECTIONS}


def read(path: str | Path) -> dict[str, Any]:
    """Returns the attributes of a saved `LatentFilter`.

    Raises:
        FilterError: the file is damaged, holds no filter, or one that would refuse nearly everything.
        OSError: the file does not exist or cannot be read.
    """
    header, tensors = _FILE.read(path)
    soft = None if header.soft is None else Soft(**dict(header.soft))
    fields = dict(header) | {"held_out": HeldOut(**dict(header.held_out)), "soft": soft}
    bias = fields.pop("bias")
    if header.method == "network":
        score: Discriminant | Network = _network(header, tensors)
    else:
        score = _discriminant(header, tensors, bias)
    return fields | {"discriminant": score}


def _discriminant(header: _Header, tensors: Mapping[str, Tensor], bias: float) -> Discriminant:
    if not _fits(tensors) or min(header.marks) < 2:
        raise _FILE.damaged
    discriminant = Discriminant(**tensors, bias=bias)
    if header.how == "truncate" and not discriminant.is_linear:
        raise _FILE.damaged
    # Below MIN_KEEP, because the share is estimated from random draws.
    least = 0.8 * MIN_KEEP
    if header.how == "soft":
        # One that learned nothing has no deviation, and refuses nothing.
        if not discriminant.deviation() < MAX_DEVIATION:
            raise _FILE.damaged
        _check_soft(header, discriminant.score(prior(discriminant.dims, DRAWS)))
        return discriminant
    divergence = tilt_divergence(discriminant.linear, discriminant.quadratic, header.strength)
    if not 0 < discriminant.deviation() < MAX_DEVIATION or not divergence <= rejection_divergence(least):
        raise _FILE.damaged
    if discriminant.share_below(header.limit) < least:
        raise _refuses_all()
    return discriminant


def _network(header: _Header, tensors: Mapping[str, Tensor]) -> Network:
    weights, biases = (tuple(tensors[name] for name in names) for names in (WEIGHTS, BIASES))
    if header.how != "soft" or any(rows.ndim != 2 for rows in weights):
        raise _FILE.damaged
    sizes = [weights[0].shape[1], *(len(rows) for rows in weights)]
    fit = [rows.shape == (out, inside) for rows, inside, out in zip(weights, sizes, sizes[1:], strict=False)]
    fit += [bias.shape == (out,) for bias, out in zip(biases, sizes[1:], strict=True)]
    if (
        not all(fit)
        or not 2 <= sizes[0] <= MAX_DIMS
        or sizes[-1] != 1
        or not 1 <= min(sizes) <= max(sizes[1:]) <= MAX_HIDDEN
    ):
        raise _FILE.damaged
    network = Network(weights, biases)
    scores = network.score(prior(network.dims, DRAWS))
    if float(scores.std()) >= MAX_DEVIATION:
        raise _FILE.damaged
    _check_soft(header, scores)
    return network


def _check_soft(header: _Header, scores: Tensor) -> None:
    """Refuses a soft filter that would refuse nearly everything.

    Args:
        header: its header. For w the file has to be believed.
        scores: of draws of the prior of z, [n].
    """
    assert header.soft is not None
    if not bool(scores.isfinite().all()):
        raise _FILE.damaged
    told = measured = header.soft.kept
    if header.space == "z":
        measured = float(Acceptance(header.limit, header.soft.low).probability(scores).mean())
    if not min(told, measured) >= 0.8 * MIN_KEEP:
        raise _refuses_all()
    if not abs(told - measured) <= DOUBT:
        raise _FILE.damaged


def prior(dims: int, count: int, seed: int = 0) -> Tensor:
    """Returns draws of the prior of z, [count, dims], from one stream of random numbers."""
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


def _refuses_all() -> FilterError:
    return FilterError("This filter would refuse nearly everything.")


def _fits(tensors: Mapping[str, Tensor]) -> bool:
    """Returns whether sizes fit, and whether each step changes only its own coordinate, by 1."""
    directions, steps = tensors["directions"], tensors["steps"]
    if directions.ndim != 2 or not 1 <= len(directions) <= MAX_DIRECTIONS or not 2 <= directions.shape[1] <= MAX_DIMS:
        return False
    if steps.shape != directions.shape or any(tensors[name].shape != directions.shape[:1] for name in DIRECTIONS[2:]):
        return False
    alone = torch.eye(len(directions), dtype=torch.float64)
    return torch.allclose(directions @ steps.T, alone, atol=1e-6)
