"""Mutation operators: every coordinate changes independently with probability `rate`.

    children = gaussian(x, rate, sigma, generator)               # [n, dims] -> [n, dims]

`sigma` is the size of a change in standard deviations of the prior. Random numbers are drawn on the CPU from
`generator` and then moved. `MUTATIONS` lists the operators; a new one is a function with the same signature and a line
there.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

Mutation = Callable[[Tensor, float, float, Generator], Tensor]


def gaussian(x: Tensor, rate: float, sigma: float, generator: Generator) -> Tensor:
    """Adds N(0, sigma^2) noise (Rechenberg 1973)."""
    step = sigma * torch.randn(x.shape, generator=generator).to(x)
    return _mutate(x, x + step, rate, generator)


def polynomial(x: Tensor, rate: float, sigma: float, generator: Generator, bound: float = 4.0) -> Tensor:
    """Moves within [-bound, bound] by a step of polynomial density, where small steps are most likely.

    Deb & Deb 2014 ("Analysing mutation schemes for real-parameter genetic algorithms"):
    x + delta_L (x + bound) for u <= 1/2, delta_L = (2u)^(1/(1 + eta)) - 1, and x + delta_R (bound - x) else,
    delta_R = 1 - (2 (1 - u))^(1/(1 + eta)). The index eta follows from sigma: see `polynomial_index`.
    """
    exponent = 1 / (1 + polynomial_index(sigma, bound))
    u = torch.rand(x.shape, generator=generator).to(x)
    left = ((2 * u).pow(exponent) - 1) * (x + bound)
    right = (1 - (2 * (1 - u)).pow(exponent)) * (bound - x)
    return _mutate(x, x + torch.where(u <= 0.5, left, right), rate, generator)


def polynomial_index(sigma: float, bound: float) -> float:
    """Returns the index eta at which a step from the middle of [-bound, bound] has standard deviation `sigma`.

    The mean square of a step is 2 bound^2 / ((eta + 2) (eta + 3)), solved for eta. The widest density is uniform, with
    eta = 0. It is used for every sigma above bound / sqrt(3).
    """
    if sigma * math.sqrt(3) >= bound:
        return 0.0
    return (math.sqrt(1 + 8 * (bound / max(sigma, 1e-9)) ** 2) - 5) / 2


def uniform(x: Tensor, rate: float, _sigma: float, generator: Generator, bound: float = math.sqrt(3)) -> Tensor:
    """Replaces a coordinate by a uniform draw from [-bound, bound] (Michalewicz 1992).

    The default bound gives the new coordinate variance 1, as in the prior. sigma is not used.
    """
    fresh = bound * (2 * torch.rand(x.shape, generator=generator).to(x) - 1)
    return _mutate(x, fresh, rate, generator)


MUTATIONS: dict[str, Mutation] = {"gaussian": gaussian, "polynomial": polynomial, "uniform": uniform}


def _mutate(x: Tensor, mutated: Tensor, rate: float, generator: Generator) -> Tensor:
    chosen = torch.rand(x.shape, generator=generator) < rate
    return torch.where(chosen.to(x.device), mutated, x)
