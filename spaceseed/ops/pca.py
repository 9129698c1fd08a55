"""Principal components of more samples than fit in memory, and the latents that produce them (GANSpace).

Härkönen et al. 2020, "GANSpace: Discovering Interpretable GAN Controls": components of w, or of an early activation
whose coordinates are then regressed back to z (sec. 3.1 and 3.2)::

    pca = IncrementalPCA(rank=80)
    for activations in batches:                   # [n, dims], with any n
        pca.add(activations)
    components, deviations = pca.components()
    directions = regress(pca.coordinates(activations), latents)
"""

import torch
from torch import Tensor

from spaceseed.arguments import check_integer
from spaceseed.ops.sefa import fix_signs

# Rows in one update. It does not depend on the batches, so the result depends only on the samples.
CHUNK = 512
# Singular values below this share of the first are rounding errors of float32.
ROUNDING = 1e-5


class IncrementalPCA:
    """The leading singular vectors of all centred rows so far. Exact if the rows span at most `rank` dimensions.

    The update is that of Ross et al. 2008, "Incremental Learning for Robust Visual Tracking", fig. 1.

    Args:
        rank: number of components kept between updates, 1 or more.

    Raises:
        ArgumentError: rank is out of range.
    """

    def __init__(self, rank: int) -> None:
        self.rank = check_integer("rank", rank, 1)
        self.count = 0
        self._waiting: list[Tensor] = []
        self._mean = self._singular = self._vectors = torch.empty(0)

    def add(self, rows: Tensor) -> None:
        """Adds samples [n, dims]."""
        self._waiting.append(rows.double())
        while sum(map(len, self._waiting)) >= CHUNK:
            waiting = torch.cat(self._waiting)
            self._fold(waiting[:CHUNK])
            self._waiting = [waiting[CHUNK:]]

    def components(self) -> tuple[Tensor, Tensor]:
        """Returns the components so far.

        Returns:
            Unit vectors [k, dims], one in each row, largest deviation first, each with its largest coordinate
            positive; and the standard deviations [k] of the samples along them. k is `rank`, or less if the samples
            span less.

        Raises:
            ArgumentError: fewer than two samples were added.
        """
        waiting = torch.cat(self._waiting) if self._waiting else torch.empty(0)
        if len(waiting):
            self._fold(waiting)
            self._waiting = []
        check_integer("samples", self.count, 2)
        return self._vectors.float(), (self._singular / (self.count - 1) ** 0.5).float()

    def coordinates(self, rows: Tensor) -> Tensor:
        """Returns rows [n, dims] as multiples of each component's standard deviation, [n, k]."""
        components, deviations = self.components()
        return (rows - self._mean.to(rows)) @ components.to(rows).T / deviations.to(rows)

    def _fold(self, rows: Tensor) -> None:
        mean, n = rows.mean(dim=0), len(rows)
        if self.count == 0:
            stacked, self._mean = rows - mean, mean
        else:
            shift = (self.count * n / (self.count + n)) ** 0.5 * (self._mean - mean)
            stacked = torch.cat([self._singular[:, None] * self._vectors, rows - mean, shift[None]])
            self._mean = self._mean + (mean - self._mean) * (n / (self.count + n))
        self.count += n
        self._singular, self._vectors = _right_singular(stacked, self.rank)


def regress(coordinates: Tensor, latents: Tensor) -> Tensor:
    """Returns directions in latent space that move along each component: least squares of `coordinates @ D = latents`.

    Args:
        coordinates: [n, k], n at least k.
        latents: [n, dims], the latents that gave these coordinates.

    Returns:
        Unit vectors D [k, dims].
    """
    directions = torch.linalg.lstsq(coordinates.double(), latents.double()).solution
    return torch.nn.functional.normalize(directions, dim=1).to(latents.dtype)


def _right_singular(x: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Returns singular values [k] and right singular vectors [k, dims] of x [n, dims], the largest first."""
    # The smaller of the two Gram matrices is used, because activations have tens of thousands of dimensions.
    wide = x.shape[1] > x.shape[0]
    squares, vectors = torch.linalg.eigh(x @ x.T if wide else x.T @ x)
    squares, vectors = squares.flip(0)[:rank], vectors.flip(1)[:, :rank]
    kept = squares > squares[0] * ROUNDING**2
    singular, vectors = squares[kept].sqrt(), vectors[:, kept]
    right = (x.T @ vectors / singular).T if wide else vectors.T
    return singular, fix_signs(right)
