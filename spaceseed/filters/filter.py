"""Latent filters: learn where bad images are in latent space, and draw from elsewhere.

Example::

    avoid = LatentFilter.fit(bad, good)               # z [n, dims] and [m, dims], five or more of each
    print(avoid.auc, avoid.acceptance, avoid.reason)  # reason: why not to trust it yet; "" if it is trustworthy
    z = avoid.sample(16, seed=0)                      # z of the seeds 0 to 15, with the bad ones replaced
    avoid.save("no-broken-faces.safetensors")

    space = LatentSpace(G, "z", truncation=1.0)
    avoid = LatentFilter.reweight(space, judge.embed_images, bad=bad, good=good, keep=0.5)
    avoid = LatentFilter.reweight(space, judge.embed_images, real=photographs, keep=0.5)   # no marks at all

`fit` learns from latents alone, along one or a few directions. `reweight` also draws images and looks at them, so it
learns more from few marks, and it can compare them with real images. Examples come from a person's marks, or from
`filters.examples`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_number, check_tensor, check_type
from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, FilterError
from spaceseed.filters.file import MIN_KEEP, Soft, identity, prior, read, write
from spaceseed.filters.looking import DRAWS, Look, survey
from spaceseed.filters.reweighting import Marks, reweighting, share_kept
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator, check_model, latents_from_seeds
from spaceseed.ops.avoidance import (
    ROUNDING,
    Acceptance,
    chances,
    redrawn,
    rejection_divergence,
    resampled,
    soft_divergence,
    tilt_divergence,
    tilt_strength,
    tilted,
    truncated,
)
from spaceseed.ops.discriminant import ESTIMATORS, Discriminant, Estimator
from spaceseed.ops.network import Network
from spaceseed.ops.validation import HeldOut, cross_validate

SAMPLERS = ("truncate", "reject", "shift", "soft")
NETWORK = "network"  # the method of `reweight`
SPACES = ("z", "w")
ENOUGH_MARKS, CLEAR_MARKS = 5, 20
# A filter is trusted if random marks would give such a result with at most this probability, at any number of marks.
SIGNIFICANCE = 0.05
# Draws that the distribution of w is estimated from, and shares of a soft filter.
MEASURED = 4_000
MIN_DRAWS = 200  # images that `reweight` looks at, at least
PENALTY_WEIGHT = 0.1
MAX_LATENT = 1e6


@dataclass(frozen=True, eq=False)
class LatentFilter:
    """What is bad in latent space, and a way to avoid it.

    Attributes:
        method: the estimator, one of `ops.discriminant.ESTIMATORS`; "network" for one from `reweight`.
        how: "truncate", "reject", "shift" or "soft", see `fit`.
        space: "z", or "w" in the standardised coordinates of `LatentSpace`.
        model: id of the generator; "" for a filter that fits any model of its size.
        sha256: hash of the generator's weights' file; "" in the same case.
        marks: number of bad and of good examples that it learned from.
        discriminant: scores latents; higher is worse. Log odds, if `how` is "soft".
        limit: the highest score that is allowed; of a soft filter see `Acceptance`.
        strength: strength of the tilt, if `how` is "shift".
        held_out: results on held-out examples.
        references: number of real images that it learned from.
        soft: how a soft filter accepts; None for the others.
    """

    method: str
    how: str
    space: str
    model: str
    sha256: str
    marks: tuple[int, int]
    discriminant: Discriminant | Network
    limit: float
    strength: float
    held_out: HeldOut
    references: int = 0
    soft: Soft | None = None

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
                "soft" accepts each latent with a probability that decreases with its odds of being bad (`Acceptance`),
                calibrated on held-out examples, and draws the others again.
            keep: share of all latents that stays allowed, 0.05 up to below 1. "soft" keeps more if the examples do not
                tell so much, or if there are fewer than ten of a kind.
            space: the space of the latents, "z" or "w"; if None, z of any model of that size.

        Raises:
            FilterError: the examples are too few, all equal, not finite, of the wrong size, or both bad and good.
            ArgumentError: another argument is out of range.
        """
        check_choice("method", method, ESTIMATORS)
        if how is not None:
            check_choice("how", how, dict.fromkeys(SAMPLERS))
        _check_keep(keep)
        if space is not None:
            check_choice("space", check_type("space", space, LatentSpace, "a LatentSpace").name, dict.fromkeys(SPACES))
        bad, good = _checked(bad, good, None if space is None else space.dims)
        if torch.allclose(bad.mean(dim=0), good.mean(dim=0), atol=1e-9):
            raise FilterError("The bad and the good examples do not differ on average, so there is nothing to learn.")
        estimate = ESTIMATORS[method]
        draws = None
        if space is not None and space.name == "w":
            draws = space.from_z(prior(space.generator.z_dim, MEASURED)).cpu()
            estimate = partial(_estimate_in_w, estimate, draws)
        discriminant = estimate(bad, good)
        if how is None:
            how = "truncate" if discriminant.is_linear else "reject"
        if how == "truncate" and not discriminant.is_linear:
            raise ArgumentError("how", how, f"reject, shift or soft with method {method!r}")
        held_out = cross_validate(estimate, bad, good, keep)
        limit, strength, soft = 0.0, 0.0, None
        if how == "soft":
            discriminant = discriminant.scaled(held_out.slope, held_out.offset)
            held_out = replace(held_out, slope=1.0, offset=0.0)  # the score is calibrated now
            scores = discriminant.score(prior(bad.shape[1], MEASURED) if draws is None else draws)
            acceptance = Acceptance.keeping(scores, share_kept(keep, len(bad), len(good)))
            limit, soft = acceptance.limit, _soft(acceptance, acceptance.probability(scores))
        else:
            limit = discriminant.quantile(keep)
        if how == "shift":
            divergence = rejection_divergence(keep)
            strength = tilt_strength(discriminant.linear, discriminant.quadratic, divergence)
        model, sha256 = _model(space)
        return cls(
            method=method,
            how=how,
            space=space.name if space is not None else "z",
            model=model,
            sha256=sha256,
            marks=(len(bad), len(good)),
            discriminant=discriminant,
            limit=limit,
            strength=strength,
            held_out=held_out,
            soft=soft,
        )

    @classmethod
    def reweight(
        cls,
        space: LatentSpace,
        features: Callable[[Tensor], Tensor],
        *,
        bad: Tensor | None = None,
        good: Tensor | None = None,
        real: Tensor | None = None,
        keep: float = 0.75,
        known: tuple[Tensor, Tensor] | None = None,
        draws: int = DRAWS,
        seed: int = 0,
        progress: Progress = lambda _: None,
    ) -> Self:
        """Learns a soft filter from images: from marks, from real images, or from both.

        Random images are drawn, and a judge's features of them and of the examples are compared: the bad with the good,
        and the drawn with the real. A small network then learns the log odds of latents (`filters.reweighting`).

        Args:
            space: the space of the latents, "z" or "w". Images use its truncation and labels; compare with real images
                at truncation 1.
            features: from images [n, 3, H, W] in [-1, 1] to features [n, d], such as a judge's `embed_images`.
            bad: vectors [n, dims] of bad images, n at least 2.
            good: vectors [m, dims] of good images, m at least 2.
            real: real images [r, 3, H, W] of the model's size in [-1, 1], or their features [r, d]; r at least d.
            keep: share of all latents that is kept, 0.05 up to below 1; more if the examples do not tell so much, or if
                there are fewer than ten marks of a kind and no real images.
            known: what `survey` returns: vectors [n, dims] of random draws, and the features [n, d] of their images.
                Then no others are drawn.
            draws: number of images to draw and look at, 200 or more.
            seed: of the draws and of the network.
            progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

        Raises:
            FilterError: there are neither marks nor real images, or the marks are as `fit` refuses them.
            ArgumentError: another argument is out of range, the real images have another size, they are fewer than the
                features, or the features do not differ between images.
        """
        look = Look(space, features)
        check_choice("space", space.name, dict.fromkeys(SPACES))
        _check_keep(keep)
        check_integer("draws", draws, MIN_DRAWS)
        if (bad is None) != (good is None):
            raise FilterError(f"There are no {'bad' if bad is None else 'good'} examples; a filter needs both kinds.")
        if bad is None and real is None:
            raise FilterError("There is nothing to learn from: neither marks nor real images.")
        check_integer("seed", seed, 0, MAX_SEED)
        if bad is not None and good is not None:
            bad, good = _checked(bad, good, space.dims)
        if real is not None:
            real = look.check_real(real)
        examples = [rows.float() for rows in (bad, good) if rows is not None]
        count = sum(map(len, examples))
        if known is None:
            share = draws / (draws + count)
            known = survey(space, features, draws, seed, lambda done: progress(share * done))
        else:
            share = 0.0
        if not isinstance(known, tuple) or len(known) != 2:
            raise ArgumentError("known", type(known).__name__, "vectors and features, as `survey` returns them")
        latents = check_tensor("known[0]", known[0], ["n", space.dims]).detach().cpu()
        check_integer("len(known[0])", len(latents), MIN_DRAWS)
        drawn = look.check_seen("known[1]", known[1], len(latents))
        if drawn.shape[1] < 2 or not bool((drawn.amax(dim=0) > drawn.amin(dim=0)).any()):
            raise ArgumentError("features", f"{drawn.shape[1]} features", "two or more that differ between images")
        marks = None
        if examples:
            seen = look.at(torch.cat(examples), lambda done: progress(share + (1 - share) * done))
            marks = Marks(*seen.split([len(rows) for rows in examples]))
        references = None if real is None else look.at_real(real)
        fresh = space.from_z(prior(space.generator.z_dim, MEASURED, seed + 1)).cpu()
        learned = reweighting(latents, drawn, marks, references, keep, fresh, seed)
        model, sha256 = _model(space)
        return cls(
            method=NETWORK,
            how="soft",
            space=space.name,
            model=model,
            sha256=sha256,
            marks=(len(examples[0]), len(examples[1])) if marks else (0, 0),
            discriminant=learned.network,
            limit=learned.acceptance.limit,
            strength=0.0,
            held_out=learned.held_out,
            references=0 if references is None else len(references),
            soft=_soft(learned.acceptance, learned.probability),
        )

    @property
    def dims(self) -> int:
        """Size of a latent."""
        return self.discriminant.dims

    @property
    def id(self) -> str:
        """Tells filters apart: the first 16 hexadecimal digits of a hash of all that `save` writes."""
        return identity(vars(self))

    def __str__(self) -> str:
        return f"{self.how} {self.method} in {self.space}, {self.acceptance:.0%} kept, {self.id}"

    @property
    def auc(self) -> float:
        """The probability that a held-out bad example scores worse than a good one; 0.5 if nothing is learned.

        `fit` compares latents, `reweight` what the judge sees. Without marks the examples are generated and real
        images.
        """
        return self.held_out.auc

    @property
    def reason(self) -> str:
        """Why the filter is not trustworthy yet, in one sentence; "" if it is."""
        bad, good = self.marks
        if not self.references and min(self.marks) < ENOUGH_MARKS:
            return f"Not enough marks yet: {bad} bad and {good} good; {ENOUGH_MARKS} of each are needed."
        if self.held_out.chance <= SIGNIFICANCE:
            return ""
        if self.references:
            marks = " Nor do the bad and the good ones." if bad else ""
            return f"Generated and real images differ no more than by chance.{marks}"
        if min(self.marks) > CLEAR_MARKS:
            return (
                f"The difference of {bad} bad and {good} good ones may be chance. Mark more, and see whether some are "
                "marked wrongly."
            )
        return (
            f"Not enough marks yet: the difference of {bad} bad and {good} good ones may be chance. "
            "Clear cases need 10 to 20 of each."
        )

    @property
    def trustworthy(self) -> bool:
        """Whether the examples are enough to show that the filter has learned something."""
        return not self.reason

    @property
    def acceptance(self) -> float:
        """The share of draws that are kept unchanged; 1 with "shift".

        In z it is exact for a linear score, otherwise within 1 %. In w it assumes that coordinates are normal. That of
        a soft filter was measured on draws.
        """
        if self.soft is not None:
            return self.soft.kept
        return 1.0 if self.how == "shift" else self._plane.share_below(self.limit)

    @property
    def kl(self) -> float:
        """The Kullback-Leibler divergence of the filter's draws from the prior, in nats; as exact as `acceptance`."""
        if self.soft is not None:
            return self.soft.divergence
        if self.how == "shift":
            return tilt_divergence(self._plane.linear, self._plane.quadratic, self.strength)
        return rejection_divergence(self.acceptance)

    @property
    def coverage(self) -> float:
        """The share of held-out good examples that are allowed.

        `reweight` estimates it from draws that look like them. Without marks the good examples are real images.
        """
        return self.held_out.good_allowed

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draws z. Row i is the z of the integer seed `seed + i`, replaced if it is not allowed.

        Returns:
            [n, dims] float32.

        Raises:
            ArgumentError: n or seed is out of range.
            FilterError: the filter is for w, which needs a generator: see `LatentSpace.draw`.
        """
        check_integer("n", n, 0, MAX_SEED)
        check_integer("seed", seed, 0, MAX_SEED - max(n - 1, 0))
        if self.space != "z":
            raise FilterError("This filter is for w: draw from a LatentSpace made with it.")
        return self.apply(latents_from_seeds(range(seed, seed + n), self.dims))

    def apply(
        self, latents: Tensor, keys: Tensor | None = None, from_z: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """Replaces latents that are not allowed. All samplers but "shift" leave the others unchanged, bit for bit.

        Args:
            latents: [n, dims], draws of the prior.
            keys: [n, any], seeds of the redraws of "reject" and "soft"; the latents themselves if None. For "soft" in w
                they are the z [n, z_dim] of the latents.
            from_z: returns the latents of z [m, z_dim]; needed by "soft" in w.

        Returns:
            [n, dims]. Each row depends only on its own latent and key.

        Raises:
            ArgumentError: the latents are not finite, or have another shape.
            FilterError: they have another size, or `from_z` is needed.
        """
        latents = self._checked(latents)
        keys = latents if keys is None else check_tensor("keys", keys, [len(latents), "k"])
        if self.soft is not None:
            if self.space != "z" and from_z is None:
                raise FilterError("This filter is for w: draw from a LatentSpace made with it.")
            return resampled(latents, keys, self.probability, from_z or (lambda z: z))
        d = self._plane
        u = d.coordinates(latents)
        if self.how == "truncate":
            moved = truncated(u, (self.limit - d.bias) / float(d.linear))
        elif self.how == "reject":
            moved = redrawn(u, keys, d.score_of, self.limit, ROUNDING * d.deviation())
        else:
            moved = tilted(u, d.linear.to(u.device), d.quadratic.to(u.device), self.strength)
        changed = (moved != u).any(dim=1, keepdim=True)
        return torch.where(changed, d.move(latents, moved), latents)

    def probability(self, latents: Tensor) -> Tensor:
        """Returns the probability [n] with which latents [n, dims] are allowed: 0 or 1, unless the filter is soft."""
        scores = self.discriminant.score(self._checked(latents))
        if self.soft is not None:
            return Acceptance(self.limit, self.soft.low).probability(scores)
        return (scores <= self._border).double()

    def allows(self, latents: Tensor, keys: Tensor | None = None) -> Tensor:
        """Returns whether each of latents [n, dims] is allowed, [n].

        Args:
            latents: [n, dims].
            keys: as for `apply`. A soft filter decides by them: always in the same way. Without them it decides by the
                latents themselves, to the last bit.
        """
        probability = self.probability(latents)
        if self.soft is None:
            return probability > 0
        keys = latents if keys is None else check_tensor("keys", keys, [len(latents), "k"])
        return chances(keys).to(probability.device) < probability

    def penalty(self, latents: Tensor) -> Tensor:
        """Returns the amount to subtract from the score of latents [n, dims], [n]: 0 if allowed; differentiable.

        Beyond the border it grows by 0.1 for each standard deviation of the filter's score. 0.1 is about the variation
        of a prompt's score. With a soft filter it grows by 0.1 whenever the probability decreases by a factor of e.
        """
        latents = self._checked(latents)
        scores = self.discriminant.score(latents)
        if self.soft is not None:
            excess = -Acceptance(self.limit, self.soft.low).log_probability(scores)
        else:
            excess = ((scores - self._border) / self._plane.deviation()).clamp(min=0)
        return PENALTY_WEIGHT * excess.to(latents.dtype)

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
        return self.limit + 2 * ROUNDING * self._plane.deviation()

    @property
    def _plane(self) -> Discriminant:
        """The score of a filter that is not soft."""
        assert isinstance(self.discriminant, Discriminant)
        return self.discriminant

    def _checked(self, latents: Tensor) -> Tensor:
        rows = check_tensor("latents", latents, ["n", "dims"])
        if rows.shape[1] != self.dims:
            raise FilterError(f"This filter is for latents of shape [n, {self.dims}], not {list(rows.shape)}.")
        return rows


def _model(space: LatentSpace | None) -> tuple[str, str]:
    """Returns id and hash of a space's model; empty for any model."""
    card = space.generator.card if space is not None else None
    return (card.id, card.sha256) if card else ("", "")


def _soft(acceptance: Acceptance, probability: Tensor) -> Soft:
    """Returns how a soft filter accepts, from the probabilities [n] of draws that it did not learn from."""
    return Soft(acceptance.low, float(probability.mean()), soft_divergence(probability))


def _check_keep(keep: float) -> None:
    if not check_number("keep", keep, MIN_KEEP) < 1:
        raise ArgumentError("keep", keep, f"from {MIN_KEEP} up to below 1")


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
        if len(rows) and float(rows.abs().max()) > MAX_LATENT:
            raise FilterError(f"The {name} examples have numbers beyond {MAX_LATENT:,.0f}.")
        if not len(rows):
            raise FilterError(f"There are no {name} examples; a filter needs both kinds.")
        distinct = dict.fromkeys(map(tuple, rows.tolist()))
        if len(distinct) < 2:
            raise FilterError(f"All {name} examples are the same; at least two different ones are needed.")
        sets.append(distinct)
    if sets[0].keys() & sets[1].keys():
        raise FilterError("The same image is marked both bad and good.")
    bad, good = (torch.tensor(list(distinct), dtype=torch.float64) for distinct in sets)
    return bad, good
