"""StyleGAN2 as rosinality/stylegan2-pytorch saves it: {"g_ema": state dict, "latent_avg": w_avg}, or the dict alone.

Convolution weights have a leading side of 1, and low-pass filters include the gain of 4 for upsampling. Otherwise only
the names differ.

Early files of the project, such as its 550000.pt, have no noise maps, and its code draws random ones at each start.
This reader draws them with `RandomState(NOISE_SEED)` in the order of layers, so that images are reproducible.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.tensors import count, fill, measure_w_avg, take
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.layers import resample_filter
from spaceseed.models.generators.stylegan2 import StyleGAN2

NOISE_SEED = 0
LARGEST = 1024  # maximum side of drawn noise maps, so that small tensors cannot ask for huge ones


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001  # as every reader
    """Returns whether a parsed file is a checkpoint of this project."""
    return isinstance(content, Mapping) and "conv1.conv.modulation.weight" in _state(content)


def build(content: Any, path: Path) -> Generator:  # noqa: ARG001  # as every reader
    """Makes the generator of a parsed file. Measures the mean of w if the file does not have it.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others, or has invalid values, or the network is
            conditional.
    """
    state = _state(content)
    if not any(str(name).startswith("noises.") for name in state):
        state = {**state, **_noise(state)}
    tensors = _mapping(state) | _synthesis(state)
    w_dim = tensors["synthesis.b4.conv1.affine.weight"].shape[1]
    stored = content.get("latent_avg")
    tensors["mapping.w_avg"] = torch.zeros(w_dim) if stored is None else take(content, "latent_avg").flatten()
    generator = StyleGAN2.like(tensors)
    fill(generator, tensors)
    if stored is None:
        generator.w_avg.copy_(measure_w_avg(generator))
    return generator


def _state(content: Mapping[str, Any]) -> Mapping[str, Any]:
    state = content.get("g_ema", content)
    return state if isinstance(state, Mapping) else {}


def _mapping(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = {}
    for layer in range(1, max(count(state, r"style\.(\d+)\..*"), 2)):  # style.0 is the normalisation
        tensors[f"mapping.fc{layer - 1}.weight"] = take(state, f"style.{layer}.weight", 2)
        tensors[f"mapping.fc{layer - 1}.bias"] = take(state, f"style.{layer}.bias", 1)
    w_dim, inputs = tensors["mapping.fc0.weight"].shape
    if inputs > w_dim:  # z and a label's embedding, because without labels z has the size of w
        raise CheckpointError(
            "The file holds a conditional network, but this format cannot store labels: its mapping network takes "
            f"{inputs} numbers, but w has {w_dim}."
        )
    return tensors


def _synthesis(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = {"synthesis.b4.const": take(state, "input.input", 4)[0]}
    convs = ["conv1", *(f"convs.{i}" for i in range(count(state, r"convs\.(\d+)\..*")))]
    for i, theirs in enumerate(convs):
        ours = f"synthesis.b{4 << (i + 1) // 2}.conv{(i + 1) % 2}"
        upsamples = i % 2 == 1
        tensors |= _modulated(state, f"{theirs}.conv", ours)
        tensors |= {
            f"{ours}.bias": take(state, f"{theirs}.activate.bias", 1),
            f"{ours}.noise_strength": take(state, f"{theirs}.noise.weight", 1)[0],
            f"{ours}.noise_const": take(state, f"noises.noise_{i}", 4)[0, 0],
            f"{ours}.resample_filter": (
                take(state, f"{theirs}.conv.blur.kernel", 2) / 4 if upsamples else resample_filter()
            ),
        }
    for i in range(len(convs) // 2 + 1):
        theirs, ours = f"to_rgbs.{i - 1}" if i else "to_rgb1", f"synthesis.b{4 << i}"
        tensors |= _modulated(state, f"{theirs}.conv", f"{ours}.torgb")
        tensors |= {
            f"{ours}.torgb.bias": take(state, f"{theirs}.bias", 4).flatten(),
            f"{ours}.resample_filter": take(state, f"{theirs}.upsample.kernel", 2) / 4 if i else resample_filter(),
        }
    return tensors


def _noise(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Returns noise maps [1, 1, R, R] for a file without any. They depend only on the number of layers."""
    sides = [4 << (i + 1) // 2 for i in range(count(state, r"convs\.(\d+)\..*") + 1)]
    if sides[-1] > LARGEST:
        raise CheckpointError(f"The file lacks noise maps, and at {sides[-1]} pixels they are too large to be drawn.")
    draws = np.random.RandomState(NOISE_SEED)
    return {f"noises.noise_{i}": torch.from_numpy(draws.randn(1, 1, r, r)) for i, r in enumerate(sides)}


def _modulated(state: Mapping[str, Any], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.weight": take(state, f"{theirs}.weight", 5)[0],
        f"{ours}.affine.weight": take(state, f"{theirs}.modulation.weight", 2),
        f"{ours}.affine.bias": take(state, f"{theirs}.modulation.bias", 1),
    }
