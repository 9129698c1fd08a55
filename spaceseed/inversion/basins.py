"""Projection by evolution: CMA-ES on z, alone or with gradient steps between its generations (BasinCMA)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.errors import ArgumentError
from spaceseed.inversion.descent import BETAS, Step
from spaceseed.inversion.reconstruction import Reconstruction
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.cma import CMAES


@dataclass(frozen=True)
class Plan:
    """How long a search takes.

    Attributes:
        generations: generations of CMA-ES.
        inner: steps of Adam for each candidate, before it is judged; 0 needs no gradients.
        last: steps of Adam for the candidates of one more generation.
        rate: learning rate of z.
        label_rate: learning rate of labels.
    """

    generations: int
    inner: int = 30
    last: int = 300
    rate: float = 0.05
    label_rate: float = 0.01

    @classmethod
    def of(cls, steps: int, *, gradients: bool) -> "Plan":
        """Returns a plan of about so many steps in all, in the published proportion, 30 x 30 + 300."""
        if not gradients:
            return cls(steps, inner=0, last=0)
        last = steps // 4
        inner = max(1, min(30, steps - last))
        return cls(max(1, (steps - last) // inner), inner, last)

    @property
    def steps(self) -> int:
        """The number of steps that are reported: of Adam, or generations if there are no gradients."""
        return self.generations * max(1, self.inner) + self.last


def search_basins(
    generator: Generator, labels: Tensor | None, loss: Reconstruction, plan: Plan, seed: int
) -> Iterator[Step]:
    """Searches z for a low loss.

    Huh et al. 2020, "Transforming and Projecting Images into Class-conditional Generative Networks".

    CMA-ES proposes candidates. Each goes down its basin by some steps of Adam, and CMA-ES learns from the loss at the
    bottom. Labels move with z, so a class that was guessed can become another one, or a mix.

    Args:
        generator: draws the images.
        labels: [num_classes], where the labels begin; None for models without classes.
        loss: the loss of an image.
        plan: how long the search takes.
        seed: seed of the candidates.

    Yields:
        The best so far, after each step.
    """
    optimizer = CMAES(generator.z_dim, prior="free", seed=seed, device=generator.device)
    number, best = 0, None
    for generation in range(plan.generations + bool(plan.last)):
        z = optimizer.ask()
        candidates = _Candidates(generator, z, labels, loss, plan)
        for _ in range(plan.last if generation == plan.generations else plan.inner):
            best = _better(best, candidates.descend())
            number += 1
            yield Step(number, *best)
        judged = candidates.judge()
        best = _better(best, judged)
        if generation < plan.generations:
            optimizer.tell(-candidates.losses)
        if not plan.inner:
            number += 1
            yield Step(number, *best)


Best = tuple[dict[str, float], Tensor, Tensor | None]


class _Candidates:
    """The candidates of a generation, z [n, z_dim] and labels [n, num_classes].

    Attributes:
        losses: of the candidates as they were drawn last, [n].
    """

    def __init__(
        self, generator: Generator, z: Tensor, labels: Tensor | None, loss: Reconstruction, plan: Plan
    ) -> None:
        self._generator, self._loss, self._size = generator, loss, batch_size(generator)
        self._z = z.clone()
        self._labels = None if labels is None else labels.to(z.device).expand(len(z), -1).clone()
        groups = [{"params": [self._z.requires_grad_()], "lr": plan.rate}]
        if self._labels is not None:
            groups.append({"params": [self._labels.requires_grad_()], "lr": plan.label_rate})
        self._adam = torch.optim.Adam(groups, betas=BETAS)
        self.losses = torch.empty(0)

    def descend(self) -> Best:
        """Draws the candidates, moves each one step down, and returns the best as it was drawn."""
        self._adam.zero_grad(set_to_none=True)
        before = self._z.detach().clone(), None if self._labels is None else self._labels.detach().clone()
        with torch.enable_grad():
            best = self._drawn(*before, backward=True)
        self._adam.step()
        return best

    @torch.no_grad()
    def judge(self) -> Best:
        """Draws the candidates, and returns the best."""
        return self._drawn(self._z.detach(), None if self._labels is None else self._labels.detach(), backward=False)

    def _drawn(self, z: Tensor, labels: Tensor | None, *, backward: bool) -> Best:
        rows = []
        for part in torch.arange(len(z)).split(self._size):
            its_labels = None if self._labels is None else self._labels[part]
            parts = self._loss(self._generator.synthesize(self._generator.map(self._z[part], its_labels)))
            if backward and not parts["loss"].requires_grad:
                raise ArgumentError("method", "basin-cma", '"cma", because the objective has no gradients')
            if backward:
                parts["loss"].sum().backward()
            rows.append({name: value.detach() for name, value in parts.items()})
        parts = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
        self.losses = parts["loss"]
        top = int(self.losses.argmin())
        losses = {name: float(values[top]) for name, values in parts.items()}
        return losses, z[top : top + 1].clone(), None if labels is None else labels[top : top + 1].clone()


def _better(best: Best | None, found: Best) -> Best:
    return found if best is None or found[0]["loss"] < best[0]["loss"] else best
