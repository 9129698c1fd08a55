"""PGGAN, StyleGAN and StyleGAN2 as genforce/genforce, genforce/sefa and copies on the Hub save them.

A file holds {"generator_smooth": state dict, ...}, or {"models": {...}} in a training checkpoint, or only the state
dict. Weights are stored unscaled, with the conventions of NVIDIA's TensorFlow releases.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.genforce_stylegan2 import build_stylegan2, is_stylegan2, mapping_tensors
from spaceseed.models.checkpoints.tensors import count, fill, measure_w_avg, take
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.shapes import expect
from spaceseed.models.generators.stylegan1 import StyleGAN1

# Side of the images from which StyleGAN's upsampling layers are "fused", so that their kernel is flipped. This is not
# stored in the file, and it is the same for all published models.
FUSED_FROM = 128


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001
    """Returns whether a parsed file is a generator of this project."""
    state = _state(content)
    return is_stylegan2(state) or "synthesis.layer0.const" in state or _is_pggan(state)


def build(content: Any, path: Path) -> Generator:  # noqa: ARG001
    """Makes the generator of a parsed file. Measures the mean of w if the file does not have it.

    A PGGAN is read as unconditional, because its file does not distinguish the sizes of label and z.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others, or has invalid values; or the network was not
            fully grown.
    """
    state = _state(content)
    for name in {"lod", "synthesis.lod"} & state.keys():
        if _tensor(state, name) != 0:
            raise CheckpointError(f"The network had not grown to its full size: {name} is {state[name].item():g}.")
    if _is_pggan(state):
        tensors = _pggan(state)
        return _filled(PGGAN.like(tensors), tensors)
    stored = "truncation.w_avg" in state
    if not stored:
        w_dim = _tensor(state, "synthesis.layer0.style.weight", None, None).shape[1]
        state = {**state, "truncation.w_avg": torch.zeros(w_dim)}
    if is_stylegan2(state):
        generator = build_stylegan2(state)
    else:
        tensors = _stylegan1(state)
        generator = _filled(StyleGAN1.like(tensors), tensors)
    if not stored:
        generator.w_avg.copy_(measure_w_avg(generator))
    return generator


def _state(content: Any) -> Mapping[str, Any]:
    for name in ("models", "generator_smooth", "generator"):
        if isinstance(content, Mapping) and name in content:
            content = content[name]
    return content if isinstance(content, Mapping) else {}


def _is_pggan(state: Mapping[str, Any]) -> bool:
    return {"layer0.weight", "output0.weight"} <= state.keys()


def _blocks(state: Mapping[str, Any], prefix: str) -> int:
    """Returns the number of resolutions from names of layers. A missing layer raises an error later."""
    return max((count(state, rf"{re.escape(prefix)}layer(\d+)\..*") + 1) // 2, 1)


def _pggan(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = {}
    blocks = _blocks(state, "")
    for layer in range(2 * blocks):
        bias = _tensor(state, f"layer{layer}.bias", None)
        side = 3 if layer else 4
        weight = _scaled(state, f"layer{layer}.weight", math.sqrt(2), len(bias), None, side, side)
        if layer == 0:  # a correlation with one pixel, padded by 3: the kernel of the transposed convolution, flipped
            weight = weight.flip(2, 3).transpose(0, 1)
        elif layer % 2 == 0:
            weight = _upsampling(weight.flip(2, 3))
        tensors[f"convolutions.layer{layer}.weight"] = weight
        tensors[f"convolutions.layer{layer}.bias"] = bias
    return tensors | _torgb(state, f"output{blocks - 1}")


def _stylegan1(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = mapping_tensors(state)
    for name in tensors:
        if name.startswith("mapping.fc") and name.endswith("bias"):
            # Here the gain sqrt(2) is part of the weights. Ours is part of the activation and also scales the bias.
            tensors[name] = tensors[name].float() / math.sqrt(2)
    blocks = _blocks(state, "synthesis.")
    for layer in range(2 * blocks):
        tensors |= _stylegan1_layer(state, layer)
    return tensors | _torgb(state, f"synthesis.output{blocks - 1}")


def _stylegan1_layer(state: Mapping[str, Any], layer: int) -> dict[str, Tensor]:
    name = f"synthesis.layer{layer}"
    resolution = 4 << layer // 2
    bias = _tensor(state, f"{name}.bias", None)
    tensors = {
        f"{name}.noise_strength": _tensor(state, f"{name}.apply_noise.weight", len(bias)),
        f"{name}.noise_const": _tensor(state, f"{name}.apply_noise.noise", 1, 1, resolution, resolution)[0, 0],
        f"{name}.affine.weight": _tensor(state, f"{name}.style.weight", 2 * len(bias), None),
        f"{name}.affine.bias": _tensor(state, f"{name}.style.bias", 2 * len(bias)),
    }
    if layer == 0:
        return tensors | {"const": _tensor(state, f"{name}.const", 1, len(bias), 4, 4)[0] + bias[:, None, None]}
    weight = _scaled(state, f"{name}.weight", math.sqrt(2), len(bias), None, 3, 3)
    if layer % 2:
        return tensors | {f"{name}.convolve.weight": weight, f"{name}.convolve.bias": bias}
    return tensors | {
        f"{name}.convolve.0.weight": _upsampling(weight if resolution >= FUSED_FROM else weight.flip(2, 3)),
        f"{name}.convolve.1.weight": _tensor(state, f"{name}.blur.kernel", len(bias), 1, 3, 3),
        f"{name}.convolve.1.bias": bias,
    }


def _torgb(state: Mapping[str, Any], name: str) -> dict[str, Tensor]:
    return {
        "torgb.weight": _scaled(state, f"{name}.weight", 1.0, 3, None, 1, 1),
        "torgb.bias": _tensor(state, f"{name}.bias", 3),
    }


def _upsampling(kernel: Tensor) -> Tensor:
    """Returns the kernel [I, O, 4, 4] of one transposed convolution that doubles every pixel and convolves."""
    padded = F.pad(kernel, (1, 1, 1, 1))
    rows = padded[:, :, 1:] + padded[:, :, :-1]
    return (rows[..., 1:] + rows[..., :-1]).transpose(0, 1)


def _scaled(state: Mapping[str, Any], name: str, gain: float, *sides: int | None) -> Tensor:
    """Returns a weight [O, ...] times the factor of the equalised learning rate, gain / sqrt(fan in)."""
    weight = _tensor(state, name, *sides)
    return weight * (gain / math.sqrt(weight[0].numel()))


def _tensor(state: Mapping[str, Any], name: str, *sides: int | None) -> Tensor:
    tensor = take(state, name, len(sides))
    expect({name: tuple(tensor.shape)}, name, *sides)
    return tensor.float()


def _filled(generator: Generator, tensors: Mapping[str, Tensor]) -> Generator:
    fill(generator, tensors)
    return generator
