"""Avoiding the bad: learn from marked examples where bad images come from, and draw from elsewhere.

    avoid = LatentFilter.fit(bad, good)               # z [n, dims] and [m, dims]; five of each or more
    print(avoid.auc, avoid.acceptance, avoid.reason)  # reason says why it is not to be trusted yet; "" if it is
    z = avoid.sample(16, seed=0)                      # the faces of seeds 0 to 15, the bad ones replaced
    avoid.save("no-broken-faces.safetensors")

A filter scores a latent along one direction, or a few, by an estimator of `ops.discriminant`, and forbids the share of
all latents that scores worst. In z, what is orthogonal to its directions it never changes. Labels come from a person's
marks, or from `labelling`.
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
# A filter is trusted when marks that mean nothing would look so telling, at any moment, less often than this.
SIGNIFICANCE = 0.05
# Draws that tell how w spreads.
MEASURED = 4_000
PENALTY_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class LatentFilter:
    """Where a model's bad latents lie, and how to keep out of there.

    Attributes:
        method: the estimator, one of `ops.discriminant.ESTIMATORS`.
        how: "truncate", "reject" or "shift", see `fit`.
        space: "z", or "w" in the standardised coordinates of `LatentSpace`.
        model: id of the generator; "" for one that fits any model of its size.
        sha256: of the generator's weights' file; "" likewise.
        marks: how many bad and how many good examples it was learned from.
        discriminant: scores latents, the higher the worse.
        limit: the highest score allowed.
        strength: of the tilt, where `how` is "shift".
        held_out: what examples say that were held out while learning.
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
            bad: latents [n, dims] of bad images, n at least 2; one that is given twice counts once.
            good: latents [m, dims] of good images, m at least 2, likewise.
            method: "mean", "lda" or "logistic" for what lies beyond a plane; "covariance" or "quadratic" for blobs,
                slabs and shells, which take hundreds of examples to find. See `ops.discriminant`.
            how: "truncate" draws the forbidden coordinate anew from exactly the allowed part of its distribution, for
                the first three methods alone and their default; "reject" draws the few coordinates along the
                directions anew until they are allowed, the default of the others; "shift" forbids nothing and moves
                all latents a little, as far from the prior as the other two for the same `keep`.
            keep: the share of all latents that stays allowed, 0.05 up to below 1.
            space: whose vectors the latents are, "z" or "w"; z of any model of that size if None.

        Raises:
            FilterError: the examples are too few, alike, not finite, of the wrong size, or both bad and good.
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
        """The chance that a bad latent scores worse than a good one, both held out; 0.5 where nothing was learned."""
        return self.held_out.auc

    @property
    def reason(self) -> str:
        """Why the filter is not to be trusted yet, in a sentence; "" if it is."""
        bad, good = self.marks
        if min(self.marks) < ENOUGH_MARKS:
            return f"Not enough marks yet: {bad} bad and {good} good, and {ENOUGH_MARKS} of each are needed."
        if self.held_out.chance > SIGNIFICANCE:
            return (
                f"Not enough marks yet: what {bad} bad and {good} good ones have in common may be chance "
                f"(held-out AUC {self.auc:.2f}). Clear cases need 10 to 20 of each."
            )
        return ""

    @property
    def trustworthy(self) -> bool:
        """Whether the marks are enough to say that the filter has learned something."""
        return not self.reason

    @property
    def acceptance(self) -> float:
        """The share of draws that are kept as they are, or, by a shift, at all: 1.

        Exact for a linear score, else within 1 %; of z. For w as far as its coordinates are normal.
        """
        return 1.0 if self.how == "shift" else self.discriminant.share_below(self.limit)

    @property
    def kl(self) -> float:
        """The Kullback-Leibler divergence of what is drawn from the prior, in nats; as exact as `acceptance`."""
        if self.how == "shift":
            return tilt_divergence(self.discriminant.linear, self.discriminant.quadratic, self.strength)
        return rejection_divergence(self.acceptance)

    @property
    def coverage(self) -> float:
        """The share of good examples, held out, that are allowed."""
        return self.held_out.good_allowed

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draws z; row i is that of the integer seed `seed + i`, replaced where it is not allowed.

        Returns:
            [n, dims] float32.

        Raises:
            ArgumentError: n or seed is out of range.
            FilterError: the filter is one of w, which only a generator can draw: see `LatentSpace.draw`.
        """
        check_integer("n", n, 0)
        check_integer("seed", seed, 0, MAX_SEED - n)
        if self.space != "z":
            raise FilterError("This filter is for w: draw from a LatentSpace made with it.")
        return self.apply(latents_from_seeds(range(seed, seed + n), self.dims))

    def apply(self, latents: Tensor, keys: Tensor | None = None) -> Tensor:
        """Replaces what is not allowed; by "truncate" and "reject" the others stay as they are, bit for bit.

        Args:
            latents: [n, dims], draws of the prior.
            keys: [n, any], what the tries of "reject" are seeded by; the latents themselves if None.

        Returns:
            [n, dims], each row made from its own latent and key alone.

        Raises:
            ArgumentError: the latents are not finite, or no rows of numbers.
            FilterError: they are of another size.
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
        """Tells whether latents [n, dims] are among those that may be drawn, [n]."""
        return self.discriminant.score(self._checked(latents)) <= self._border

    def penalty(self, latents: Tensor) -> Tensor:
        """Returns what to take off the score of latents [n, dims], [n]: 0 where they are allowed, and differentiable.

        Beyond the border it grows by 0.1, about what a prompt's score varies by, for each standard deviation of the
        filter's own score.
        """
        latents = self._checked(latents)
        d = self.discriminant
        excess = (d.score(latents) - self._border) / d.deviation()
        return PENALTY_WEIGHT * excess.clamp(min=0).to(latents.dtype)

    def probability_bad(self, latents: Tensor) -> Tensor:
        """Returns how likely latents [n, dims] are bad, [n], if every second one were (Platt, on held-out examples)."""
        latents = self._checked(latents)
        logits = self.held_out.slope * self.discriminant.score(latents) + self.held_out.offset
        return logits.sigmoid().to(latents.dtype)

    def check(self, generator: Generator) -> None:
        """Makes sure that the filter was learned on this generator.

        Raises:
            FilterError: it was learned on another one, or on latents of another size.
        """
        check_model(generator, self.model, self.sha256, "This filter belongs to", FilterError)
        wanted = generator.z_dim if self.space == "z" else generator.w_dim
        if self.dims != wanted:
            raise FilterError(f"This filter is for latents of {self.dims} numbers, and this model's have {wanted}.")

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        write(path, vars(self))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            FilterError: the file holds no filter, a damaged one, or one that would refuse nearly everything.
            OSError: there is no such file, or it may not be read.
        """
        return cls(**read(path))

    @property
    def _border(self) -> float:
        """The limit, with room for a latent that was put on it and rounded."""
        return self.limit + 2 * ROUNDING * self.discriminant.deviation()

    def _checked(self, latents: Tensor) -> Tensor:
        rows = check_tensor("latents", latents, ["n", "dims"])
        if rows.shape[1] != self.dims:
            raise FilterError(f"This filter is for latents of shape [n, {self.dims}], not {list(rows.shape)}.")
        return rows


def _estimate_in_w(estimate: Estimator, draws: Tensor, bad: Tensor, good: Tensor) -> Discriminant:
    return estimate(bad, good).measured_on(draws)


def _checked(bad: Tensor, good: Tensor, dims: int | None) -> tuple[Tensor, Tensor]:
    """Returns both sets in float64 on the CPU, each latent once, in the order of first mention."""
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
            raise FilterError(f"There are no {name} examples, and a filter learns from what sets both kinds apart.")
        distinct = dict.fromkeys(map(tuple, rows.tolist()))
        if len(distinct) < 2:
            raise FilterError(f"All {name} examples are the same latent, and at least two different ones are needed.")
        sets.append(distinct)
    if sets[0].keys() & sets[1].keys():
        raise FilterError("The same latent is marked both bad and good.")
    bad, good = (torch.tensor(list(distinct), dtype=torch.float64) for distinct in sets)
    if torch.allclose(bad.mean(dim=0), good.mean(dim=0), atol=1e-9):
        raise FilterError("The bad and the good examples have the same mean, so nothing leads from one to the other.")
    return bad, good
