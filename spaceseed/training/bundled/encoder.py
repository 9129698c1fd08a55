"""Trains the bundled encoder of the avatars.

    python -m spaceseed.training.bundled.encoder --data runs/data --runs runs

An interrupted run continues from its last checkpoint. `--pack` saves that checkpoint without more training.
"""

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from spaceseed.models.judges.encoder import ASSETS, FILE, save_encoder
from spaceseed.models.judges.perceptual import load_distance
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.data.images import ImageSet
from spaceseed.training.encoder import EncoderConfig, EncoderTrainer, train_encoder

MODEL = "avatars"
CONFIG = EncoderConfig(images=300_000, known=0.264)


def main() -> None:
    """Trains, then saves the encoder beside its generator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the checkpoint")
    parser.add_argument("--out", type=Path, default=ASSETS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pack", action="store_true", help="save the last checkpoint without more training")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    images = ImageSet(renders("train", args.data).images)
    trainer = EncoderTrainer(load(MODEL), load_distance(MODEL), CONFIG, images)
    folder = args.runs / f"{MODEL}-encoder"
    if args.pack:
        trainer.resume(folder)
    else:
        with tqdm(total=CONFIG.images, unit=" images") as bar:
            for losses in train_encoder(trainer, folder, CONFIG):
                bar.update(trainer.seen - bar.n)
                bar.set_postfix({name: f"{loss:.3f}" for name, loss in losses.items()}, refresh=False)
    save_encoder(trainer.encoder, args.out / MODEL / FILE)


if __name__ == "__main__":
    main()
