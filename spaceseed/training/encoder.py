"""Trains an encoder for a generator: a network that answers an image with styles, in one pass.

    python -m spaceseed.training --encoder-for runs/photos/generator.safetensors --out runs/encoder --data photos

It begins with the generator's own images, whose styles are known. Many of them mix the styles of two draws, so that
layers may differ. Then the images that come out are compared, too. Half of each batch are pictures by then, if there is
a folder of them, and only these are compared. Their styles are held near the mean as far as those of draws are.
"""

import argparse
import math
from collections.abc import Callable
from collections.abc import Generator as Steps
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from spaceseed.arguments import check_integer, check_number
from spaceseed.errors import ArgumentError, CheckpointError, TrainingError
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.encoder import LAST, Encoder, Header, save_encoder
from spaceseed.models.judges.perceptual import DISTANCES, load_distance
from spaceseed.models.zoo.loading import load
from spaceseed.training.data.images import ImageSet, read_folder
from spaceseed.training.failures import EXPECTED, tell

FILE, CHECKPOINT = "encoder.safetensors", "checkpoint.pt"
MOST_SIDE = 256  # of the encoder's input
WIDTHS = (32, 64, 96, 128)  # channels after the first halvings; later ones keep the last
CROSSED = 0.5  # share of samples that mix the styles of two draws
# Weights of the parts of the loss. "natural" is about styles that are further from the mean than draws, or differ.
WEIGHTS = {"styles": 0.5, "perceptual": 1.0, "pixels": 2.0, "natural": 0.1}
# Once images are compared, gradients grow: the learning rate becomes so much lower, and their norm is cut to this.
COMPARED, MOST_GRADIENT = 0.15, 5.0
DRAWS = 10_000  # that measure w


@dataclass(frozen=True)
class EncoderConfig:
    """The settings of a training.

    Attributes:
        images: length of the training: number of images shown.
        known: share of them, at the beginning, of which only the known styles teach: several times faster.
        batch: images for each step.
        learning_rate: the highest learning rate of Adam. It rises over the first 2 %, and falls along a cosine.
        seed: seed of all random numbers.
        checkpoint_every: images between two checkpoints.

    Raises:
        ArgumentError: a setting is out of range.
    """

    images: int = 120_000
    known: float = 2 / 3
    batch: int = 32
    learning_rate: float = 2e-3
    seed: int = 0
    checkpoint_every: int = 10_000

    def __post_init__(self) -> None:
        check_integer("images", self.images, 1)
        check_number("known", self.known, 0, 1)
        check_integer("batch", self.batch, 2)
        check_number("learning_rate", self.learning_rate, 0, 1, above=True)
        check_integer("seed", self.seed, 0, 2**63 - 1)
        check_integer("checkpoint_every", self.checkpoint_every, 1)

    def rate_at(self, seen: int) -> float:
        """Returns the learning rate after so many images."""
        share = seen / self.images
        height = 1.0 if share < self.known else COMPARED
        return self.learning_rate * height * min(1.0, share / 0.02) * (0.5 + 0.5 * math.cos(math.pi * share))


class EncoderTrainer:
    """The training, which can be interrupted and continued.

    Args:
        generator: the generator, with its card.
        distance: a perceptual distance between images [N, 3, H, W], [N].
        config: the settings.
        images: pictures of what the generator draws; None to learn from its own images alone.

    Attributes:
        encoder: the network that learns.
        seen: number of images shown so far.
    """

    def __init__(
        self,
        generator: Generator,
        distance: Callable[[Tensor, Tensor], Tensor],
        config: EncoderConfig,
        images: ImageSet | None = None,
    ) -> None:
        if generator.num_classes:
            raise ArgumentError("generator", f"{generator.num_classes} classes", "a model without classes")
        self._generator, self._distance, self._config, self._images = generator, distance, config, images
        self._rng = torch.Generator().manual_seed(config.seed)
        self.encoder, self.seen = self._fresh(), 0
        self._adam = torch.optim.Adam(self.encoder.parameters(), lr=config.learning_rate, betas=(0.9, 0.99))

    def _fresh(self) -> Encoder:
        """Returns an encoder that answers the mean w."""
        generator, card = self._generator, self._generator.card
        side = min(generator.resolution, MOST_SIDE)
        halvings = int(math.log2(side // LAST))
        widths = (*WIDTHS, *[WIDTHS[-1]] * halvings)[:halvings]
        with torch.random.fork_rng():
            torch.manual_seed(self._config.seed)  # layers initialise from the global generator
            encoder = Encoder(
                Header(
                    model=card.id if card else "",
                    sha256=card.sha256 if card else "",
                    resolution=side,
                    widths=widths,
                    num_ws=generator.num_ws,
                    w_dim=generator.w_dim,
                )
            )
            for module in encoder.modules():
                if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
                    torch.nn.init.kaiming_normal_(module.weight, 0.2)
                    module.bias.data.zero_()  # type: ignore[union-attr]
        torch.nn.init.zeros_(encoder.last.weight)
        with torch.no_grad():
            z = torch.randn(DRAWS, generator.z_dim, generator=torch.Generator().manual_seed(0))
            w = generator.map(z.to(generator.device))[:, 0]
            encoder.center.copy_(w.mean(dim=0))
            encoder.spread.copy_(w.std(dim=0).clamp(min=1e-6))
        return encoder.to(generator.device).train()

    def step(self) -> dict[str, float]:
        """Learns from one batch. Returns the parts of the loss.

        Raises:
            TrainingError: the loss is not finite.
        """
        config, known = self._config, self.seen < self._config.known * self._config.images
        pictured = config.batch // 2 if self._images and not known else 0
        images, offsets = self._samples(config.batch - pictured)
        answered = self.encoder.offsets(images)
        parts = {"styles": (answered - offsets).square().mean()}
        if not known:
            if pictured:
                images = self._pictures(pictured)
                answered = self.encoder.offsets(images)
            again = self._generator.synthesize(self.encoder.center + self.encoder.spread * answered)
            beyond = (answered.square().mean(dim=2) - 1).clamp(min=0)
            parts |= {
                "perceptual": self._distance(again, images).mean(),
                "pixels": F.mse_loss(again, images),
                "natural": beyond.mean() + answered.var(dim=1, correction=0).mean(),
            }
        loss = sum((WEIGHTS[name] * part for name, part in parts.items()), start=torch.zeros(()))
        if not bool(loss.isfinite()):
            raise TrainingError("the encoder's loss is not finite")
        for group in self._adam.param_groups:
            group["lr"] = config.rate_at(self.seen)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        if not known:
            torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), MOST_GRADIENT)
        self._adam.step()
        self.seen += config.batch
        return {name: float(part.detach()) for name, part in parts.items()}

    @torch.no_grad()
    def _samples(self, count: int) -> tuple[Tensor, Tensor]:
        """Draws images of the generator, and their styles as offsets from the mean in standard deviations."""
        generator, encoder = self._generator, self.encoder
        z = torch.randn(2, count, generator.z_dim, generator=self._rng).to(generator.device)
        ws, others = generator.map(z[0]), generator.map(z[1])
        first = torch.randint(1, max(generator.num_ws, 2), (count, 1), generator=self._rng)
        crossed = torch.rand(count, 1, generator=self._rng) < CROSSED
        swapped = (torch.arange(generator.num_ws) >= first) & crossed
        ws = torch.where(swapped[..., None].to(ws.device), others, ws)
        return generator.synthesize(ws).clamp(-1, 1), (ws - encoder.center) / encoder.spread

    def _pictures(self, count: int) -> Tensor:
        assert self._images is not None
        rows = torch.randint(len(self._images), (count,), generator=self._rng)
        return self._images.batch(rows, self._images.images.shape[1])[0].to(self._generator.device)

    def state_dict(self) -> dict[str, Any]:
        """Returns all that changes during the training."""
        return {
            "header": self.encoder.header.model_dump_json(),
            "encoder": self.encoder.state_dict(),
            "adam": self._adam.state_dict(),
            "rng": self._rng.get_state(),
            "seen": self.seen,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from `state_dict()`.

        Raises:
            CheckpointError: the state is of another generator.
        """
        if state["header"] != self.encoder.header.model_dump_json():
            raise CheckpointError("This checkpoint belongs to the encoder of another generator.")
        self.encoder.load_state_dict(state["encoder"])
        self._adam.load_state_dict(state["adam"])
        self._rng.set_state(state["rng"])
        self.seen = state["seen"]

    def resume(self, folder: Path) -> None:
        """Continues from the checkpoint in a folder.

        Raises:
            CheckpointError: the checkpoint is damaged, or of another generator.
        """
        checkpoint = folder / CHECKPOINT
        try:
            self.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
        except CheckpointError:
            raise
        except Exception as error:  # torch raises many types
            raise CheckpointError(f"{checkpoint} is damaged; delete it to start again.") from error


def train_encoder(trainer: EncoderTrainer, folder: Path, config: EncoderConfig) -> Steps[dict[str, float], None, None]:
    """Trains until `config.images` were shown, and keeps a checkpoint in the folder. A second call continues.

    Yields:
        The parts of the loss after each step.

    Raises:
        CheckpointError: the folder's checkpoint is damaged, or of another generator.
        TrainingError: the loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        trainer.resume(folder)
    saved = trainer.seen
    try:
        while trainer.seen < config.images:
            yield trainer.step()
            if trainer.seen - saved >= config.checkpoint_every:
                _save(trainer, checkpoint)
                saved = trainer.seen
    finally:
        _save(trainer, checkpoint)
        save_encoder(trainer.encoder, folder / FILE)


def _save(trainer: EncoderTrainer, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(trainer.state_dict(), partial)
    partial.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command `python -m spaceseed.training --encoder-for FILE`.

    Args:
        arguments: the arguments; those of the command line if None.

    Returns:
        The exit status: 0 if the training is complete, 130 if it was stopped, 1 if the loss was not finite, 2 if it
        could not begin.
    """
    args = _parser().parse_args(arguments)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        config = EncoderConfig(args.images, batch=args.batch, learning_rate=args.learning_rate, seed=args.seed)
        generator = load(args.encoder_for)
        images = read_folder(args.data, min(generator.resolution, MOST_SIDE)) if args.data else None
        trainer = EncoderTrainer(generator, load_distance(args.distance, generator.device), config, images)
        steps = train_encoder(trainer, args.out, config)
        with closing(steps), tqdm(total=config.images, unit=" images", disable=None) as bar:
            for losses in steps:
                bar.update(trainer.seen - bar.n)
                bar.set_postfix({name: f"{loss:.3f}" for name, loss in losses.items()})
    except EXPECTED as error:
        return tell(error)
    except KeyboardInterrupt:
        print("Stopped; the same command continues from here.")
        return 130
    print(f"The encoder: spaceseed.load_encoder({str(args.out / FILE)!r})")
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = EncoderConfig()
    parser = argparse.ArgumentParser(
        prog="python -m spaceseed.training",
        usage="%(prog)s --encoder-for FILE --out FOLDER [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--encoder-for", required=True, help="the generator: what spaceseed.load takes")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run, new or to be continued")
    parser.add_argument("--data", type=Path, help="folder of pictures of what the generator draws")
    parser.add_argument("--distance", choices=DISTANCES, default="shift-tolerant", help="how different images look")
    parser.add_argument("--images", type=int, default=defaults.images, help=f"images shown ({defaults.images})")
    parser.add_argument("--batch", type=int, default=defaults.batch, help=f"images for each step ({defaults.batch})")
    parser.add_argument(
        "--learning-rate", type=float, default=defaults.learning_rate, help=f"of Adam ({defaults.learning_rate})"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers (0)")
    parser.add_argument("--threads", type=int, default=0, help="threads of the processor; all if left out")
    return parser
