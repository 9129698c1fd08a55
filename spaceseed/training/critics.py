"""The discriminators that a generator faces together: the network's own, a projected one, or both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.training.config import Config
from spaceseed.training.data.augment import AdaptiveAugment, augment
from spaceseed.training.losses import Objective, gradient_penalty, label_loss
from spaceseed.training.machine import BETAS, Learner, Machine
from spaceseed.training.networks.discriminator import Verdict
from spaceseed.training.networks.pairs import Pair
from spaceseed.training.networks.projected import ProjectedDiscriminator

PROJECTED_RATE = 1e-3


@dataclass(frozen=True)
class Evidence:
    """What the jury sees of a batch of images, and the labels that came with them.

    Attributes:
        seen: of each member, tensors of N rows.
        labels: [N, num_classes]; None for unconditional networks.
    """

    seen: tuple[list[Tensor], ...]
    labels: Tensor | None

    def detached(self) -> "Evidence":
        """The same, through which no gradient reaches the generator."""
        return Evidence(tuple([part.detach() for part in parts] for parts in self.seen), self.labels)

    def rows(self, rows: slice) -> "Evidence":
        """Of some of the images."""
        labels = None if self.labels is None else self.labels[rows]
        return Evidence(tuple([part[rows] for part in parts] for parts in self.seen), labels)


def joined(parts: list[Evidence]) -> Evidence:
    """What was seen of several batches, as of one whose images alternate between them."""

    def weave(tensors: list[Tensor]) -> Tensor:
        return torch.stack(tensors, dim=1).flatten(0, 1)

    seen = tuple(
        [weave(list(tensors)) for tensors in zip(*members, strict=True)]
        for members in zip(*(part.seen for part in parts), strict=True)
    )
    labels = [part.labels for part in parts if part.labels is not None]
    return Evidence(seen, weave(labels) if labels else None)


class Member:
    """The network's own discriminator, which sees the images themselves.

    Attributes:
        name: for sentences.
        learner: what learns of it.
        r1_gamma: weight of its gradient penalty.
    """

    name = "discriminator"

    def __init__(self, learner: Learner[Any], r1_gamma: float) -> None:
        self.learner, self.r1_gamma = learner, r1_gamma

    def see(self, images: Tensor) -> list[Tensor]:
        """What it needs of images [N, 3, R, R], tensors of N rows."""
        return [images]

    def judge(self, seen: list[Tensor], labels: Tensor | None) -> Verdict:
        """Its verdict on what it saw."""
        return self.learner.network(seen[0], labels)


class ProjectedMember(Member):
    """A projected discriminator, which sees features; its heads learn, without R1, as published."""

    name = "projected discriminator"

    def __init__(self, projected: ProjectedDiscriminator, learner: Learner[Any]) -> None:
        super().__init__(learner, r1_gamma=0.0)
        self.projected = projected

    def see(self, images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, enabled=False):
            return self.projected.projection(images.float())

    def judge(self, seen: list[Tensor], labels: Tensor | None) -> Verdict:  # noqa: ARG002
        with torch.autocast(seen[0].device.type, enabled=False):
            return Verdict(self.projected.judge(seen), None)


class Jury:
    """All discriminators, what they are shown, and how they learn.

    Attributes:
        members: each with its own Adam.
        steps: how often they learned.
        rng: draws augmentations.

    Args:
        config: how to train.
        pair: whose discriminator is a member, unless `config.projected` is "only".
        sizes: of the groups of labels.
        machine: where they are.
        rng: as above.
    """

    def __init__(
        self, config: Config, pair: Pair, sizes: tuple[int, ...], machine: Machine, rng: torch.Generator
    ) -> None:
        self.config, self.sizes, self.machine, self.rng = config, sizes, machine, rng
        self.steps = 0
        self.adaptive = AdaptiveAugment()
        self.members: list[Member] = []
        if config.projected != "only":
            self.members.append(self._member(pair))
        if config.projected != "none":
            projected = ProjectedDiscriminator(seed=config.seed).to(machine.device)
            groups = [{"params": list(projected.heads.parameters()), "lr": PROJECTED_RATE}]
            self.members.append(ProjectedMember(projected, Learner(projected.heads, groups, BETAS, machine)))

    def grow(self, pair: Pair) -> None:
        """Puts the discriminator of a grown pair in the place of the smaller one; its Adam starts anew."""
        if self.config.projected != "only":
            self.members[0] = self._member(pair)

    def _member(self, pair: Pair) -> Member:
        config = self.config
        rate = config.learning_rate or pair.learning_rate
        # A lazily regularised optimizer takes more steps than it has losses; its rates shrink accordingly.
        lazy = config.r1_interval / (config.r1_interval + 1) if config.r1_gamma else 1.0
        groups = pair.groups(pair.discriminator, rate * lazy)
        learner = Learner(pair.discriminator, groups, (BETAS[0] ** lazy, BETAS[1] ** lazy), self.machine)
        return Member(learner, config.r1_gamma * pair.generator.resolution / config.resolution)

    @property
    def probability(self) -> float:
        """How likely each augmentation is at present."""
        return {"none": 0.0, "diff": 1.0, "ada": self.adaptive.probability}[self.config.augment]

    def learn(self, learning: bool) -> None:
        """Whether gradients reach the members' weights."""
        for member in self.members:
            member.learner.network.requires_grad_(learning)

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """All weights that learn."""
        for member in self.members:
            yield from member.learner.network.parameters()

    def see(self, images: Tensor, labels: Tensor | None) -> Evidence:
        """Augments images [N, 3, R, R] and shows them to every member."""
        if self.config.augment != "none":
            images = augment(images, self.probability, self.rng)
        return Evidence(tuple(member.see(images) for member in self.members), labels)

    def logits(self, evidence: Evidence) -> list[Tensor]:
        """Every member's verdict, [N, k]."""
        return [verdict.logits for verdict in self._verdicts(evidence)]

    def generator_loss(self, evidence: Evidence, objective: Objective) -> Tensor:
        """What the generator is to minimise: the sum of all members' objections, and of labels not met."""
        total = torch.zeros((), device=self.machine.device)
        for verdict in self._verdicts(evidence):
            total = total + objective.generator(verdict.logits)
            if verdict.classes is not None and evidence.labels is not None:
                total = total + label_loss(verdict.classes, evidence.labels, self.sizes)
        return total

    def step(
        self, real: Tensor, labels: Tensor | None, fake: Evidence, objective: Objective, rate: float
    ) -> tuple[float, float]:
        """Lets every member learn from real images [N, 3, R, R] and from what was seen of generated ones.

        Auxiliary classifiers learn from real images alone: a generated image may show anything yet.

        Returns:
            the mean logits of real and of generated images.

        Raises:
            TrainingError: a loss or a weight is not finite.
        """
        self.learn(True)
        with torch.no_grad():
            evidence = self.see(real, labels)
        means = []
        for number, member in enumerate(self.members):
            with self.machine.precision():
                of_fake = member.judge([part.detach() for part in fake.seen[number]], fake.labels)
                of_real = member.judge(evidence.seen[number], labels)
                loss = objective.discriminator(of_real.logits, of_fake.logits)
                if of_real.classes is not None and labels is not None:
                    loss = loss + label_loss(of_real.classes, labels, self.sizes)
            member.learner.step(loss, rate, f"{member.name}'s loss")
            if member.r1_gamma and self.steps % self.config.r1_interval == 0:
                self._regularise(member, evidence.seen[number][0], labels, rate)
            means.append((of_real.logits.detach(), of_fake.logits.detach()))
        self.steps += 1
        if self.config.augment == "ada":
            signs = self.machine.mean((means[0][0] - objective.undecided).sign().mean())
            self.adaptive.update(signs.item(), len(real) * self.machine.processes)
        return means[0][0].mean().item(), means[0][1].mean().item()

    def state_dict(self) -> dict[str, Any]:
        """All that its next step depends on, but for `rng`."""
        members = [member.learner.state_dict() for member in self.members]
        return {"members": members, "adaptive": self.adaptive.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` gave."""
        for member, its in zip(self.members, state["members"], strict=True):
            member.learner.load_state_dict(its)
        self.adaptive.load_state_dict(state["adaptive"])
        self.steps = state["steps"]

    def _verdicts(self, evidence: Evidence) -> list[Verdict]:
        return [member.judge(seen, evidence.labels) for member, seen in zip(self.members, evidence.seen, strict=True)]

    def _regularise(self, member: Member, real: Tensor, labels: Tensor | None, rate: float) -> None:
        images = real.detach().requires_grad_(True)
        with self.machine.precision():
            logits = member.judge([images], labels).logits
        penalty = gradient_penalty(logits, images)
        member.learner.step(
            penalty * (member.r1_gamma / 2 * self.config.r1_interval), rate, f"{member.name}'s gradient penalty"
        )
