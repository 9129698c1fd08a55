"""Trains the bundled generators, and saves them for `spaceseed.models.zoo.loading.load`.

    python -m spaceseed.training.bundled.generator --only avatars-pggan --data runs/data --runs runs

An interrupted run continues from its last checkpoint. `--pack` saves that checkpoint without more training.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from spaceseed.metrics.features import AvatarFeatures
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.generators.generator import Generator
from spaceseed.models.zoo.loading import write_bundled_card
from spaceseed.training.bundled.avatars import RESOLUTION, halved, renders
from spaceseed.training.bundled.damaged import damage
from spaceseed.training.config import Config
from spaceseed.training.data.images import ImageSet
from spaceseed.training.measure import Comparison
from spaceseed.training.trainer import Measure, Trainer


@dataclass(frozen=True)
class Bundled:
    """One bundled generator.

    Attributes:
        title: what people see.
        note: what else its card says.
        config: how it is trained.
        damaged: share of the training images that are damaged.
    """

    title: str
    note: str
    config: Config
    damaged: float = 0.0


BUNDLED = {
    # The averaged weights have little noise, so the learning rate need not decrease. When it did, over the last of 1.8
    # million images, the Frechet distance to the renders grew (9.2 to 10.0, N = 1,000).
    "avatars": Bundled(
        "Avatars",
        "",
        Config(
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
        ),
    ),
    # Taught with damaged drawings and for a short time, so that there is something to avoid and to repair.
    "avatars-pggan": Bundled(
        "Flawed avatars",
        "Taught with drawings of which a third was damaged, so many faces lack eyes and mouth, or are "
        "smeared: an exercise for Avoid.",
        Config(
            network="normalized-pggan",
            objective="leastsquares",
            resolution=32,
            images=200_000,
            batch=32,
            z_dim=16,
            capacity=0.5,
            decay=False,
            r1_gamma=0.0,
            ema_images=10_000,
            report_every=20_000,
            checkpoint_every=20_000,
        ),
        damaged=0.33,
    ),
}


def pack(generator: Generator, name: str, folder: Path) -> None:
    """Writes `generator.safetensors` in half precision, with its card in the header and beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    save_generator(
        generator,
        folder / "generator.safetensors",
        title=BUNDLED[name].title,
        licence="Apache-2.0",
        terms="Free for any use; keep the notice.",
        truncation=0.7,
        dtype=torch.float16,
    )
    write_bundled_card(folder / "generator.safetensors", BUNDLED[name].note)


def progress_measure(data: Path, resolution: int) -> Measure:
    """Returns the metrics for reports: as in the model card, but on fewer images, so the distance is larger."""
    images = renders("held_out", data).images
    return Comparison(ImageSet(images if resolution == RESOLUTION else halved(images)), AvatarFeatures())


def main() -> None:
    """Trains, then saves the generators."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=BUNDLED, help="the generator to train; all if left out")
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of checkpoints and previews")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pack", action="store_true", help="save the last checkpoint without more training")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name, bundled in BUNDLED.items():
        if args.only in (None, name):
            config = bundled.config
            images, _ = damage(renders("train", args.data).images, bundled.damaged, seed=0)
            images = images if config.resolution == RESOLUTION else halved(images)
            measure = progress_measure(args.data, config.resolution)
            trainer = Trainer(config, ImageSet(images), args.runs / name, measure)
            pack(trainer.finished if args.pack else trainer.run(), name, args.out / name)


if __name__ == "__main__":
    main()
