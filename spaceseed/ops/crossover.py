"""Crossover operators: two rows of parents in, one row of children out.

    children = uniform(parents_a, parents_b, generator)          # [n, dims], [n, dims] -> [n, dims]

Each child depends only on its own two parents and random numbers. These are drawn on the CPU from `generator` and then
moved, so a seed gives the same result on every device. `CROSSOVERS` lists the operators for a genetic algorithm; a new
one is a function with the same signature and a line there. `binomial` and `exponential` are for differential evolution,
where the parents are a target and its donor. All need dims >= 2.

"Marginal variance" below assumes that the parents' coordinates are independent N(0, 1).
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from spaceseed.ops.interpolate import slerp

Crossover = Callable[[Tensor, Tensor, Generator], Tensor]

# The only alpha at which BLX keeps the variance: 1/2 + (1 + 2 alpha)^2 / 6 = 1.
VARIANCE_PRESERVING_ALPHA = (math.sqrt(3) - 1) / 2


def one_point(a: Tensor, b: Tensor, generator: Generator) -> Tensor:
    """Takes `a` before a uniform cut in 1..dims-1 and `b` after it (Holland 1975)."""
    n, dims = a.shape
    cut = torch.randint(1, dims, (n, 1), generator=generator)
    return _choose(torch.arange(dims) >= cut, b, a)


def two_point(a: Tensor, b: Tensor, generator: Generator) -> Tensor:
    """Takes `b` between two distinct cuts and `a` elsewhere (De Jong 1975: the chromosome is a ring).

    The cuts are uniform in 0..dims-1, so each parent contributes at least one coordinate.
    """
    n, dims = a.shape
    first = torch.randint(dims, (n, 1), generator=generator)
    second = torch.randint(dims - 1, (n, 1), generator=generator)
    second += second >= first
    index = torch.arange(dims)
    return _choose((index >= torch.minimum(first, second)) & (index < torch.maximum(first, second)), b, a)


def uniform(a: Tensor, b: Tensor, generator: Generator) -> Tensor:
    """Takes each coordinate from either parent with probability 1/2 (Syswerda 1989). Keeps the marginal variance."""
    return _choose(torch.rand(a.shape, generator=generator) < 0.5, b, a)


def blend(a: Tensor, b: Tensor, generator: Generator, alpha: float = VARIANCE_PRESERVING_ALPHA) -> Tensor:
    """Draws each coordinate uniformly from the parents' interval, extended by alpha at both ends (BLX-alpha).

    Eshelman & Schaffer 1993: uniform on [min - alpha I, max + alpha I] with I = |a - b|. The default alpha, 0.366,
    keeps the marginal variance (the better known 0.5 multiplies it by 7/6, and 0 by 2/3).
    """
    u = torch.rand(a.shape, generator=generator).to(a)
    return a + ((1 + 2 * alpha) * u - alpha) * (b - a)


def sbx(a: Tensor, b: Tensor, generator: Generator, eta: float = 15.0) -> Tensor:
    """Draws children near their parents, as one-point crossover on bits does (simulated binary crossover).

    Deb & Agrawal 1995: ((1 + beta) a + (1 - beta) b) / 2 or its mirror image, one of the two at
    random for each coordinate, with density of beta proportional to beta^eta up to 1 and beta^-(eta + 2) above.
    Multiplies the marginal variance by 1 + 2 / ((eta + 3) (eta - 1)), 1.008 at eta = 15.
    """
    u = torch.rand(a.shape, generator=generator).to(a)
    mirrored = torch.rand(a.shape, generator=generator) < 0.5
    beta = torch.where(u <= 0.5, 2 * u, 0.5 / (1 - u)).pow(1 / (eta + 1))
    return 0.5 * ((a + b) + _choose(mirrored, -beta, beta) * (a - b))


def spherical(a: Tensor, b: Tensor, generator: Generator) -> Tensor:
    """Draws a uniform point on the great arc between the parents (`interpolate.slerp`). Keeps equal norms."""
    t = torch.rand(len(a), generator=generator).to(a)
    return slerp(a, b, t)


CROSSOVERS: dict[str, Crossover] = {
    "one-point": one_point,
    "two-point": two_point,
    "uniform": uniform,
    "blend": blend,
    "sbx": sbx,
    "spherical": spherical,
}


def binomial(target: Tensor, donor: Tensor, CR: float, generator: Generator) -> Tensor:
    """Takes each coordinate from the donor with probability CR, and one random coordinate, j_rand, always.

    Storn & Price 1997, equation 4. So a trial always differs from its target.
    """
    n, dims = target.shape
    j_rand = torch.randint(dims, (n, 1), generator=generator)
    crosses = torch.rand(target.shape, generator=generator) < CR
    return _choose(crosses | (torch.arange(dims) == j_rand), donor, target)


def exponential(target: Tensor, donor: Tensor, CR: float, generator: Generator) -> Tensor:
    """Takes each coordinate of a random cyclic window from the donor with probability CR.

    The window starts at a, uniform in 0..dims-1, and has length b, uniform in 1..dims: the indices
    {a, a + 1, ..., a + b - 1} modulo dims. This windowed crossover differs from Storn & Price 1997, where the run of
    crossing indices ends at the first failure and all of it crosses. A trial may equal its target: always at CR = 0,
    otherwise with probability below (1 - CR) / (CR dims).
    """
    n, dims = target.shape
    a = torch.randint(dims, (n, 1), generator=generator)
    b = torch.randint(1, dims + 1, (n, 1), generator=generator)
    crosses = torch.rand(target.shape, generator=generator) < CR
    return _choose(crosses & ((torch.arange(dims) - a) % dims < b), donor, target)


def _choose(mask: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return torch.where(mask.to(yes.device), yes, no)
