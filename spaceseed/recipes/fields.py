"""Field types of recipes: exact float32 numbers, and safe lines of text. Invalid values raise a RecipeError."""

import base64
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StrictInt,
    ValidationError,
)
from torch import Tensor

from spaceseed.models.generators.generator import MAX_SEED
from spaceseed.untrusted import Line, clean_text

MAX_NUMBERS = 2**16  # in one latent, label or direction
MAX_LAYERS = 64
MAX_ITEMS = 64  # edits, settings, parents


class RecipeError(ValueError):
    """A recipe or its file cannot be used. The message is one sentence that users can understand."""


@contextmanager
def damage_means(sentence: str) -> Iterator[None]:
    """Converts any exception inside the block to a `RecipeError` with the message `sentence`."""
    try:
        yield
    except RecipeError:
        raise
    except Exception as error:  # decoders raise many types of exceptions on unexpected bytes
        raise RecipeError(sentence) from error


def _parse_floats(value: object) -> Tensor:
    """Takes a tensor or array of real numbers, or {"shape", "float32"} from JSON. Returns a float32 copy on the CPU."""
    if isinstance(value, dict):
        value = _decode_floats(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if not isinstance(value, Tensor) or value.is_complex() or value.dtype == torch.bool:
        raise ValueError("A recipe's latent, labels and directions must be tensors of real numbers, kept as float32.")
    if not 0 < value.numel() <= MAX_NUMBERS:
        raise ValueError(f"A recipe's latent, labels and directions must have 1 to {MAX_NUMBERS} numbers each.")
    copied = value.detach().to("cpu", torch.float32, copy=True).contiguous()
    if not copied.isfinite().all():
        raise ValueError("This recipe has numbers that are not finite (NaN or infinity).")
    return copied


def _decode_floats(value: dict[str, Any]) -> NDArray[np.float32]:
    with damage_means("This recipe's numbers are damaged."):
        data, shape = base64.b64decode(value["float32"], validate=True), value["shape"]
        # The length is checked first, because the product of many large numbers would take hours.
        if not 1 <= len(shape) <= 2 or min(shape) < 0 or 4 * math.prod(shape) != len(data):
            raise ValueError("shape")
        return np.frombuffer(data, dtype="<f4").astype(np.float32).reshape(shape)


def _dump_floats(value: Tensor) -> dict[str, Any]:
    data = value.numpy().astype("<f4").tobytes()
    return {"shape": list(value.shape), "float32": base64.b64encode(data).decode()}


# Float32 numbers, exact. JSON holds their shape, and their little-endian bytes in base64.
Floats = Annotated[Tensor, PlainValidator(_parse_floats), PlainSerializer(_dump_floats, when_used="json")]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Layer = Annotated[int, Field(ge=0, lt=MAX_LAYERS)]
Setting = (
    StrictBool
    | Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Line
)


class Record(BaseModel):
    """A frozen record. Two records are equal if their JSON is, because `==` of tensors is not a single truth value.

    Raises:
        RecipeError: a field is missing, unknown or has a value that is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise RecipeError(_sentence(error)) from error

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.model_dump_json() == other.model_dump_json()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


def _sentence(error: ValidationError) -> str:
    """Returns one sentence about the first error. It does not show pydantic's messages."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":  # raised by the validators of this package, as a sentence
        return str(first["ctx"]["error"])
    field = clean_text(str(first["loc"][0]), 40) if first["loc"] else ""
    problem = {"missing": "is missing", "extra_forbidden": "is not known"}.get(
        first["type"], "has a value out of range"
    )
    return f"This recipe's field {field!r} {problem}."
