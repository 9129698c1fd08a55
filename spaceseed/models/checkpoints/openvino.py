"""Reads the MobileStyleGAN of faces from the PyPI package `random_face`, as data. Its code is never imported.

The package holds two networks in OpenVINO's format: a graph in XML whose constants refer to positions in a binary file.
Files with another hash than the known one are not parsed.
"""

import hashlib
import math
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.tensors import measure_w_avg
from spaceseed.models.generators.mobile_stylegan import HAAR, MobileStyleGAN

PACKAGE = "random_face==2021.7.21.1"
SHA256 = {
    "MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    "MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    "SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    "SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}
CHANNELS = (512, 512, 512, 512, 512, 256, 128, 64)
W_DIM = 512
MAPPING_LAYERS = 8


def installed() -> Path | None:
    """Returns the folder of data files that `make faces` installs; None if it is missing."""
    try:
        folder = Path(str(distribution(PACKAGE.partition("==")[0]).locate_file("random_face/data")))
    except PackageNotFoundError:
        return None
    return folder if all((folder / name).is_file() for name in SHA256) else None


def read(folder: Path) -> MobileStyleGAN:
    """Reads the generator of 1024x1024 faces.

    Args:
        folder: the folder of the four data files, from `installed`.

    Returns:
        The generator with measured w_avg, frozen, in evaluation mode.

    Raises:
        CheckpointError: a file is missing or has another hash.
    """
    files = {name: _known_bytes(folder / name) for name in SHA256}
    generator = MobileStyleGAN(W_DIM, CHANNELS, mapping_layers=MAPPING_LAYERS)
    tensors = {
        **_mapping(_Constants(files["MappingNetwork.xml"], files["MappingNetwork.bin"])),
        **_synthesis(_Constants(files["SynthesisNetwork.xml"], files["SynthesisNetwork.bin"])),
        "mapping.w_avg": torch.zeros(W_DIM),
    }
    generator.load_state_dict(tensors)
    generator.w_avg.copy_(measure_w_avg(generator))
    return generator.eval().requires_grad_(False)


def _known_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.name} of {PACKAGE} cannot be read: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != SHA256[path.name]:
        raise CheckpointError(f"{path.name} is not the file that {PACKAGE} has: its sha256 differs.")
    return content


class _Constants:
    """The float tensors of one network, in the graph's order: by name, or by the distance after a name.

    The export computed some constants without names: scales of styles, noise times strength, pointwise weights.
    """

    def __init__(self, graph: bytes, content: bytes) -> None:
        self.tensors: list[Tensor] = []
        self.places: dict[str, int] = {}
        for layer in ElementTree.fromstring(graph).iter("layer"):  # noqa: S314  # the hash is known
            data = layer.find("data")
            if layer.get("type") == "Const" and data is not None and data.get("element_type") == "f32":
                shape = [int(size) for size in data.get("shape", "").split(",")]
                values = np.frombuffer(content, "<f4", math.prod(shape), int(data.get("offset", "")))
                self.places[layer.get("name", "")] = len(self.tensors)
                self.tensors.append(torch.from_numpy(values.reshape(shape).copy()))

    def __call__(self, name: str, places_after: int = 0) -> Tensor:
        return self.tensors[self.places[name] + places_after]


def _mapping(constants: _Constants) -> dict[str, Tensor]:
    matrices = [i for i, tensor in enumerate(constants.tensors) if tensor.shape == (W_DIM, W_DIM)]
    tensors = {}
    for layer, place in enumerate(matrices):
        # MappingNetwork multiplies by its learning rate and 1 / sqrt(fan_in). The file has both in its weights.
        tensors[f"mapping.fc{layer}.weight"] = constants.tensors[place] * (100 * math.sqrt(W_DIM))
        tensors[f"mapping.fc{layer}.bias"] = constants.tensors[place + 1] * 100
    return tensors


def _synthesis(constants: _Constants) -> dict[str, Tensor]:
    tensors = {"const": constants("m.input.input")}
    _add(tensors, "conv.affine", _affine(constants, "m.conv1.conv"))
    dense = {"weight": constants("m.input.input", 1), "noise": constants("m.input.input", 2)}
    _add(tensors, "conv", {**dense, "bias": constants("m.conv1.bias").flatten()})
    last = "conv"  # the layer whose channels are the wavelet bands of the next block
    for i in range(len(CHANNELS) - 1):
        theirs, ours = f"m.layers.{i}", f"blocks.{i}"
        up = {
            "weight": constants(f"{theirs}.up.modulation.weight"),
            "bias": constants(f"{theirs}.up.modulation.bias").flatten(),
        }
        _add(tensors, f"{ours}.affine", {name: _by_channel(tensor) for name, tensor in up.items()})
        for name in ("weight", "bias"):
            tensors[f"{last}.{name}"] = _by_channel(tensors[f"{last}.{name}"])
        for theirs_conv, ours_conv in ((f"{theirs}.conv1", f"{ours}.conv0"), (f"{theirs}.conv2", f"{ours}.conv1")):
            _add(tensors, f"{ours_conv}.affine", _affine(constants, f"{theirs_conv}.conv"))
            _add(tensors, ours_conv, _separable(constants, theirs_conv))
        last = f"{ours}.conv1"
    _add(tensors, "torgb.affine", _affine(constants, "m.layers.6.to_img.conv"))
    colours = {
        "weight": constants("m.layers.6.to_img.conv.weight").flatten(1),
        "bias": constants("m.layers.6.to_img.bias").reshape(-1, 1),
    }
    _add(tensors, "torgb", {name: _transformed(_by_channel(tensor)) for name, tensor in colours.items()})
    return tensors


def _add(tensors: dict[str, Tensor], prefix: str, of_module: dict[str, Tensor]) -> None:
    tensors.update({f"{prefix}.{name}": tensor for name, tensor in of_module.items()})


def _affine(constants: _Constants, name: str) -> dict[str, Tensor]:
    """Returns the map from w to a style, times the scale 1 / sqrt(fan_in) that the graph applies to the style."""
    bias = f"{name}.modulation.bias"
    scale = constants(bias, 1).item()
    return {"weight": constants(f"{name}.modulation.weight") * scale, "bias": constants(bias).flatten() * scale}


def _separable(constants: _Constants, name: str) -> dict[str, Tensor]:
    depthwise = f"{name}.conv.weight_dw"
    return {
        "depthwise": constants(depthwise).squeeze(2),
        "weight": constants(depthwise, 1),
        "noise": constants(depthwise, 2),
        "bias": constants(f"{name}.bias").flatten(),
    }


def _by_channel(tensor: Tensor) -> Tensor:
    """Reorders rows from all low bands first, then three details for each channel, to four bands for each channel."""
    channels = tensor.shape[0] // 4
    low, details = tensor[:channels, None], tensor[channels:].unflatten(0, (channels, 3))
    return torch.cat([low, details], dim=1).flatten(0, 1)


def _transformed(tensor: Tensor) -> Tensor:
    """Converts rows of bands to rows of pixels with the inverse Haar transform."""
    return torch.einsum("pb,cb...->cp...", HAAR, tensor.unflatten(0, (-1, 4))).flatten(0, 1)
