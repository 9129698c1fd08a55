"""Writes the bundled networks that find faces and landmarks, from the package face-api (MIT licence).

    npm pack @vladmandic/face-api@1.7.15        # and unpack it, here into runs/face-api
    python -m spaceseed.training.bundled.faces --package runs/face-api/package

The package stores each weight in 8 bits. Half precision keeps all of it that matters, and needs no code to unpack.
"""

import argparse
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from spaceseed.models.judges.faces import FILE, FaceFinder
from spaceseed.training.bundled.tfjs import read_weights


def converted(folder: Path) -> dict[str, Tensor]:
    """Returns the state dict of a `FaceFinder`, from the package's folder."""
    detector, landmarks = (
        read_weights(folder / "model" / f"{name}_model-weights_manifest.json")
        for name in ("tiny_face_detector", "face_landmark_68")
    )
    state: dict[str, Tensor] = {}
    _dense(state, "detector.first", detector, "conv0")
    for i in range(5):
        _separable(state, f"detector.blocks.{i}", detector, f"conv{i + 1}")
    _dense(state, "detector.last", detector, "conv8")
    for block in range(4):
        for conv in range(4):
            names = f"landmarker.blocks.{block}.convs.{conv}", landmarks, f"dense{block}/conv{conv}"
            (_dense if block == conv == 0 else _separable)(state, *names)
    state["landmarker.last.weight"] = landmarks["fc/weights"].t()
    state["landmarker.last.bias"] = landmarks["fc/bias"]
    return {name: tensor.half().contiguous() for name, tensor in state.items()}


def _dense(state: dict[str, Tensor], name: str, weights: dict[str, Tensor], theirs: str) -> None:
    state[f"{name}.weight"] = weights[f"{theirs}/filters"].permute(3, 2, 0, 1)
    state[f"{name}.bias"] = weights[f"{theirs}/bias"]


def _separable(state: dict[str, Tensor], name: str, weights: dict[str, Tensor], theirs: str) -> None:
    state[f"{name}.0.weight"] = weights[f"{theirs}/depthwise_filter"].permute(2, 3, 0, 1)
    state[f"{name}.1.weight"] = weights[f"{theirs}/pointwise_filter"].permute(3, 2, 0, 1)
    state[f"{name}.1.bias"] = weights[f"{theirs}/bias"]


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, help="the unpacked package face-api")
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    state = converted(args.package)
    FaceFinder().load_state_dict(state)  # fails unless each tensor fits
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, args.out)


if __name__ == "__main__":
    main()
