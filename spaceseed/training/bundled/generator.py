"""Trains the bundled generator and packs it as `spaceseed.models.zoo.load` reads it.

    python -m spaceseed.training.bundled.generator --data runs/data --runs runs/avatars --out spaceseed/assets/avatars

An interrupted run goes on from its last checkpoint; `--pack` packs that checkpoint without training on.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from spaceseed.models.classifier import load_classifier
from spaceseed.models.stylegan2 import StyleGAN2
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.bundled.figures import compare, render_features, sample_features
from spaceseed.training.gan import Config, Measure, Stage, Trainer

CONFIG = Config(batch=8, stages=(Stage(32, 80_000, r1_gamma=0.5), Stage(64, 240_000, r1_gamma=1.0, decay=True)))
REPORT_EVERY, MEASURED = 10_000, 1_000
CARD = {
    "title": "Avatars",
    "family": "StyleGAN2",
    "licence": "Apache-2.0",
    "terms": "Free for any use; keep the notice.",
    "source": "bundled; trained by spaceseed.training",
    "truncation": 0.7,
}


def pack(generator: StyleGAN2, folder: Path) -> None:
    """Writes `generator.safetensors`, in half precision, and `generator.json`, its card."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in generator.state_dict().items()}
    save_file(weights, folder / "generator.safetensors")
    card = CARD | {"resolution": generator.resolution}
    (folder / "generator.json").write_text(json.dumps({"card": card}, indent=2) + "\n")


def progress_measure(data: Path) -> Measure:
    """What a report tells of quality: as in the model card, but of fewer images, hence a larger distance."""
    classifier = load_classifier("avatars")
    real = render_features("held_out", data, classifier, MEASURED)
    return lambda generator: compare(real, sample_features(generator, classifier, MEASURED, truncation=1.0))


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
    trainer = Trainer(CONFIG, renders("train", args.data).images, args.runs)
    pack(trainer.average if args.pack else trainer.run(REPORT_EVERY, progress_measure(args.data)), args.out)


if __name__ == "__main__":
    main()
