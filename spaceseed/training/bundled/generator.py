"""Trains the bundled generator, and saves it for `spaceseed.models.zoo.loading.load`.

    python -m spaceseed.training.bundled.generator --data runs/data --runs runs/avatars --out spaceseed/assets/avatars

An interrupted run continues from its last checkpoint. `--pack` saves that checkpoint without more training.
"""

import argparse
from pathlib import Path

import torch

from spaceseed.metrics.features import AvatarFeatures
from spaceseed.models.generators.generator import Generator
from spaceseed.models.zoo.loading import write_bundled_card
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.config import Config
from spaceseed.training.data.images import ImageSet
from spaceseed.training.export import export
from spaceseed.training.measure import Comparison
from spaceseed.training.trainer import Measure, Trainer

# The averaged weights have little noise, so the learning rate need not decrease. When it did, over the last of 1.8
# million images, the Frechet distance to the renders grew (9.2 to 10.0, N = 1,000).
CONFIG = Config(
    network="normalized",
    objective="leastsquares",
    resolution=64,
    images=2_400_000,
    batch=32,
    z_dim=32,
    decay=False,
    r1_gamma=0.0,
    ema_images=50_000,
    precision="bfloat16",
    report_every=30_000,
    checkpoint_every=30_000,
)


def pack(generator: Generator, folder: Path) -> None:
    """Writes `generator.safetensors` in half precision, with its card in the header and beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    export(
        generator,
        folder / "generator.safetensors",
        title="Avatars",
        licence="Apache-2.0",
        terms="Free for any use; keep the notice.",
        truncation=0.7,
        dtype=torch.float16,
    )
    write_bundled_card(folder / "generator.safetensors")


def progress_measure(data: Path) -> Measure:
    """Returns the metrics for reports: as in the model card, but on fewer images, so the distance is larger."""
    return Comparison(ImageSet(renders("held_out", data).images), AvatarFeatures())


def main() -> None:
    """Trains, then saves the generator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--runs", type=Path, default=Path("runs/avatars"), help="folder of checkpoints and previews")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/avatars"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pack", action="store_true", help="save the last checkpoint without more training")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    trainer = Trainer(CONFIG, ImageSet(renders("train", args.data).images), args.runs, progress_measure(args.data))
    pack(trainer.finished if args.pack else trainer.run(), args.out)


if __name__ == "__main__":
    main()
