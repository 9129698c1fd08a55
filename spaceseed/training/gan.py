"""Trains a StyleGAN2 on a set of images, growing it from a small resolution; resumes where it was interrupted.

Non-saturating loss, lazy R1 (Mescheder et al. 2018; Karras et al. 2020, sec. 3.1), equalised learning rates, style
mixing, and an exponential moving average of the weights, which is the generator that is kept.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.images import from_uint8, to_grid, to_uint8
from spaceseed.models.generator import latents_from_seeds
from spaceseed.models.stylegan2 import StyleGAN2
from spaceseed.training.discriminator import Discriminator

CHANNELS = {4: 256, 8: 256, 16: 128, 32: 64, 64: 32}
PREVIEW_SEEDS = range(64)


Measure = Callable[[StyleGAN2], dict[str, float]]


@dataclass(frozen=True)
class Stage:
    """Train at `resolution` until `images` images in all were shown, the last quarter with a falling step size."""

    resolution: int
    images: int
    r1_gamma: float
    decay: bool = False


@dataclass(frozen=True)
class Config:
    """How to train. The defaults made the bundled generator."""

    stages: tuple[Stage, ...]
    z_dim: int = 128
    w_dim: int = 128
    mapping_layers: int = 4
    batch: int = 16
    learning_rate: float = 2.5e-3
    r1_interval: int = 16
    mixing: float = 0.9
    ema_images: int = 10_000
    seed: int = 0


def channels_up_to(resolution: int) -> dict[int, int]:
    """Feature maps of a generator whose images have this side."""
    return {size: count for size, count in CHANNELS.items() if size <= resolution}


class Trainer:
    """Generator, discriminator, their optimizers and the random state: all that a checkpoint holds.

    Args:
        config: how to train.
        images: uint8 [n, R, R, 3], R the last stage's resolution.
        folder: where checkpoints and previews go; a checkpoint found there is resumed.
    """

    def __init__(self, config: Config, images: np.ndarray, folder: Path) -> None:
        self.config, self.images, self.folder = config, images, folder
        self.rng = torch.Generator().manual_seed(config.seed)
        self.seen = 0
        self.steps = 0
        self._build(config.stages[0].resolution)
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self._load()

    def run(self, report_every: int = 4_000, measure: Measure = lambda _: {}) -> StyleGAN2:
        """Trains through all stages.

        Args:
            report_every: images between two reports; each prints a line, saves a checkpoint and draws a preview.
            measure: figures of the averaged generator that a report names.

        Returns:
            the averaged generator.
        """
        for stage in self.config.stages:
            if self.seen >= stage.images:
                continue
            if stage.resolution != self.generator.resolution:
                self._grow(stage.resolution)
            since, clock = self.seen, time.monotonic()
            while self.seen < stage.images:
                logits = self._step(stage)
                if self.seen // report_every > since // report_every or self.seen >= stage.images:
                    speed = (self.seen - since) / (time.monotonic() - clock)
                    print(
                        f"{self.seen:8d} images  {stage.resolution} px  {speed:5.1f} images/s  "
                        f"D(real) {logits[0]:+.2f}  D(fake) {logits[1]:+.2f}",
                        *(f"{name} {value:.3f}" for name, value in measure(self.average).items()),
                        sep="  ",
                        flush=True,
                    )
                    self._save()
                    self._preview()
                    since, clock = self.seen, time.monotonic()
        return self.average

    def _build(self, resolution: int) -> None:
        config, channels = self.config, channels_up_to(resolution)
        torch.manual_seed(config.seed + resolution)  # the layers draw their initial weights themselves
        self.generator = StyleGAN2(config.z_dim, config.w_dim, channels, mapping_layers=config.mapping_layers)
        self.discriminator = Discriminator(channels)
        for network in (self.generator, self.discriminator):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        rate = config.learning_rate
        # A lazily regularised optimizer takes more steps than it has losses; its rates shrink accordingly.
        lazy = config.r1_interval / (config.r1_interval + 1)
        # Flat drawings have no texture for noise to make; early on it would stand in for shapes not yet learnt.
        named = list(self.generator.named_parameters())
        noise = [parameter for name, parameter in named if name.endswith("noise_strength")]
        others = [parameter for name, parameter in named if not name.endswith("noise_strength")]
        groups: list[dict[str, Any]] = [{"params": others}, {"params": noise, "lr": rate / 50}]
        self.optimizer_g = torch.optim.Adam(groups, rate, betas=(0.0, 0.99))
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), rate * lazy, betas=(0.0, 0.99**lazy))

    def _grow(self, resolution: int) -> None:
        """Adds resolutions that change nothing at first: silent blocks in both networks. Step sizes start anew."""
        small = (self.generator, self.average, self.discriminator)
        self._build(resolution)
        colours = self.generator.synthesis.block(resolution).torgb
        assert colours is not None  # of the skip architecture, which is trained here
        nn.init.zeros_(colours.weight)
        self.discriminator.block(resolution).start_silent()
        self.average.load_state_dict(self.generator.state_dict())
        for network, trained in zip((self.generator, self.average, self.discriminator), small, strict=True):
            network.load_state_dict(trained.state_dict(), strict=False)

    def _step(self, stage: Stage) -> tuple[float, float]:
        config, batch = self.config, self.config.batch
        rate = 1.0
        if stage.decay:
            rate = min(1.0, max(0.05, (stage.images - self.seen) / (0.25 * stage.images)))
        for optimizer in (self.optimizer_g, self.optimizer_d):
            for group in optimizer.param_groups:
                group.setdefault("full_rate", group["lr"])
                group["lr"] = group["full_rate"] * rate

        real = self._reals(stage.resolution)
        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            fake = self._fakes(batch)
            loss = F.softplus(-self.discriminator(fake).logits).mean()
        self._update(self.optimizer_g, loss)

        self.discriminator.requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16):
            logits_fake = self.discriminator(fake.detach()).logits
            logits_real = self.discriminator(real).logits
            loss = F.softplus(logits_fake).mean() + F.softplus(-logits_real).mean()
        self._update(self.optimizer_d, loss)
        if self.steps % config.r1_interval == 0:
            real.requires_grad_(True)
            with torch.autocast("cpu", torch.bfloat16):
                score = self.discriminator(real).logits.sum()
            (gradient,) = torch.autograd.grad(score, real, create_graph=True)
            penalty = gradient.float().square().sum(dim=(1, 2, 3)).mean()
            self._update(self.optimizer_d, penalty * (stage.r1_gamma / 2 * config.r1_interval))

        self.steps += 1
        self.seen += batch
        half_life = min(config.ema_images, 0.05 * self.seen)
        self._average(0.5 ** (batch / half_life))
        return logits_real.mean().item(), logits_fake.mean().item()

    def _update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def _reals(self, resolution: int) -> Tensor:
        rows = torch.randint(len(self.images), (self.config.batch,), generator=self.rng)
        images = F.interpolate(from_uint8(self.images[rows.numpy()]), (resolution, resolution), mode="area")
        return images.contiguous(memory_format=torch.channels_last)

    def _fakes(self, batch: int) -> Tensor:
        z = torch.randn(2, batch, self.config.z_dim, generator=self.rng)
        ws = self.generator.map(z[0])
        with torch.no_grad():
            self.generator.w_avg.lerp_(ws[:, 0].float().mean(dim=0), 0.002)
        if float(torch.rand([], generator=self.rng)) < self.config.mixing:
            layer = int(torch.randint(1, self.generator.num_ws, [], generator=self.rng))
            ws = torch.cat([ws[:, :layer], self.generator.map(z[1])[:, layer:]], dim=1)
        return self.generator.synthesize(ws, noise="random", rng=self.rng)

    @torch.no_grad()
    def _average(self, keep: float) -> None:
        for mean, now in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
        for kept, buffer in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(buffer)

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
            "optimizer_g": self.optimizer_g,
            "optimizer_d": self.optimizer_d,
        }

    def _save(self) -> None:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        numbers = {"seen": self.seen, "steps": self.steps, "resolution": self.generator.resolution}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state | numbers | {"rng": self.rng.get_state()}, partial)
        partial.replace(self.checkpoint)  # an interruption leaves the last whole checkpoint

    def _load(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        self._build(state["resolution"])
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.seen, self.steps = state["seen"], state["steps"]
        self.rng.set_state(state["rng"])
        print(f"resumed at {self.seen} images, {state['resolution']} px", flush=True)

    @torch.no_grad()
    def _preview(self) -> None:
        """An 8 x 8 grid of the same seeds each time, at truncation 0.7."""
        ws = self.average.map(latents_from_seeds(PREVIEW_SEEDS, self.config.z_dim), truncation=0.7)
        to_grid(to_uint8(self.average.synthesize(ws)), columns=8).save(self.folder / f"preview-{self.seen:07d}.png")
