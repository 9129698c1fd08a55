"""Trains the bundled generator and packs it as `spaceseed.models.zoo.loading.load` reads it.

    python -m spaceseed.training.bundled.generator --data runs/data --runs runs/avatars --out spaceseed/assets/avatars

An interrupted run goes on from its last checkpoint; `--pack` packs that checkpoint without training on.
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

# Of a batch's noise little is left in weights that are the mean over so many images, so the step size need not fall;
# when it did, over the last of 1.8 million images, the distance to the renders grew (9.2 to 10.0, N = 1,000).
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
    """Writes `generator.safetensors`, in half precision, its card in the header, and the card beside it."""
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
    """Makes what a report measures: as in the model card, but of fewer images, so the distance is larger."""
    return Comparison(ImageSet(renders("held_out", data).images), AvatarFeatures())


def main() -> None:
    """Trains through all stages, then packs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--runs", type=Path, default=Path("runs/avatars"), help="folder of checkpoints and previews")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/avatars"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pack", action="store_true", help="pack the last checkpoint as it is")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    trainer = Trainer(CONFIG, ImageSet(renders("train", args.data).images), args.runs, progress_measure(args.data))
    pack(trainer.finished if args.pack else trainer.run(), args.out)


if __name__ == "__main__":
    main()
