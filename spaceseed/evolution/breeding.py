"""Interactive evolution: a person is the objective.

    breeding = Breeding(G.z_dim, seeds=range(12))
    page = breeding.page                          # 12 latents: draw them, let the visitor mark some
    page = breeding.next({3: LIKED, 7: BAD})      # 3 stays and stands first; its children keep away from 7
    page = breeding.undo()                        # back, with the marks as they were

A page's marks are the scores that a `GeneticAlgorithm` is told; nothing here knows images.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.arguments import check_integer, check_integers, check_number, check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.history import History
from spaceseed.models.generators.generator import MAX_SEED, latents_from_seeds
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.selection import truncation

LIKED, BAD = 1, -1
MIN_COUNT, MAX_COUNT = 6, 36
MAX_PAGES = 100
MAX_FRESH_SEED = 100_000
# So often at most are seeds that a filter refuses replaced; one that keeps a quarter leaves 1 in 10^8 by then.
MAX_REDRAWS = 64
# So many candidates are drawn for each new face while something is marked bad; the furthest from it is shown.
CANDIDATES = 8


@dataclass(frozen=True)
class Page:
    """One generation as a visitor sees it.

    Attributes:
        number: 0 for the first.
        latents: z [n, z_dim].
        seeds: for each face its integer seed, or None where it was bred.
        kept: how many faces, standing first, are the liked ones of the page before.
        marks: index of a face to `LIKED` or `BAD`, as they were when the page was left, or as it proposes.
    """

    number: int
    latents: Tensor
    seeds: tuple[int | None, ...]
    kept: int
    marks: Mapping[int, int]


class Breeding:
    """One visitor's evolution, with its history.

    Args:
        z_dim: size of a latent.
        seeds: integer seeds of the first page, 6 to 36 of them.
        seed: of all that chance decides afterwards.

    Attributes:
        page: the generation in front of the visitor.
        avoid: says of z [n, z_dim] which are allowed, [n], as `LatentFilter.allows` does; all new faces drawn from now
            on keep to it. Children and seeds that someone asked for are not touched. None allows all.

    Raises:
        ArgumentError: too few or too many seeds, or one out of range.
    """

    def __init__(self, z_dim: int, seeds: int | Iterable[int], seed: int = 0) -> None:
        self.z_dim = check_integer("z_dim", z_dim, 2)
        # Draws a seed for each turn: going back and breeding again gives other children.
        self._rng = np.random.RandomState(check_integer("seed", seed, 0, MAX_SEED))
        self.avoid: Callable[[Tensor], Tensor] | None = None
        self._history = History[Page](MAX_PAGES)
        self.page = self._seeded(check_integers("seed", seeds, 0, MAX_SEED), number=0)

    @property
    def can_undo(self) -> bool:
        """True when there is a page to go back to."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """True after `undo`, until another page is bred."""
        return self._history.can_redo

    def next(self, marks: Mapping[int, int], count: int | None = None, strength: float = 0.4) -> Page:
        """Breeds the liked faces: they come first, unchanged; their children and some new faces follow.

        New faces keep away from all that is marked bad, here or on an earlier page: of several candidates for each, the
        one whose latent is least similar to the nearest bad one (by the cosine) is shown.

        Args:
            marks: index on the page to `LIKED` or `BAD`; faces not named are neither. With none liked the whole page
                is drawn anew.
            count: faces on the next page, 6 to 36; as many as now if None.
            strength: how far children stray from their parents: standard deviation of the mutation, 0 to 2.

        Returns:
            the new page.

        Raises:
            ArgumentError: a mark is of no face on the page, a number is out of range, or so many are liked that no
                room is left for a child.
        """
        size = len(self.page.latents)
        count = size if count is None else _checked_count(count)
        check_number("strength", strength, 0, 2)
        self._check_marks(marks)
        liked = [i for i in range(size) if marks.get(i) == LIKED]
        if len(liked) >= count:
            raise ArgumentError("liked", len(liked), f"less than {count}, so that the next page has room for children")
        number, bad = self.page.number + 1, self._bad(marks)
        if liked:
            page = self._bred(liked, bad, count, strength, number)
        else:
            page = self._seeded(self._fresh_seeds(count, bad, ()), number)
        return self._turn_to(page, marks)

    def restart(
        self, seeds: int | Iterable[int], marks: Mapping[int, int] | None = None, count: int | None = None
    ) -> Page:
        """Shows the faces of integer seeds.

        Args:
            seeds: at most 36; a page shorter than `count` is filled with seeds drawn at random.
            marks: as they are on the page that is left.
            count: faces on the next page, 6 to 36; as many as now if None.
        """
        self._check_marks(marks or {})
        count = len(self.page.latents) if count is None else _checked_count(count)
        chosen = check_integers("seed", seeds, 0, MAX_SEED)
        filling = self._fresh_seeds(max(0, count - len(chosen)), self._bad(marks or {}), chosen)
        return self._turn_to(self._seeded([*chosen, *filling], self.page.number + 1), marks)

    def restart_from(self, latents: Tensor, seeds: Sequence[int | None]) -> Page:
        """Shows faces found elsewhere, first and marked as liked, so that the next generation is bred from them.

        Args:
            latents: z [n, z_dim], 1 to 35 of them; seeds drawn at random fill the page.
            seeds: for each its integer seed, or None.

        Raises:
            ArgumentError: there are none or too many latents, they are of another size or not finite, or there is not
                one seed or None for each.
        """
        latents = check_tensor("latents", latents, ["n", self.z_dim])
        n = len(latents)
        if not 1 <= n < MAX_COUNT:
            raise ArgumentError("latents", tuple(latents.shape), f"of shape [1 to {MAX_COUNT - 1}, {self.z_dim}]")
        if len(seeds) != n:
            raise ArgumentError("seeds", len(seeds), f"{n}, one for each latent")
        filling = self._fresh_seeds(max(len(self.page.latents), n + 1), self._bad({}), seeds)
        page = self._seeded(filling, self.page.number + 1)
        page = replace(
            page,
            latents=torch.cat([latents.cpu(), page.latents[n:]]),
            seeds=(*seeds, *page.seeds[n:]),
            kept=n,
            marks=dict.fromkeys(range(n), LIKED),
        )
        return self._turn_to(page, None)

    def undo(self, marks: Mapping[int, int] | None = None) -> Page:
        """Goes back one page, keeping the marks made on this one; stays on the first."""
        self._check_marks(marks or {})
        if self.can_undo:
            self.page = self._history.undo(replace(self.page, marks=marks or {}))
        return self.page

    def redo(self, marks: Mapping[int, int] | None = None) -> Page:
        """Goes forward again after `undo`; stays on the last page."""
        self._check_marks(marks or {})
        if self.can_redo:
            self.page = self._history.redo(replace(self.page, marks=marks or {}))
        return self.page

    def _check_marks(self, marks: Mapping[int, int]) -> None:
        check_type("marks", marks, Mapping, f"a mapping from faces to {LIKED} or {BAD}")
        size = len(self.page.latents)
        if any(i not in range(size) or mark not in (LIKED, BAD) for i, mark in marks.items()):
            raise ArgumentError("marks", dict(marks), f"{LIKED} or {BAD} for faces 0 to {size - 1}")

    def _turn_to(self, page: Page, marks: Mapping[int, int] | None) -> Page:
        self._history.push(replace(self.page, marks=dict(marks or {})))
        self.page = page
        return page

    def _seeded(self, seeds: list[int], number: int) -> Page:
        _checked_count(len(seeds))
        return Page(number, latents_from_seeds(seeds, self.z_dim), tuple(seeds), 0, {})

    def _bad(self, marks: Mapping[int, int]) -> Tensor:
        """Returns the latents [m, z_dim] last marked bad, on this page or one that led to it."""
        last: dict[tuple[float, ...], int] = {}
        for page in [*self._history.past, replace(self.page, marks=marks)]:
            last |= {tuple(page.latents[i].tolist()): mark for i, mark in page.marks.items()}
        return torch.tensor([latent for latent, mark in last.items() if mark == BAD]).view(-1, self.z_dim)

    def _bred(self, liked: list[int], bad: Tensor, count: int, strength: float, number: int) -> Page:
        page, size = self.page, len(self.page.latents)
        algorithm = GeneticAlgorithm(
            self.z_dim,
            population=size,
            selection=partial(truncation, share=len(liked) / size),  # the liked alone become parents
            crossover="spherical",
            mutation_rate=1.0,
            mutation_sigma=strength,
            re_evaluate=True,
            seed=int(self._rng.randint(MAX_SEED)),
            start=page.latents,
        )
        algorithm.ask()
        algorithm.tell([float(1 if i in liked else 0) for i in range(size)])
        algorithm.elites = len(liked)
        fresh = (count - len(liked)) // 6  # so that a page does not hold one family alone
        children, tries = count - len(liked) - fresh, CANDIDATES if len(bad) else 1
        from_seeds = fresh > 0 and (self.avoid is not None or len(bad) > 0)
        algorithm.immigrants = 0 if from_seeds else fresh
        algorithm.size = len(liked) + tries * children + algorithm.immigrants
        kept, bred, immigrants = algorithm.ask().split([len(liked), tries * children, algorithm.immigrants])
        bred = bred.view(tries, children, self.z_dim)
        bred = bred[_furthest(bred, bad), range(children)]
        seeds = [page.seeds[i] for i in liked]
        newcomers = self._fresh_seeds(fresh, bad, seeds) if from_seeds else []
        latents = torch.cat([kept, bred, immigrants, latents_from_seeds(newcomers, self.z_dim)])
        seeds += [*[None] * (count - len(liked) - len(newcomers)), *newcomers]
        # Without mutation a child may be its parent again: a new face takes its place.
        rows = latents.tolist()
        repeated = [i for i in range(len(liked), count) if rows[i] in rows[:i]]
        for i, seed in zip(repeated, self._fresh_seeds(len(repeated), bad, seeds), strict=True):
            latents[i], seeds[i] = latents_from_seeds(seed, self.z_dim)[0], seed
        return Page(number, latents, tuple(seeds), len(liked), {})

    def _fresh_seeds(self, count: int, bad: Tensor, taken: Iterable[int | None]) -> list[int]:
        """Seeds drawn at random, each once and none of those that the page has already."""
        tries = CANDIDATES if len(bad) else 1
        seeds = np.array(self._allowed_seeds(tries * count, set(taken)), dtype=int).reshape(tries, count)
        latents = latents_from_seeds(seeds.ravel().tolist(), self.z_dim).view(tries, count, self.z_dim)
        return seeds[_furthest(latents, bad), range(count)].tolist()

    def _allowed_seeds(self, count: int, taken: set[int | None]) -> list[int]:
        seeds = [self._unused_seed(taken) for _ in range(count)]
        if self.avoid is None:
            return seeds
        # Other seeds instead of changed latents: what is shown is still the face of a seed.
        for _ in range(MAX_REDRAWS):
            allowed = self.avoid(latents_from_seeds(seeds, self.z_dim)).tolist()
            if all(allowed):
                break
            seeds = [seed if kept else self._unused_seed(taken) for seed, kept in zip(seeds, allowed, strict=True)]
        return seeds

    def _unused_seed(self, taken: set[int | None]) -> int:
        seed = int(self._rng.randint(MAX_FRESH_SEED))
        while seed in taken:
            seed = int(self._rng.randint(MAX_FRESH_SEED))
        taken.add(seed)
        return seed


def _furthest(candidates: Tensor, bad: Tensor) -> list[int]:
    """Returns, for each of n places, which candidate [tries, n, dims] is least similar to its nearest bad one, [n]."""
    if not len(bad):
        return [0] * candidates.shape[1]
    similarity = F.normalize(candidates, dim=2) @ F.normalize(bad, dim=1).T
    return similarity.amax(dim=2).argmin(dim=0).tolist()


def _checked_count(count: int) -> int:
    return check_integer("count", count, MIN_COUNT, MAX_COUNT)
