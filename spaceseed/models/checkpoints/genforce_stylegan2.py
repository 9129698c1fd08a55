"""StyleGAN2 as genforce/genforce saves it: names by layer, conventions of NVIDIA's TensorFlow release.

Biases of styles do not include the 1 that NVIDIA's PyTorch release adds. Kernels of upsampling convolutions are
flipped. Low-pass filters include the gain of 4 for upsampling. Labels are normalised together with z.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from spaceseed.models.checkpoints.tensors import count, fill, take
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.layers import resample_filter
from spaceseed.models.generators.stylegan2 import StyleGAN2


def is_stylegan2(state: Mapping[str, Any]) -> bool:
    """Returns whether a state dict is a StyleGAN2: only this one has an image output with a style."""
    return "synthesis.output0.style.weight" in state


def build_stylegan2(state: Mapping[str, Any]) -> Generator:
    """Makes the generator of a state dict.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others, or has invalid values.
    """
    tensors = mapping_tensors(state) | _synthesis(state)
    generator = StyleGAN2.like(tensors, joint_labels=True)
    fill(generator, tensors)
    return generator


def mapping_tensors(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Returns the tensors of a mapping network (StyleGAN2 or StyleGAN), by the names of `MappingNetwork`.

    Raises:
        CheckpointError: a tensor is missing or of another type.
    """
    tensors = {"mapping.w_avg": take(state, "truncation.w_avg", 1)}
    for layer in range(count(state, r"mapping\.dense(\d+)\..*") or 1):
        tensors[f"mapping.fc{layer}.weight"] = take(state, f"mapping.dense{layer}.weight", 2)
        tensors[f"mapping.fc{layer}.bias"] = take(state, f"mapping.dense{layer}.bias", 1)
    if "mapping.label_weight" in state:
        embedding = take(state, "mapping.label_weight", 2)
        # Ours divides by the square root of the number of classes and adds a bias.
        tensors["mapping.embed.weight"] = embedding.t() * embedding.shape[0] ** 0.5
        tensors["mapping.embed.bias"] = embedding.new_zeros(embedding.shape[1])
    return tensors


def _synthesis(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = {"synthesis.b4.const": take(state, "synthesis.early_layer.const", 4)[0]}
    for layer in range(count(state, r"synthesis\.layer(\d+)\..*") or 1):
        theirs, ours = f"synthesis.layer{layer}", f"synthesis.b{4 << (layer + 1) // 2}.conv{(layer + 1) % 2}"
        tensors |= _modulated(state, theirs, ours)
        tensors |= {
            f"{ours}.noise_strength": take(state, f"{theirs}.noise_strength", 0),
            f"{ours}.noise_const": take(state, f"{theirs}.noise", 4)[0, 0],
            f"{ours}.resample_filter": resample_filter(),
        }
        if layer % 2:
            tensors[f"{ours}.weight"] = tensors[f"{ours}.weight"].flip(2, 3)
            tensors[f"{ours}.resample_filter"] = take(state, f"{theirs}.filter.kernel", 4)[0, 0] / 4
    for block in range(count(state, r"synthesis\.output(\d+)\..*") or 1):
        theirs, ours = f"synthesis.output{block}", f"synthesis.b{4 << block}"
        tensors |= _modulated(state, theirs, f"{ours}.torgb")
        tensors[f"{ours}.resample_filter"] = take(state, "synthesis.upsample.kernel", 4)[0, 0] / 4
    return tensors


def _modulated(state: Mapping[str, Any], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.weight": take(state, f"{theirs}.weight", 4),
        f"{ours}.bias": take(state, f"{theirs}.bias", 1),
        f"{ours}.affine.weight": take(state, f"{theirs}.style.weight", 2),
        f"{ours}.affine.bias": take(state, f"{theirs}.style.bias", 1) + 1,
    }
