"""Trains the bundled segmenter on rendered faces and their exact masks.

python -m spaceseed.training.bundled.segmenter --data runs/data --out spaceseed/assets/segmenter
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.segmenter import Segmenter, UNet, read_avatars
from spaceseed.training.bundled.augment import degraded, motions, moved
from spaceseed.training.bundled.avatars import RESOLUTION
from spaceseed.training.bundled.masks import CLASSES, Masks, masks

WIDTHS = (16, 32, 64, 96)
TRAINED_ON, MEASURED_ON = 8_000, 1_000  # faces
COARSE = 0.2  # share of the faces that are shown with half as many pixels, as the smaller generator draws them


def save(network: UNet, folder: Path) -> None:
    """Writes the weights in half precision, and the network's configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = network.state_dict().items()
    halves = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in weights}
    save_file(halves, folder / "model.safetensors")
    config = {"resolution": RESOLUTION, "widths": WIDTHS, "classes": CLASSES}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def shown(images: Tensor, labels: Tensor, generator: torch.Generator, moving: bool) -> tuple[Tensor, Tensor]:
    """Moves faces together with their masks, if asked to, and makes them look as if a generator had drawn them.

    Args:
        images: [N, 3, H, W] in [-1, 1].
        labels: int64 [N, H, W].
        generator: on the images' device.
        moving: whether faces are moved. Then masks become soft.

    Returns:
        images, and the share of each class in each pixel [N, classes, H, W].
    """
    shares = F.one_hot(labels, len(CLASSES)).permute(0, 3, 1, 2).float()
    if moving:
        motion = motions(images, generator)
        images, shares = moved(images, motion), moved(shares, motion)
    images = degraded(images, generator)
    coarse = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="bilinear", align_corners=False)
    chosen = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < COARSE
    return torch.where(chosen, coarse, images), shares


def train(data: Masks, epochs: int, still: int, batch: int, rate: float, seed: int) -> UNet:
    """Minimises the cross entropy of the pixels of augmented faces.

    First faces are moved, so that their places are not learned. That blurs the masks, and thin lines such as brows no
    longer cover most of any pixel. So then the network learns from exact masks.

    Args:
        data: the faces.
        epochs: rounds over all faces, moved.
        still: rounds after them, not moved, with half the rate.
        batch: faces in each step.
        rate: peak learning rate.
        seed: of the initial weights, the order and the augmentation.
    """
    torch.manual_seed(seed)  # layers initialise from the global generator
    network = UNet(len(CLASSES), WIDTHS)
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters", flush=True)
    _learn(network, data, epochs, batch, rate, seed, moving=True)
    _learn(network, data, still, batch, rate / 2, seed + 1, moving=False)
    return network.eval()


def _learn(network: UNet, data: Masks, epochs: int, batch: int, rate: float, seed: int, moving: bool) -> None:
    network.train()
    batches = len(data.images) // batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * batches, pct_start=0.15)
    order, generator = list(range(len(data.images))), torch.Generator().manual_seed(seed)
    rng, start = random.Random(seed), time.perf_counter()
    for epoch in range(1, epochs + 1):
        rng.shuffle(order)
        total = 0.0
        for first in range(0, batches * batch, batch):
            picked = order[first : first + batch]
            labels = torch.from_numpy(data.labels[picked]).long()
            images, shares = shown(from_uint8(data.images[picked]), labels, generator, moving)
            logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, shares)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        speed = epoch * batches * batch / (time.perf_counter() - start)
        print(f"epoch {epoch}/{epochs}  loss {total / batches:.4f}  {speed:.0f} images/s", flush=True)


def overlaps(segmenter: Segmenter, data: Masks) -> dict[str, float]:
    """Returns the intersection over union of each class that is anywhere, over all pixels of all faces."""
    both, either = np.zeros(len(segmenter.classes)), np.zeros(len(segmenter.classes))
    for first in range(0, len(data.images), 100):
        found = segmenter.segment(from_uint8(data.images[first : first + 100])).cpu().numpy()
        truth = data.labels[first : first + 100]
        for k in range(len(both)):
            both[k] += np.count_nonzero((found == k) & (truth == k))
            either[k] += np.count_nonzero((found == k) | (truth == k))
    rows = zip(segmenter.classes, both.tolist(), either.tolist(), strict=True)
    return {name: shared / all_pixels for name, shared, all_pixels in rows if all_pixels}


def main() -> None:
    """Trains, saves and prints how well the masks of held-out faces are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/segmenter"))
    parser.add_argument("--epochs", type=int, default=5, help="rounds with moved faces")
    parser.add_argument("--still", type=int, default=2, help="rounds with exact masks after them")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="measure what is there without training")
    args = parser.parse_args()
    if not args.measure:
        network = train(
            masks("train", TRAINED_ON, args.data), args.epochs, args.still, args.batch, args.rate, args.seed
        )
        save(network, args.out)
    rows = overlaps(read_avatars(args.out), masks("held_out", MEASURED_ON, args.data))
    for name, overlap in rows.items():
        print(f"{name:10s} {overlap:.4f}")
    print(f"mean       {np.mean(list(rows.values())):.4f}")


if __name__ == "__main__":
    main()
