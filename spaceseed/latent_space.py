"""Where a search moves: flat vectors, and the styles they stand for.

An optimizer knows vectors `[n, dims]` that are roughly N(0, I). `LatentSpace` gives them their meaning::

    space = LatentSpace(G, "w", truncation=0.7)
    optimizer = CMAES(space.dims, prior=space.prior, start=space.draw(range(64)))
    images = G.synthesize(space.ws(optimizer.ask()))
"""

import torch
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.models.generator import Generator, latents_from_seeds

SPACES = ("z", "w", "ws")
# Enough draws to know the spread of w within 1 %.
SPREAD_DRAWS = 10_000
PENALTY_WEIGHT = 0.1


class LatentSpace:
    """One of a generator's latent spaces, as vectors that an optimizer can move.

    In z a vector is the latent itself. In w and ws it is the offset from `w_avg` in units of each coordinate's own
    standard deviation, so that a step means the same everywhere; being far out costs a `penalty`.

    Args:
        generator: whose space.
        name: "z", "w", or "ws" (one w for each style layer).
        truncation: psi, applied to w after the vector is read.

    Attributes:
        dims: length of a vector.
        prior: the optimizer option that keeps vectors plausible here.

    Raises:
        ArgumentError: there is no space of this name, or truncation is not from -2 to 2.
    """

    def __init__(self, generator: Generator, name: str = "z", truncation: float = 0.7) -> None:
        if name not in SPACES:
            raise ArgumentError("space", name, f"one of {', '.join(SPACES)}")
        if not -2 <= truncation <= 2:
            raise ArgumentError("truncation", truncation, "a number from -2 to 2")
        self.generator, self.name, self.truncation = generator, name, truncation
        self.prior = "shell" if name == "z" else "free"
        self.dims = {"z": generator.z_dim, "w": generator.w_dim, "ws": generator.num_ws * generator.w_dim}[name]
        if name != "z":
            # One stream of draws: as many seeds would take twenty times as long as mapping them.
            z = torch.randn(SPREAD_DRAWS, generator.z_dim, generator=torch.Generator().manual_seed(0))
            self._spread = generator.map(z.to(generator.device))[:, 0].std(dim=0)

    def draw(self, seeds: range | list[int]) -> Tensor:
        """The vectors [len(seeds), dims] of integer seeds."""
        return self.from_z(latents_from_seeds(seeds, self.generator.z_dim))

    def from_z(self, z: Tensor) -> Tensor:
        """The vectors [n, dims] of z [n, z_dim]."""
        z = z.to(self.generator.device)
        if self.name == "z":
            return z
        offset = (self.generator.map(z)[:, 0] - self.generator.w_avg) / self._spread
        return offset if self.name == "w" else offset.repeat(1, self.generator.num_ws)

    def latents(self, vectors: Tensor) -> Tensor:
        """What a recipe keeps of vectors [n, dims]: z [n, z_dim], w [n, w_dim] or ws [n, num_ws, w_dim]."""
        vectors = vectors.to(self.generator.device)
        if self.name == "z":
            return vectors
        layers = vectors.reshape(len(vectors), -1, self.generator.w_dim)
        w = self.generator.w_avg + layers * self._spread
        return w[:, 0] if self.name == "w" else w

    def ws(self, vectors: Tensor) -> Tensor:
        """Styles [n, num_ws, w_dim] of vectors [n, dims], truncated."""
        latents = self.latents(vectors)
        if self.name == "z":
            return self.generator.map(latents, truncation=self.truncation)
        ws = latents[:, None].expand(-1, self.generator.num_ws, -1) if self.name == "w" else latents
        return self.generator.truncate(ws, self.truncation)

    def penalty(self, vectors: Tensor) -> Tensor:
        """What to take off the score of vectors [n, dims] that lie further from w_avg than draws do, [n].

        The mean squared coordinate of a draw is 1; the excess above that counts, so the penalty is 0 in the midst of
        the distribution. In z the prior itself keeps vectors in place and the penalty is always 0.
        """
        if self.name == "z":
            return torch.zeros(len(vectors), device=vectors.device)
        return PENALTY_WEIGHT * (vectors.square().mean(dim=1) - 1).clamp(min=0)
