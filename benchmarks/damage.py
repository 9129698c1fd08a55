"""Two detectors of damaged faces: `python -m benchmarks.damage --data runs/data` trains them in 5 minutes.

`benchmarks.avoidance` needs two people: a *visitor*, who marks images, and a *judge*, who says in the end what is
broken. Both are networks that learned to tell damaged drawings from sound ones. They differ in architecture, initial
weights and the drawings that they were shown.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import Classifier
from spaceseed.ops.validation import area_under_curve
from spaceseed.training.bundled.augment import augment
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.bundled.damaged import KINDS, damage

NAMES: dict[str, tuple[str, ...]] = {"damage": ("none", *KINDS)}
SIDE = 32  # pixels that they look at
BATCH, RATE = 64, 3e-3


def _convolutional() -> Classifier:
    return Classifier(NAMES, SIDE, (24, 48, 64))


def _large_kernels() -> Classifier:
    """Builds another architecture: kernels of 5 pixels, and normalisation within an image instead of over the batch."""
    detector, widths = Classifier(NAMES, SIDE, (64,)), (3, 24, 48, 64)
    layers = [
        layer
        for before, after in pairwise(widths)
        for layer in (nn.Conv2d(before, after, 5, 2, padding=2), nn.GroupNorm(8, after), nn.GELU())
    ]
    detector.body = nn.Sequential(*layers, nn.Conv2d(64, 64, 3, padding=1), nn.GELU())
    return detector


@dataclass(frozen=True)
class Detector:
    """How one of them is built and taught: the drawings, and the seed of the damage and the weights."""

    build: Callable[[], Classifier]
    rows: slice
    seed: int


DETECTORS = {
    "visitor": Detector(_convolutional, slice(15_000), 101),
    "judge": Detector(_large_kernels, slice(15_000, None), 202),
}


def load_detector(name: str) -> Callable[[Tensor], Tensor]:
    """Returns a function from images [n, 3, 64, 64] to the probability that they are damaged, [n]."""
    detector = DETECTORS[name].build()
    detector.load_state_dict(load_file(_weights(name)))
    detector.eval().requires_grad_(False)
    return lambda images: 1 - detector.probabilities(images)["damage"][:, 0]


def _weights(name: str) -> Path:
    return Path(__file__).parent / f"damage_{name}.safetensors"


def train(name: str, images: np.ndarray, epochs: int) -> None:
    """Trains a detector on images uint8 [n, 64, 64, 3], half of which it damages, and saves it."""
    chosen = DETECTORS[name]
    torch.manual_seed(chosen.seed)
    detector = chosen.build().train()
    images = images[chosen.rows]
    optimizer = torch.optim.AdamW(detector.parameters(), lr=RATE, weight_decay=0.02)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.15)
    rng = torch.Generator().manual_seed(chosen.seed)
    for epoch in range(epochs):
        shown, kinds = damage(images, 0.5, chosen.seed + epoch)
        losses = []
        for rows in torch.randperm(len(images), generator=rng)[: len(images) // BATCH * BATCH].view(-1, BATCH):
            seen = F.avg_pool2d(from_uint8(shown[rows.numpy()]), shown.shape[1] // SIDE)
            logits = detector(augment(seen, rng))["damage"]
            loss = F.cross_entropy(logits, torch.from_numpy(kinds[rows.numpy()] + 1))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"{name}: epoch {epoch + 1} of {epochs}, loss {np.mean(losses):.3f}", flush=True)
    halves = {key: (t.half() if t.is_floating_point() else t).contiguous() for key, t in detector.state_dict().items()}
    save_file(halves, _weights(name))


def main() -> None:
    """Trains both, and prints how well they tell held-out drawings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    images, kinds = damage(renders("held_out", args.data).images[:1_000], 0.5, seed=0)
    for name in DETECTORS:
        train(name, renders("train", args.data).images, args.epochs)
        look = load_detector(name)
        p = torch.cat([look(from_uint8(part)) for part in np.array_split(images, 20)])
        damaged = torch.from_numpy(kinds >= 0)
        area, right = area_under_curve(p[damaged], p[~damaged]), ((p > 0.5) == damaged).float().mean()
        print(f"{name}: AUC {area:.3f}, right {right:.3f} of {len(images):,} held-out drawings")


if __name__ == "__main__":
    main()
