"""The discriminators that a generator is trained against: the network's own, a projected one, or both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.training.config import Config
from spaceseed.training.data.augment import AdaptiveAugment, augment
from spaceseed.training.losses import GameLoss, gradient_penalty, label_loss
from spaceseed.training.machine import BETAS, Learner, Machine
from spaceseed.training.networks.discriminator import Output
from spaceseed.training.networks.pairs import Pair
from spaceseed.training.networks.projected import ProjectedDiscriminator

PROJECTED_RATE = 1e-3


@dataclass(frozen=True)
class Seen:
    """The inputs of all discriminators for a batch of images, and the labels of the batch.

    Attributes:
        inputs: for each discriminator, tensors of N rows.
        labels: [N, num_classes]; None for unconditional networks.
    """

    inputs: tuple[list[Tensor], ...]
    labels: Tensor | None

    def detached(self) -> "Seen":
        """Returns the same without gradients to the generator."""
        return Seen(tuple([part.detach() for part in parts] for parts in self.inputs), self.labels)

    def rows(self, rows: slice) -> "Seen":
        """Returns the inputs for some of the images."""
        labels = None if self.labels is None else self.labels[rows]
        return Seen(tuple([part[rows] for part in parts] for parts in self.inputs), labels)


def joined(parts: list[Seen]) -> Seen:
    """Joins several batches into one, whose images alternate between them."""

    def weave(tensors: list[Tensor]) -> Tensor:
        return torch.stack(tensors, dim=1).flatten(0, 1)

    seen = tuple(
        [weave(list(tensors)) for tensors in zip(*members, strict=True)]
        for members in zip(*(part.inputs for part in parts), strict=True)
    )
    labels = [part.labels for part in parts if part.labels is not None]
    return Seen(seen, weave(labels) if labels else None)


class Critic:
    """A discriminator and its optimizer. This class is for the network's own discriminator, whose input is the images.

    Attributes:
        name: name in messages.
        learner: the weights that are trained.
        r1_gamma: weight of its gradient penalty.
    """

    name = "discriminator"

    def __init__(self, learner: Learner[Any], r1_gamma: float) -> None:
        self.learner, self.r1_gamma = learner, r1_gamma

    def see(self, images: Tensor) -> list[Tensor]:
        """Returns the discriminator's inputs for images [N, 3, R, R]: tensors of N rows."""
        return [images]

    def output(self, inputs: list[Tensor], labels: Tensor | None) -> Output:
        """Returns its output for these inputs."""
        return self.learner.network(inputs[0], labels)


class ProjectedCritic(Critic):
    """A projected discriminator, whose inputs are features. Only its heads are trained, without R1, as published."""

    name = "projected discriminator"

    def __init__(self, projected: ProjectedDiscriminator, learner: Learner[Any]) -> None:
        super().__init__(learner, r1_gamma=0.0)
        self.projected = projected

    def see(self, images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, enabled=False):
            return self.projected.projection(images.float())

    def output(self, inputs: list[Tensor], labels: Tensor | None) -> Output:  # noqa: ARG002
        with torch.autocast(inputs[0].device.type, enabled=False):
            return Output(self.projected.logits(inputs), None)


class Critics:
    """All discriminators with their inputs and their training.

    Attributes:
        members: the discriminators, each with its own Adam.
        steps: number of training steps so far.
        rng: draws augmentations.

    Args:
        config: settings of the training.
        pair: its discriminator is a member, unless `config.projected` is "only".
        sizes: sizes of the groups of labels.
        machine: device and processes.
        rng: draws augmentations.
    """

    def __init__(
        self, config: Config, pair: Pair, sizes: tuple[int, ...], machine: Machine, rng: torch.Generator
    ) -> None:
        self.config, self.sizes, self.machine, self.rng = config, sizes, machine, rng
        self.steps = 0
        self.adaptive = AdaptiveAugment()
        self.members: list[Critic] = []
        if config.projected != "only":
            self.members.append(self._member(pair))
        if config.projected != "none":
            projected = ProjectedDiscriminator(seed=config.seed).to(machine.device)
            groups = [{"params": list(projected.heads.parameters()), "lr": PROJECTED_RATE}]
            self.members.append(ProjectedCritic(projected, Learner(projected.heads, groups, BETAS, machine)))

    def grow(self, pair: Pair) -> None:
        """Replaces the discriminator by that of a grown pair, with a new Adam."""
        if self.config.projected != "only":
            self.members[0] = self._member(pair)

    def _member(self, pair: Pair) -> Critic:
        config = self.config
        rate = config.learning_rate or pair.learning_rate
        # With lazy regularisation Adam takes more steps than there are losses, so its rates are reduced accordingly.
        lazy = config.r1_interval / (config.r1_interval + 1) if config.r1_gamma else 1.0
        groups = pair.groups(pair.discriminator, rate * lazy)
        learner = Learner(pair.discriminator, groups, (BETAS[0] ** lazy, BETAS[1] ** lazy), self.machine)
        return Critic(learner, config.r1_gamma * pair.generator.resolution / config.resolution)

    @property
    def probability(self) -> float:
        """The current probability of each augmentation."""
        return {"none": 0.0, "diff": 1.0, "ada": self.adaptive.probability}[self.config.augment]

    def learn(self, learning: bool) -> None:
        """Sets whether gradients reach the weights of the members."""
        for member in self.members:
            member.learner.network.requires_grad_(learning)

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """Yields all trained weights."""
        for member in self.members:
            yield from member.learner.network.parameters()

    def see(self, images: Tensor, labels: Tensor | None) -> Seen:
        """Augments images [N, 3, R, R] and returns the inputs of every member."""
        if self.config.augment != "none":
            images = augment(images, self.probability, self.rng)
        return Seen(tuple(member.see(images) for member in self.members), labels)

    def logits(self, seen: Seen) -> list[Tensor]:
        """Returns the logits [N, k] of every member."""
        return [output.logits for output in self._outputs(seen)]

    def generator_loss(self, seen: Seen, objective: GameLoss) -> Tensor:
        """Returns the generator's loss, summed over all members and their auxiliary classifiers."""
        total = torch.zeros((), device=self.machine.device)
        for output in self._outputs(seen):
            total = total + objective.generator(output.logits)
            if output.classes is not None and seen.labels is not None:
                total = total + label_loss(output.classes, seen.labels, self.sizes)
        return total

    def step(
        self, real: Tensor, labels: Tensor | None, fake: Seen, objective: GameLoss, rate: float
    ) -> tuple[float, float]:
        """Trains every member on real images [N, 3, R, R] and on the inputs from generated ones.

        Auxiliary classifiers learn only from real images, because generated images may not yet show their labels.

        Returns:
            The mean logits of real and of generated images.

        Raises:
            TrainingError: a loss or a weight is not finite.
        """
        self.learn(True)
        with torch.no_grad():
            seen = self.see(real, labels)
        means = []
        for number, member in enumerate(self.members):
            with self.machine.precision():
                of_fake = member.output([part.detach() for part in fake.inputs[number]], fake.labels)
                of_real = member.output(seen.inputs[number], labels)
                loss = objective.discriminator(of_real.logits, of_fake.logits)
                if of_real.classes is not None and labels is not None:
                    loss = loss + label_loss(of_real.classes, labels, self.sizes)
            member.learner.step(loss, rate, f"{member.name}'s loss")
            if member.r1_gamma and self.steps % self.config.r1_interval == 0:
                self._regularise(member, seen.inputs[number][0], labels, rate)
            means.append((of_real.logits.detach(), of_fake.logits.detach()))
        self.steps += 1
        if self.config.augment == "ada":
            signs = self.machine.mean((means[0][0] - objective.undecided).sign().mean())
            self.adaptive.update(signs.item(), len(real) * self.machine.processes)
        return means[0][0].mean().item(), means[0][1].mean().item()

    def state_dict(self) -> dict[str, Any]:
        """Returns all state that the next step depends on, except `rng`."""
        members = [member.learner.state_dict() for member in self.members]
        return {"members": members, "adaptive": self.adaptive.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state from `state_dict`."""
        for member, its in zip(self.members, state["members"], strict=True):
            member.learner.load_state_dict(its)
        self.adaptive.load_state_dict(state["adaptive"])
        self.steps = state["steps"]

    def _outputs(self, seen: Seen) -> list[Output]:
        return [member.output(inputs, seen.labels) for member, inputs in zip(self.members, seen.inputs, strict=True)]

    def _regularise(self, member: Critic, real: Tensor, labels: Tensor | None, rate: float) -> None:
        images = real.detach().requires_grad_(True)
        with self.machine.precision():
            logits = member.output([images], labels).logits
        penalty = gradient_penalty(logits, images)
        member.learner.step(
            penalty * (member.r1_gamma / 2 * self.config.r1_interval), rate, f"{member.name}'s gradient penalty"
        )
