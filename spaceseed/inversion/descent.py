"""Projection by gradients: Adam on a latent, as NVIDIA's projector and Image2StyleGAN do it."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.errors import ArgumentError
from spaceseed.inversion.reconstruction import Reconstruction
from spaceseed.models.generators.generator import Generator

BETAS = (0.9, 0.999)
SMALLEST_MAP = 8  # side of the smallest map of the noise regulariser's pyramid
JITTER_SHARE = 0.75  # of the steps after which the latent is no longer moved at random


@dataclass(frozen=True)
class Schedule:
    """How Adam moves the latent.

    Attributes:
        steps: number of steps.
        rate: the highest learning rate.
        rise: share of the steps in which the rate grows from zero in proportion.
        fall: share of the steps, at the end, in which it falls to zero along a cosine.
        jitter: standard deviation of random moves of the latent in the first step, in standard deviations of w; they
            become smaller, and end after three quarters of the steps. They keep the latent from narrow minima.
        noise: weight of the regulariser of the noise maps, which are then optimised, too; 0 leaves them as they are.
    """

    steps: int
    rate: float
    rise: float = 0.0
    fall: float = 0.0
    jitter: float = 0.0
    noise: float = 0.0

    def rate_at(self, step: int) -> float:
        """Returns the learning rate of a step, from 0."""
        t = step / self.steps
        fall = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / self.fall)) if self.fall else 1.0
        return self.rate * fall * (min(1.0, t / self.rise) if self.rise else 1.0)

    def jitter_at(self, step: int) -> float:
        """Returns the standard deviation of the random moves of a step, from 0."""
        return self.jitter * max(0.0, 1 - step / self.steps / JITTER_SHARE) ** 2


@dataclass(frozen=True)
class Step:
    """What a step found.

    Attributes:
        number: number of steps so far, from 1.
        losses: the parts of the loss of this step's image, and their weighted sum "loss".
        latent: the latent that the image was drawn of, [1, ...].
        labels: its labels [1, num_classes], if they were searched, too.
    """

    number: int
    losses: dict[str, float]
    latent: Tensor
    labels: Tensor | None = None


def descend(
    generator: Generator,
    styles: Callable[[Tensor], Tensor],
    start: Tensor,
    loss: Reconstruction,
    schedule: Schedule,
    spread: float,
    seed: int,
    penalty: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[Step]:
    """Moves a latent towards a lower loss, step by step.

    Args:
        generator: draws the images; it is not changed.
        styles: turns latents [1, ...] into styles [1, num_ws, w_dim].
        start: the first latent, [1, ...].
        loss: the loss of an image.
        schedule: how the latent moves.
        spread: standard deviation of w, the unit of the schedule's jitter.
        seed: seed of the random moves and of the first noise maps.
        penalty: what to add to the loss of a latent, [1], if anything; its part of the loss is "proximity".

    Yields:
        Each step.
    """
    rng = torch.Generator().manual_seed(seed)
    latent = start.detach().clone().requires_grad_()
    maps: list[Tensor] = []
    if schedule.noise:
        generator, maps = _with_free_noise(generator, rng)
    adam = torch.optim.Adam([latent, *maps], betas=BETAS)
    for step in range(schedule.steps):
        for group in adam.param_groups:
            group["lr"] = schedule.rate_at(step)
        jitter = schedule.jitter_at(step) * spread
        moved = latent
        if schedule.jitter:
            moved = latent + jitter * torch.randn(latent.shape, generator=rng).to(latent)
        with torch.enable_grad():
            parts = loss(generator.synthesize(styles(moved)))
            if not parts["loss"].requires_grad:
                raise ArgumentError("method", "by gradients", '"cma" in the space "z", because the objective has none')
            if penalty is not None:
                parts["proximity"] = penalty(moved)
                parts["loss"] = parts["loss"] + parts["proximity"]
            total = parts["loss"].sum()
            if maps:
                total = total + schedule.noise * noise_regularizer(maps)
        adam.zero_grad(set_to_none=True)
        total.backward()
        yield Step(step + 1, {name: float(part.detach()) for name, part in parts.items()}, moved.detach().clone())
        adam.step()
        with torch.no_grad():
            for noise in maps:
                centered = noise - noise.mean()
                noise.copy_(centered * centered.square().mean().rsqrt())


def noise_regularizer(maps: list[Tensor]) -> Tensor:
    """Returns how much noise maps [H, W] differ from white noise, over a pyramid down to 8 pixels.

    At each size it is the squared mean product of a map and its neighbours, to the right and below (Karras et al. 2020,
    "Analyzing and Improving the Image Quality of StyleGAN", appendix D).
    """
    total = maps[0].new_zeros(())
    for noise in maps:
        level = noise[None, None]
        while True:
            for axis in (3, 2):
                total = total + (level * level.roll(1, dims=axis)).mean().square()
            if level.shape[2] <= SMALLEST_MAP:
                break
            level = F.avg_pool2d(level, 2)
    return total


def _with_free_noise(generator: Generator, rng: torch.Generator) -> tuple[Generator, list[Tensor]]:
    """Returns a copy of a generator whose noise maps are random and can be optimised, and these maps."""
    twin, maps = copy.deepcopy(generator), []
    for module in twin.modules():
        stored = getattr(module, "noise_const", None)
        if isinstance(stored, Tensor):
            noise = torch.randn(stored.shape, generator=rng).to(stored).requires_grad_()
            module.noise_const = noise
            maps.append(noise)
    return twin, maps
