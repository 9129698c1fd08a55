"""A small network that scores latents, so that nothing must be drawn to score one."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

HIDDEN = 128


@dataclass(frozen=True, eq=False)
class Network:
    """Two hidden layers of rectified linear units, in float64, so that a score does not depend on the batch.

    Attributes:
        weights: of each layer, [outputs, inputs].
        biases: of each layer, [outputs].
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    @classmethod
    def untrained(cls, dims: int, seed: int) -> Self:
        """Returns a network for latents of `dims` numbers whose score is 0 everywhere.

        Args:
            dims: size of a latent.
            seed: of the hidden layers' weights, which are He's.
        """
        rng, sizes = torch.Generator().manual_seed(seed), (dims, HIDDEN, HIDDEN)
        hidden = [
            torch.randn(size, below, generator=rng, dtype=torch.float64) * (2 / below) ** 0.5
            for below, size in pairwise(sizes)
        ]
        last = torch.zeros(1, HIDDEN, dtype=torch.float64)
        weights = (*hidden, last)
        return cls(weights, tuple(torch.zeros(len(weight), dtype=torch.float64) for weight in weights))

    @property
    def dims(self) -> int:
        """Size of a latent."""
        return self.weights[0].shape[1]

    def score(self, x: Tensor) -> Tensor:
        """Returns scores [n], float64, of latents [n, dims]; higher is worse. Differentiable."""
        h = x.double()
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.nn.functional.linear(h.relu() if i else h, weight.to(x.device), bias.to(x.device))
        return h[:, 0]
