"""A second classifier, which only confirms: `python -m benchmarks.witness` trains it (about 15 minutes on two cores).

The bundled classifier confirms what a search found. A method that is chosen by what it confirms could learn to please
it. The witness has another architecture (ConvNeXt, Liu et al. 2022), other initial weights and other augmentation
draws. No setting is chosen by it: it is asked only for the final table of `search_quality`.
"""

import argparse
import time
from pathlib import Path

import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
from safetensors.torch import load_file, save_file
from timm.models.convnext import ConvNeXt
from torch import nn

from spaceseed.models.judges.classifier import Classifier
from spaceseed.training.bundled.avatars import ATTRIBUTES, renders
from spaceseed.training.bundled.classifier import RESOLUTION, accuracies, train

WEIGHTS = Path(__file__).parent / "witness.safetensors"
DEPTHS, WIDTHS = (1, 2, 3, 1), (24, 48, 96, 128)
SEED = 20_260


class _Features(ConvNeXt):
    """ConvNeXt's last feature map."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.forward_features(images)


def build() -> Classifier:
    """Builds the untrained witness."""
    witness = Classifier(ATTRIBUTES, RESOLUTION, (WIDTHS[-1],))
    # A stem of 2 pixels, because brows and eyes have a few pixels at this resolution.
    witness.body = nn.Sequential(_Features(depths=DEPTHS, dims=WIDTHS, patch_size=2, num_classes=0))
    return witness


def load_witness() -> Classifier:
    """Loads the witness, in evaluation mode."""
    witness = build()
    witness.load_state_dict(load_file(WEIGHTS))
    return witness.eval().requires_grad_(False)


def main() -> None:
    """Trains and saves it, and prints its held-out accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()
    began = time.monotonic()
    witness = train(renders("train", args.data), args.epochs, 128, 3e-3, SEED, build)
    halves = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in witness.state_dict().items()}
    save_file(halves, WEIGHTS)
    for name, share in accuracies(load_witness(), renders("held_out", args.data)).items():
        print(f"{name:14s} {share:.4f}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
