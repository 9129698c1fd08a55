"""Trains the bundled generator and packs it as `spaceseed.models.zoo.load` reads it.

    python -m spaceseed.training.bundled.generator --data runs/data --runs runs/avatars --out spaceseed/assets/avatars

An interrupted run goes on from its last checkpoint; `--pack` packs that checkpoint without training on.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from spaceseed.models.generator import Generator
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.config import Config
from spaceseed.training.data import ImageSet
from spaceseed.training.measure import AvatarFeatures, Comparison
from spaceseed.training.trainer import Measure, Trainer

CONFIG = Config(resolution=64, grow_from=32, images=240_000, batch=8, r1_gamma=1.0, precision="bfloat16")
CARD = {
    "title": "Avatars",
    "family": "StyleGAN2",
    "licence": "Apache-2.0",
    "terms": "Free for any use; keep the notice.",
    "source": "bundled; trained by spaceseed.training",
    "truncation": 0.7,
}


def pack(generator: Generator, folder: Path) -> None:
    """Writes `generator.safetensors`, in half precision, and `generator.json`, its card."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in generator.state_dict().items()}
    save_file(weights, folder / "generator.safetensors")
    card = CARD | {"resolution": generator.resolution}
    (folder / "generator.json").write_text(json.dumps({"card": card}, indent=2) + "\n")


def progress_measure(data: Path) -> Measure:
    """What a report tells of quality: as in the model card, but of fewer images, hence a larger distance."""
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
