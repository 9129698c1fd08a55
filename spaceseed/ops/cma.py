"""CMA-ES with a diagonal covariance, from the `cmaes` package, with ask and tell.

Ros & Hansen 2008, "A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity": it learns one variance
per coordinate instead of the whole covariance. This costs O(d) for each candidate and learns (d + 2) / 3 times faster,
which suits a few thousand evaluations in 64 to 512 dimensions.

The first generation is drawn from the prior, or is `start`. Its best half, weighted as in CMA-ES, gives the mean of the
distribution for the second generation. With a prior, samples are moved to the prior before they are scored.
"""

import math
from typing import Any

import numpy as np
import torch
from cmaes import SepCMA
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_tensor
from spaceseed.ops.optimizer import MAX_SEED, Optimizer
from spaceseed.ops.selection import best_first

# With Hansen's 14 in 32 dimensions, searches for a face with several attributes often ended with one attribute wrong.
LEAST = 18


class CMAES(Optimizer):
    """Separable CMA-ES.

    Attributes:
        sigma: the initial step size.
    """

    def __init__(
        self,
        dims: int,
        population: int | None = None,
        sigma: float = 0.7,
        prior: str = "shell",
        seed: int = 0,
        start: Tensor | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Args are those of `Optimizer` and the following.

        Args:
            population: at least 2; `suited_population(dims)` by default.
            sigma: the initial step size around the mean of the first generation, in standard deviations of the prior:
                above 0, up to 10.
            start: latents `[m, dims]`, which are the whole first generation, for any m.
        """
        if population is None:
            population = suited_population(check_integer("dims", dims, 2))
        super().__init__(dims, population, prior, seed, start, device)
        self.sigma = check_number("sigma", sigma, 0, 10, above=True)
        if start is not None:
            self._asked = self.ask()[: len(start)]
        self._distribution: SepCMA | None = None
        self._samples = np.empty((0, self.dims))

    @property
    def settings(self) -> dict[str, int | float | str]:
        return super().settings | {"sigma": self.sigma}

    def _propose(self) -> Tensor:
        assert self._distribution is not None  # made by the first tell
        # All random numbers come from one generator, so the package's own is reseeded for each generation.
        self._distribution.reseed_rng(int(torch.randint(MAX_SEED, (), generator=self._generator)))
        self._samples = np.stack([self._distribution.ask() for _ in range(self.size)])
        return self._to_prior(torch.from_numpy(self._samples).float()).to(self._device)

    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        if self._distribution is None:
            # Not moved to the prior: a short mean shows that the best differ, and keeps the first steps wide.
            mean = recombine(candidates, scores).cpu().double().numpy()
            self._distribution = SepCMA(mean=mean, sigma=self.sigma, population_size=self.size)
        else:
            # The sample before it was moved to the prior, because the update needs the distribution's own samples.
            self._distribution.tell(list(zip(self._samples, (-scores).tolist(), strict=True)))
        return candidates, scores

    def state_dict(self) -> dict[str, Any]:
        """Returns the state as in `Optimizer.state_dict`, with the distribution and the samples of the last `ask`."""
        return super().state_dict() | {
            "distribution": self._distribution
            and {name: _plain(value) for name, value in self._distribution.__getstate__().items()},
            "samples": torch.from_numpy(self._samples.copy()),
        }

    def _read(self, state: dict[str, Any]) -> dict[str, Any]:
        distribution = None
        if state["distribution"] is not None:
            distribution = SepCMA(mean=np.zeros(self.dims), sigma=self.sigma, population_size=self.size)
            known = distribution.__getstate__()
            values = {name: _array(state["distribution"][name]) for name in known}
            if any(isinstance(old, np.ndarray) and np.shape(values[name]) != old.shape for name, old in known.items()):
                raise ValueError("The distribution has other sizes.")
            distribution.__setstate__(values)
        samples = check_tensor("samples", state["samples"], ["n", self.dims], torch.float64)
        return super()._read(state) | {"_samples": _array(samples), "_distribution": distribution}


def suited_population(dims: int) -> int:
    """Returns the population that suits `dims` coordinates: 4 + floor(3 ln dims), but at least 18.

    It is equation 48 of Hansen 2016, "The CMA Evolution Strategy: A Tutorial".
    """
    return max(LEAST, 4 + math.floor(3 * math.log(dims)))


def recombine(candidates: Tensor, scores: Tensor) -> Tensor:
    """Returns the mean of the best half, mu = n // 2, weighted by ln(mu + 1) - ln(i) (Hansen 2016, eq. 49).

    Args:
        candidates: `[n, dims]`.
        scores: `[n]`.

    Returns:
        The mean `[dims]`.
    """
    mu = max(1, len(scores) // 2)
    weights = math.log(mu + 1) - torch.arange(1, mu + 1, device=candidates.device).log()
    return (weights / weights.sum()) @ candidates[best_first(scores)[:mu]]


def _plain(value: Any) -> Any:
    """Turns NumPy values into tensors and Python numbers, which `torch.load(weights_only=True)` reads back."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    return value.item() if isinstance(value, np.generic) else value


def _array(value: Any) -> Any:
    return value.numpy(force=True).copy() if isinstance(value, Tensor) else value
