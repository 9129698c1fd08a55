"""BigGAN-deep as pytorch-pretrained-BigGAN saves it: a state dict, with a config.json in the same folder.

Weights are stored before spectral normalisation, with vectors u and v that approximate the largest singular value. The
official code uses this approximation without power iteration, so this reader does too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool, ValidationError
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.tensors import fill, take
from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.generator import Generator

MAX_CONFIG = 2**16  # bytes
ORIGINAL = ".weight_orig"


class _Config(BaseModel):
    """The settings that tensors cannot show. Other fields of the file are ignored."""

    layers: Annotated[list[tuple[StrictBool, int, int]], Field(max_length=100)]  # upsamples, widths in and out
    eps: Annotated[float, Field(gt=0, lt=1)] = 1e-4


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001  # as every reader
    """Returns whether a parsed file is a checkpoint of this project."""
    return isinstance(content, Mapping) and f"generator.gen_z{ORIGINAL}" in content


def build(content: Any, path: Path) -> Generator:
    """Makes the generator of a parsed file. Its config.json must be in the same folder.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others or has invalid values, or config.json is missing
            or does not fit.
    """
    config = _read_config(path.parent / "config.json")
    tensors = {}
    for name in content:
        ours = str(name).replace("generator.", "synthesis.", 1)
        if ours.endswith(ORIGINAL):
            tensors[ours.removesuffix(ORIGINAL) + ".weight"] = _normalized(content, name.removesuffix(ORIGINAL))
        elif not ours.endswith((".weight_u", ".weight_v")):
            tensors[ours] = take(content, name)
    for name, sides in (("synthesis.conv_to_rgb.weight", 4), ("synthesis.conv_to_rgb.bias", 1)):
        tensors[name] = take(tensors, name, sides)[:3]  # only these channels are the image
    generator = BigGAN.like(tensors, [upsamples for upsamples, _, _ in config.layers], config.eps)
    fill(generator, tensors)
    return generator


def _read_config(path: Path) -> _Config:
    try:
        with path.open("rb") as file:
            return _Config.model_validate_json(file.read(MAX_CONFIG))
    except OSError:
        raise CheckpointError("The weights of a BigGAN need their config.json in the same folder.") from None
    except ValidationError:
        raise CheckpointError("The config.json in the folder of the weights is not that of a BigGAN.") from None


def _normalized(content: Mapping[str, Any], name: str) -> Tensor:
    """Divides a weight by its spectral norm u^T W v (Miyato et al. 2018, eq. 19), where W is the flattened weight."""
    weight = take(content, name + ORIGINAL).float()
    u, v = take(content, f"{name}.weight_u", 1).float(), take(content, f"{name}.weight_v", 1).float()
    if weight.ndim < 2 or weight.flatten(1).shape != (len(u), len(v)):
        raise CheckpointError(f"The vectors of {name} do not fit its weight, which has shape {list(weight.shape)}.")
    return weight / (u @ weight.flatten(1) @ v)
