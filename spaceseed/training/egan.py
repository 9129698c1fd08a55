"""E-GAN (Wang et al. 2019): a population of generators that the discriminator selects.

In each generation every parent has one child for each mutation: a training step towards one objective. The fitness of a
child is the quality plus the diversity of its images. Quality is how real they are to the discriminator. Diversity is
high if the gradient of the discriminator's loss is small (secs. III-C and III-D)::

    F = mean sigmoid(D(G(z))) - gamma log ||grad_D L_D||

The fittest children are the next parents, and the discriminator learns from their images. No parent survives.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from spaceseed.errors import TrainingError
from spaceseed.models.generators.generator import Generator
from spaceseed.training.config import Config
from spaceseed.training.critics import Critics, Seen
from spaceseed.training.losses import LOSSES, GameLoss
from spaceseed.training.machine import Learner
from spaceseed.training.networks.pairs import Pair

# The loss of the discriminator, for all mutations.
JUDGED_BY = LOSSES["nonsaturating"]


class Draws(Protocol):
    """The source of latents, images and random numbers in a generation."""

    rng: torch.Generator

    def latents(self, count: int) -> tuple[Tensor, Tensor | None]:
        """Returns latents [count, z_dim], and labels [count, num_classes] of random real images."""

    def reals(self, count: int) -> tuple[Tensor, Tensor | None]:
        """Returns real images [count, 3, R, R] and their labels."""


@dataclass(frozen=True, eq=False)
class Child:
    """One candidate of a generation.

    Attributes:
        learner: its generator and Adam.
        parent: number of the parent.
        mutation: the objective of its training step.
        seen: the discriminators' inputs for its images.
        quality: mean sigmoid of the discriminator's logits, 0 to 1.
        diversity: minus the log of the norm of the discriminator's gradient.
        fitness: quality + gamma * diversity; higher is better.
    """

    learner: Learner[Generator]
    parent: int
    mutation: str
    seen: Seen
    quality: float
    diversity: float
    fitness: float


def improve(
    learner: Learner[Generator],
    objective: GameLoss,
    pair: Pair,
    critics: Critics,
    latents: tuple[Tensor, Tensor | None],
    rng: torch.Generator,
    rate: float,
) -> Seen:
    """Trains a generator on one batch.

    Args:
        learner: the generator and its Adam.
        objective: the losses of the step.
        pair: draws images of generators.
        critics: the discriminators.
        latents: z [N, z_dim], and labels [N, num_classes] or None.
        rng: draws all other random numbers.
        rate: factor of the learning rate.

    Returns:
        The discriminators' inputs for its images, drawn before the step.

    Raises:
        TrainingError: the loss or a weight is not finite.
    """
    critics.learn(False)
    with critics.machine.precision():
        images = pair.generate(learner.network, *latents, rng)
    seen = critics.see(images, latents[1])
    with critics.machine.precision():
        loss = critics.generator_loss(seen, objective) + pair.penalty(images)
    learner.step(loss, rate, "generator's loss")
    return seen.detached()


def generation(
    parents: Sequence[Learner[Generator]], pair: Pair, critics: Critics, draws: Draws, config: Config, rate: float
) -> list[Child]:
    """Breeds one generation and selects the fittest.

    All children of a generation use the same latents, noise, augmentations and real images. They differ only in parent
    and mutation.

    Args:
        parents: mu generators, which are not changed.
        pair: draws images of generators.
        critics: the discriminators, whose weights are not changed.
        draws: latents and real images.
        config: settings of the training.
        rate: factor of the learning rate.

    Returns:
        The mu fittest children, the fittest first.

    Raises:
        TrainingError: a loss, a weight or a fitness is not finite.
    """
    lessons, exam = draws.latents(config.batch), draws.latents(config.evaluated)
    with torch.no_grad():
        real = critics.see(*draws.reals(config.evaluated))
    critics.learn(True)
    # The discriminator's loss has a term for real and one for generated images. The first is the same for all children.
    of_real = _gradient(critics, [JUDGED_BY.discriminator(x, torch.zeros_like(x)) for x in _logits(critics, real)])
    chance = draws.rng.get_state()
    children = []
    for number, parent in enumerate(parents):
        for mutation in config.evolution.mutations:
            draws.rng.set_state(chance)
            learner = parent.copy()
            improve(learner, LOSSES[mutation], pair, critics, lessons, draws.rng, rate)
            with torch.no_grad():
                with critics.machine.precision():
                    images = pair.generate(learner.network, *exam, draws.rng)
                seen = critics.see(images, exam[1])
            quality, diversity = _examine(critics, seen, of_real)
            fitness = quality + config.evolution.gamma * diversity
            if not math.isfinite(fitness):
                raise TrainingError(f"the fitness of a child by {mutation} is not finite")
            children.append(Child(learner, number, mutation, seen, quality, diversity, fitness))
    return sorted(children, key=lambda child: child.fitness, reverse=True)[: config.evolution.parents]


def _examine(critics: Critics, seen: Seen, of_real: Tensor) -> tuple[float, float]:
    """Returns quality and diversity of generated images, the same in every process."""
    critics.learn(True)
    logits = _logits(critics, seen)
    quality = torch.stack([x.detach().sigmoid().mean() for x in logits]).mean()
    of_fake = _gradient(critics, [JUDGED_BY.discriminator(torch.zeros_like(x), x) for x in logits])
    quality, length = critics.machine.mean(torch.stack([quality, (of_real + of_fake).norm()])).tolist()
    # The bound avoids infinite diversity if the gradient is zero.
    return quality, -math.log(max(length, 1e-12))


def _logits(critics: Critics, seen: Seen) -> list[Tensor]:
    with critics.machine.precision():
        return critics.logits(seen)


def _gradient(critics: Critics, losses: list[Tensor]) -> Tensor:
    """Returns the gradient of a sum of losses with respect to all weights of the discriminators, as one vector."""
    parameters = list(critics.parameters())
    gradients = torch.autograd.grad(torch.stack(losses).sum(), parameters, allow_unused=True, materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in gradients])
