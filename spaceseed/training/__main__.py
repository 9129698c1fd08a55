"""Trains a generator on a folder of images. After an interruption, the same command continues the run.

    python -m spaceseed.training --data photos --out runs/photos --resolution 64 --objective egan

`--encoder-for FILE` trains an encoder for a generator instead: a network that finds the latent of a picture.

The folder of the run then holds generator.safetensors, which spaceseed.load opens, metrics.csv, plot.png, a
preview for each report, and the checkpoint.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from tqdm import tqdm

from spaceseed.errors import TrainingError
from spaceseed.metrics.features import AvatarFeatures, Features
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.generators.generator import Generator
from spaceseed.training import encoder
from spaceseed.training.config import AUGMENTATIONS, EGAN, PRECISIONS, PROJECTED, Config, Evolution
from spaceseed.training.data.images import ImageSet, read_folder
from spaceseed.training.failures import EXPECTED, tell
from spaceseed.training.losses import LOSSES
from spaceseed.training.machine import Machine
from spaceseed.training.measure import Comparison, ImageNetFeatures
from spaceseed.training.networks.pairs import CONDITIONS, NETWORKS
from spaceseed.training.trainer import Trainer

CHOICES = {
    "network": tuple(NETWORKS),
    "objective": (*LOSSES, EGAN),
    "projected": PROJECTED,
    "augment": AUGMENTATIONS,
    "condition": CONDITIONS,
    "precision": PRECISIONS,
    "mutations": tuple(LOSSES),
}
FILE = "generator.safetensors"
FEATURES: dict[str, Callable[[], Features]] = {"imagenet": ImageNetFeatures, "avatars": AvatarFeatures}
HELP = {
    "network": "architecture; the normalized ones are a StyleGAN2 and a PGGAN that learn quickly on small machines",
    "resolution": "side of the images in pixels, a power of two",
    "objective": "losses of the game, or egan, where generators with several objectives compete",
    "images": "length of the training: number of real images shown to the discriminator",
    "batch": "images for each step, in each process",
    "z_dim": "size of a latent",
    "capacity": "factor of the networks' feature maps",
    "learning_rate": "learning rate of Adam; the network's own if left out",
    "decay": "whether the learning rate decreases in the last quarter",
    "r1_gamma": "weight of the R1 gradient penalty, 0 for none; use more for fewer or larger images",
    "r1_interval": "discriminator steps for each gradient penalty",
    "ema_images": "half-life, in images, of the moving average of weights, which is the result",
    "grow_from": "begin with images of this side, and double it during the training",
    "projected": "a discriminator on ImageNet features, beside the network's own or alone",
    "augment": "for few images: diff always, ada as much as needed",
    "condition": "use the labels: embed as in CGAN, auxiliary as in ACGAN, or both",
    "label_dropout": "probability to drop an image's labels, so that images can later be drawn without some labels",
    "mirror": "also train on every image flipped left to right",
    "precision": "precision of the arithmetic",
    "channels_last": "memory layout that is faster on most processors",
    "seed": "seed of all random numbers",
    "report_every": "images between two reports",
    "checkpoint_every": "images between two checkpoints",
    "mutations": "egan: objectives; each parent has one child for each",
    "parents": "egan: number of generators that survive a generation",
    "gamma": "egan: weight of diversity in a child's fitness",
    "evaluated": "egan: number of images that a child's fitness is measured on",
    "d_steps": "egan: discriminator steps for each generation",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: the arguments; those of the command line if None.

    Returns:
        The exit status: 0 if the training is complete, 130 if it was stopped, 1 if a loss was not finite, 2 if it could
        not begin.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if any(each.split("=")[0] == "--encoder-for" for each in given):
        return encoder.main(given)
    args = vars(_parser().parse_args(given))
    if args["threads"]:
        torch.set_num_threads(args["threads"])
    try:
        config = _config(args)
        config.check_resumes(args["out"])
        labelled = config.condition != "none"
        images = _read(args["data"], config.resolution, labelled, Machine(config.precision).rank == 0)
        measure = None
        if args["features"] != "none":
            measure = Comparison(images, FEATURES[args["features"]](), labelled=labelled)
        trainer = Trainer(config, images, args["out"], measure)
        untrained = trainer.pair.finished(trainer.average)
        _export(trainer, untrained, args)  # to find errors before a long training
    except EXPECTED as error:
        return tell(error)
    except KeyboardInterrupt:
        return 130
    try:
        with _stopping(trainer):
            generator = trainer.run()
    except TrainingError as error:
        return tell(error) if trainer.machine.rank == 0 else 1
    _export(trainer, generator, args)
    if trainer.machine.rank == 0:
        _say_how_it_ended(trainer, args["out"] / FILE)
    return 0 if trainer.seen >= config.images else 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spaceseed.training",
        usage="%(prog)s --data FOLDER --out FOLDER [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of PNG, JPEG or WebP images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run, new or to be continued")
    for field in (*fields(Config), *fields(Evolution)):
        if field.name != "evolution":
            _add(parser, field.name, field.default)
    parser.add_argument(
        "--features", choices=[*FEATURES, "none"], default="imagenet", help="features of reported metrics (imagenet)"
    )
    parser.add_argument("--title", default="", help="title of the generator; by default the name of the data folder")
    parser.add_argument("--licence", default="unknown", help="licence of the generator")
    parser.add_argument("--threads", type=int, default=0, help="threads of the processor; all if left out")
    return parser


def _add(parser: argparse.ArgumentParser, name: str, default: Any) -> None:
    """Adds the option for a field of the settings."""
    assert default is not MISSING
    options: dict[str, Any] = {"default": default, "help": HELP[name]}
    if isinstance(default, bool):
        options["action"] = argparse.BooleanOptionalAction
    else:
        kind = {"learning_rate": float, "grow_from": int, "evaluated": int}.get(name, type(default))
        options |= {"type": str if name in CHOICES else kind, "choices": CHOICES.get(name)}
        options |= {"nargs": "+"} if name == "mutations" else {}
        shown = " ".join(default) if isinstance(default, tuple) else default
        options["help"] += "" if default is None else f" ({shown})"
        options["metavar"] = None if name in CHOICES else "N"
    parser.add_argument("--" + name.replace("_", "-"), **options)


def _config(args: dict[str, Any]) -> Config:
    its = {field.name: args[field.name] for field in fields(Evolution)}
    evolution = Evolution(**its | {"mutations": tuple(its["mutations"])})
    others = {field.name: args[field.name] for field in fields(Config) if field.name != "evolution"}
    return Config(**others, evolution=evolution)


def _read(folder: Path, resolution: int, labelled: bool, speak: bool) -> ImageSet:
    line = "reading images {percentage:3.0f} %"
    with tqdm(total=1.0, bar_format=line, leave=False, disable=None if speak else True) as bar:
        images = read_folder(folder, resolution, lambda share: bar.update(share - bar.n) and None)
    if speak:
        print(f"{len(images)} training images.", *images.notes, sep="\n")
        if images.labels:
            print(*images.labels.counts(), *["The labels are not used without --condition."] * (not labelled), sep="\n")
    return images


def _export(trainer: Trainer, generator: Generator, args: dict[str, Any]) -> None:
    if trainer.machine.rank == 0:
        title = args["title"] or args["data"].resolve().name
        save_generator(generator, args["out"] / FILE, title=title, licence=args["licence"], groups=trainer.groups)


@contextmanager
def _stopping(trainer: Trainer) -> Iterator[None]:
    """On Ctrl-C, or a request to end, finishes the current step. A second one ends the program at once."""

    def stop(number: int, _: FrameType | None) -> None:
        trainer.stopped = True
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_how_it_ended(trainer: Trainer, file: Path) -> None:
    if trainer.seen < trainer.config.images:
        print(
            f"Stopped at {trainer.seen:,} of {trainer.config.images:,} images; the same command continues from there."
        )
    print(f"The current generator: spaceseed.load({str(file)!r})")


if __name__ == "__main__":
    sys.exit(main())
