"""Latent filters: learn from marked examples where bad images are in latent space, and draw from elsewhere.

Example::

    avoid = LatentFilter.fit(bad, good)               # z [n, dims] and [m, dims], five or more of each
    print(avoid.auc, avoid.acceptance, avoid.reason)  # reason: why not to trust it yet; "" if it is trustworthy
    z = avoid.sample(16, seed=0)                      # z of the seeds 0 to 15, with the bad ones replaced
    avoid.save("no-broken-faces.safetensors")

A filter scores a latent along one or a few directions, with an estimator of `ops.discriminant`, and refuses the share
of latents with the worst scores. In z it never changes the components orthogonal to its directions. Examples come from
a person's marks, or from `filters.examples`.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_number, check_tensor, check_type
from spaceseed.errors import ArgumentError, FilterError
from spaceseed.filters.file import MIN_KEEP, read, write
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator, check_model, latents_from_seeds
from spaceseed.ops.avoidance import (
    ROUNDING,
    redrawn,
    rejection_divergence,
    tilt_divergence,
    tilt_strength,
    tilted,
    truncated,
)
from spaceseed.ops.discriminant import ESTIMATORS, Discriminant, Estimator
from spaceseed.ops.validation import HeldOut, cross_validate

SAMPLERS = ("truncate", "reject", "shift")
SPACES = ("z", "w")
ENOUGH_MARKS = 5
# A filter is trusted if random marks would give such a result with at most this probability, at any number of marks.
SIGNIFICANCE = 0.05
# Draws that the distribution of w is estimated from.
MEASURED = 4_000
PENALTY_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class LatentFilter:
    """A region of latent space with bad images, and a way to avoid it.

    Attributes:
        method: the estimator, one of `ops.discriminant.ESTIMATORS`.
        how: "truncate", "reject" or "shift", see `fit`.
        space: "z", or "w" in the standardised coordinates of `LatentSpace`.
        model: id of the generator; "" for a filter that fits any model of its size.
        sha256: hash of the generator's weights' file; "" in the same case.
        marks: number of bad and of good examples that it learned from.
        discriminant: scores latents; higher is worse.
        limit: the highest score that is allowed.
        strength: strength of the tilt, if `how` is "shift".
        held_out: results on held-out examples.
    """

    method: str
    how: str
    space: str
    model: str
    sha256: str
    marks: tuple[int, int]
    discriminant: Discriminant
    limit: float
    strength: float
    held_out: HeldOut

    @classmethod
    def fit(
        cls,
        bad: Tensor,
        good: Tensor,
        method: str = "logistic",
        *,
        how: str | None = None,
        keep: float = 0.75,
        space: LatentSpace | None = None,
    ) -> Self:
        """Learns a filter.

        Args:
            bad: latents [n, dims] of bad images, n at least 2. Duplicates count once.
            good: latents [m, dims] of good images, m at least 2. Duplicates count once.
            method: "mean", "lda" or "logistic" for a region beyond a plane; "covariance" or "quadratic" for blobs,
                slabs and shells, which need hundreds of examples. See `ops.discriminant`.
            how: "truncate" redraws the score's coordinate from exactly the allowed part of its distribution. It is
                for the first three methods only, and their default. "reject" redraws the few coordinates along the
                directions until they are allowed; the default of the others. "shift" refuses nothing and moves all
                latents a little. Its KL divergence from the prior is that of the other two at the same `keep`.
            keep: share of all latents that stays allowed, 0.05 up to below 1.
            space: the space of the latents, "z" or "w"; if None, z of any model of that size.

        Raises:
            FilterError: the examples are too few, all equal, not finite, of the wrong size, or both bad and good.
            ArgumentError: another argument is out of range.
        """
        check_choice("method", method, ESTIMATORS)
        if how is not None:
            check_choice("how", how, dict.fromkeys(SAMPLERS))
        if not check_number("keep", keep, MIN_KEEP) < 1:
            raise ArgumentError("keep", keep, f"from {MIN_KEEP} up to below 1")
        if space is not None:
            check_choice("space", check_type("space", space, LatentSpace, "a LatentSpace").name, dict.fromkeys(SPACES))
        bad, good = _checked(bad, good, None if space is None else space.dims)
        estimate = ESTIMATORS[method]
        if space is not None and space.name == "w":
            z = torch.randn(MEASURED, space.generator.z_dim, generator=torch.Generator().manual_seed(0))
            draws = space.from_z(z).cpu()
            estimate = partial(_estimate_in_w, estimate, draws)
        discriminant = estimate(bad, good)
        if how is None:
            how = "truncate" if discriminant.is_linear else "reject"
        if how == "truncate" and not discriminant.is_linear:
            raise ArgumentError("how", how, f"reject or shift with method {method!r}")
        held_out = cross_validate(estimate, bad, good, keep)
        linear, quadratic = discriminant.linear, discriminant.quadratic
        card = space.generator.card if space is not None else None
        return cls(
            method=method,
            how=how,
            space=space.name if space is not None else "z",
            model=card.id if card else "",
            sha256=card.sha256 if card else "",
            marks=(len(bad), len(good)),
            discriminant=discriminant,
            limit=discriminant.quantile(keep),
            strength=tilt_strength(linear, quadratic, rejection_divergence(keep)) if how == "shift" else 0.0,
            held_out=held_out,
        )

    @property
    def dims(self) -> int:
        """Size of a latent."""
        return self.discriminant.directions.shape[1]

    @property
    def auc(self) -> float:
        """The probability that a held-out bad latent scores worse than a good one; 0.5 if nothing is learned."""
        return self.held_out.auc

    @property
    def reason(self) -> str:
        """Why the filter is not trustworthy yet, in one sentence; "" if it is."""
        bad, good = self.marks
        if min(self.marks) < ENOUGH_MARKS:
            return f"Not enough marks yet: {bad} bad and {good} good; {ENOUGH_MARKS} of each are needed."
        if self.held_out.chance > SIGNIFICANCE:
            return (
                f"Not enough marks yet: the difference of {bad} bad and {good} good ones may be chance. "
                "Clear cases need 10 to 20 of each."
            )
        return ""

    @property
    def trustworthy(self) -> bool:
        """Whether the marks are enough to show that the filter has learned something."""
        return not self.reason

    @property
    def acceptance(self) -> float:
        """The share of draws that are kept unchanged; 1 with "shift".

        In z it is exact for a linear score, otherwise within 1 %. In w it assumes that coordinates are normal.
        """
        return 1.0 if self.how == "shift" else self.discriminant.share_below(self.limit)

    @property
    def kl(self) -> float:
        """The Kullback-Leibler divergence of the filter's draws from the prior, in nats; as exact as `acceptance`."""
        if self.how == "shift":
            return tilt_divergence(self.discriminant.linear, self.discriminant.quadratic, self.strength)
        return rejection_divergence(self.acceptance)

    @property
    def coverage(self) -> float:
        """The share of held-out good examples that are allowed."""
        return self.held_out.good_allowed

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draws z. Row i is the z of the integer seed `seed + i`, replaced if it is not allowed.

        Returns:
            [n, dims] float32.

        Raises:
            ArgumentError: n or seed is out of range.
            FilterError: the filter is for w, which needs a generator: see `LatentSpace.draw`.
        """
        check_integer("n", n, 0)
        check_integer("seed", seed, 0, MAX_SEED - n)
        if self.space != "z":
            raise FilterError("This filter is for w: draw from a LatentSpace made with it.")
        return self.apply(latents_from_seeds(range(seed, seed + n), self.dims))

    def apply(self, latents: Tensor, keys: Tensor | None = None) -> Tensor:
        """Replaces latents that are not allowed. "truncate" and "reject" leave the others unchanged, bit for bit.

        Args:
            latents: [n, dims], draws of the prior.
            keys: [n, any], seeds of the redraws of "reject"; the latents themselves if None.

        Returns:
            [n, dims]. Each row depends only on its own latent and key.

        Raises:
            ArgumentError: the latents are not finite, or have another shape.
            FilterError: they have another size.
        """
        latents = self._checked(latents)
        d = self.discriminant
        u = d.coordinates(latents)
        if self.how == "truncate":
            moved = truncated(u, (self.limit - d.bias) / float(d.linear))
        elif self.how == "reject":
            slack = ROUNDING * d.deviation()
            moved = redrawn(u, latents if keys is None else keys, d.score_of, self.limit, slack)
        else:
            moved = tilted(u, d.linear.to(u.device), d.quadratic.to(u.device), self.strength)
        changed = (moved != u).any(dim=1, keepdim=True)
        return torch.where(changed, d.move(latents, moved), latents)

    def allows(self, latents: Tensor) -> Tensor:
        """Returns whether each of latents [n, dims] is allowed, [n]."""
        return self.discriminant.score(self._checked(latents)) <= self._border

    def penalty(self, latents: Tensor) -> Tensor:
        """Returns the amount to subtract from the score of latents [n, dims], [n]: 0 if allowed; differentiable.

        Beyond the border it grows by 0.1 for each standard deviation of the filter's score. 0.1 is about the variation
        of a prompt's score.
        """
        latents = self._checked(latents)
        d = self.discriminant
        excess = (d.score(latents) - self._border) / d.deviation()
        return PENALTY_WEIGHT * excess.clamp(min=0).to(latents.dtype)

    def probability_bad(self, latents: Tensor) -> Tensor:
        """Returns the probability [n] that latents are bad if half of all are (Platt, on held-out examples)."""
        latents = self._checked(latents)
        logits = self.held_out.slope * self.discriminant.score(latents) + self.held_out.offset
        return logits.sigmoid().to(latents.dtype)

    def check(self, generator: Generator) -> None:
        """Checks that the filter belongs to this generator.

        Raises:
            FilterError: it belongs to another model, or its latents have another size.
        """
        check_model(generator, self.model, self.sha256, "This filter belongs to", FilterError)
        wanted = generator.z_dim if self.space == "z" else generator.w_dim
        if self.dims != wanted:
            raise FilterError(
                f"This filter belongs to another model: it is for latents of {self.dims} numbers, not {wanted}."
            )

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        write(path, vars(self))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            FilterError: the file is damaged, holds no filter, or one that would refuse nearly everything.
            OSError: the file does not exist or cannot be read.
        """
        return cls(**read(path))

    @property
    def _border(self) -> float:
        """The limit plus a tolerance for latents that were moved to the limit and rounded."""
        return self.limit + 2 * ROUNDING * self.discriminant.deviation()

    def _checked(self, latents: Tensor) -> Tensor:
        rows = check_tensor("latents", latents, ["n", "dims"])
        if rows.shape[1] != self.dims:
            raise FilterError(f"This filter is for latents of shape [n, {self.dims}], not {list(rows.shape)}.")
        return rows


def _estimate_in_w(estimate: Estimator, draws: Tensor, bad: Tensor, good: Tensor) -> Discriminant:
    return estimate(bad, good).measured_on(draws)


def _checked(bad: Tensor, good: Tensor, dims: int | None) -> tuple[Tensor, Tensor]:
    """Returns both sets in float64 on the CPU, without duplicates, in their first order."""
    sets = []
    try:
        bad = check_tensor("bad", bad, ["n", "dims"], torch.float64, finite=False).detach().cpu()
        good = check_tensor("good", good, ["m", "dims"], torch.float64, finite=False).detach().cpu()
    except ArgumentError as error:
        raise FilterError(str(error)) from error
    for name, rows in (("bad", bad), ("good", good)):
        size = dims or bad.shape[1]
        if rows.shape[1] != size or size < 2:
            raise FilterError(f"The {name} examples are of shape {list(rows.shape)}, not [n, {max(size, 2)}].")
        if not bool(rows.isfinite().all()):
            raise FilterError(f"The {name} examples have numbers that are not finite (NaN or infinity).")
        if not len(rows):
            raise FilterError(f"There are no {name} examples; a filter needs both kinds.")
        distinct = dict.fromkeys(map(tuple, rows.tolist()))
        if len(distinct) < 2:
            raise FilterError(f"All {name} examples are the same; at least two different ones are needed.")
        sets.append(distinct)
    if sets[0].keys() & sets[1].keys():
        raise FilterError("The same image is marked both bad and good.")
    bad, good = (torch.tensor(list(distinct), dtype=torch.float64) for distinct in sets)
    if torch.allclose(bad.mean(dim=0), good.mean(dim=0), atol=1e-9):
        raise FilterError("The bad and the good examples do not differ on average, so there is nothing to learn.")
    return bad, good
