"""Trains the bundled attribute classifier on rendered faces.

python -m spaceseed.training.bundled.classifier --data runs/data --out spaceseed/assets/classifier
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import Classifier
from spaceseed.training.bundled.augment import augment
from spaceseed.training.bundled.avatars import ATTRIBUTES, Renders, renders

RESOLUTION = 64
WIDTHS = (24, 48, 80, 96)


def save(classifier: Classifier, folder: Path) -> None:
    """Writes the weights in half precision, and the network's configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = classifier.state_dict().items()
    halves = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in weights}
    save_file(halves, folder / "model.safetensors")
    config = {"resolution": RESOLUTION, "widths": WIDTHS, "attributes": ATTRIBUTES}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def plain() -> Classifier:
    """Builds the untrained bundled classifier."""
    return Classifier(ATTRIBUTES, RESOLUTION, WIDTHS)


def train(
    data: Renders, epochs: int, batch: int, rate: float, seed: int, build: Callable[[], Classifier] = plain
) -> Classifier:
    """Minimises the sum of the attributes' cross entropies over augmented faces."""
    torch.manual_seed(seed)  # layers initialise from the global generator
    classifier = build().train()
    print(f"{sum(p.numel() for p in classifier.parameters()):,} parameters", flush=True)
    targets = torch.from_numpy(data.labels)
    steps = epochs * (len(targets) // batch)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    order, generator = list(range(len(targets))), torch.Generator().manual_seed(seed)
    rng, start = random.Random(seed), time.perf_counter()
    for epoch in range(1, epochs + 1):
        rng.shuffle(order)
        total, batches = 0.0, len(order) // batch
        for first in range(0, batches * batch, batch):
            picked = order[first : first + batch]
            images = augment(from_uint8(data.images[picked]), generator).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = classifier(images)
            loss = sum(
                (F.cross_entropy(logits[name].float(), targets[picked, k]) for k, name in enumerate(ATTRIBUTES)),
                start=torch.zeros(()),
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        speed = epoch * batches * batch / (time.perf_counter() - start)
        print(f"epoch {epoch}/{epochs}  loss {total / batches:.4f}  {speed:.0f} images/s", flush=True)
    return classifier.eval()


@torch.no_grad()
def accuracies(classifier: Classifier, data: Renders) -> dict[str, float]:
    """Returns the share of correctly recognised faces for each attribute. "hidden" counts as a value."""
    parts = [classifier(from_uint8(part)) for part in np.array_split(data.images, 40)]
    return {
        name: (torch.cat([part[name] for part in parts]).argmax(dim=1).cpu().numpy() == data.labels[:, k]).mean().item()
        for k, name in enumerate(classifier.attributes)
    }


def main() -> None:
    """Trains, saves and prints the held-out accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/classifier"))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=4e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    classifier = train(renders("train", args.data), args.epochs, args.batch, args.rate, args.seed)
    save(classifier, args.out)
    for name, share in accuracies(classifier, renders("held_out", args.data)).items():
        print(f"{name:14s} {share:.4f}")


if __name__ == "__main__":
    main()
