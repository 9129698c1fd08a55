"""Interactive evolution: a person marks the images.

Example::

    breeding = Breeding(G.z_dim, seeds=range(12))
    page = breeding.page                          # 12 latents: draw them, and let the visitor mark some
    page = breeding.next({3: LIKED, 7: BAD})      # face 3 comes first; its children are not similar to face 7
    page = breeding.undo()                        # the first page, with its marks

The marks of a page become the scores of a `GeneticAlgorithm`. This module works on latents and does not draw images.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

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
# Returns the latents of a page's space of z [n, z_dim], such as `LatentSpace.from_z`.
FromZ = Callable[[Tensor], Tensor]
MIN_COUNT, MAX_COUNT = 6, 36
MAX_PAGES = 100
MAX_FRESH_SEED = 100_000
# Limit on redraws of seeds that a filter refuses. With a filter that allows a quarter, 1 in 10^8 is left after them.
MAX_REDRAWS = 64
# If a face is marked bad, this many candidates are drawn for each new face. The least similar one is shown.
CANDIDATES = 8
# With a filter, so many children are drawn for each place. If it allows a twentieth of them, 1 place in 30 has none.
MAX_CHILDREN = 64


class Avoided(Protocol):
    """What new faces are kept away from, such as the regions that a `LatentFilter` refuses.

    Latents are z [n, z_dim] if `space` is "z", or vectors [n, w_dim] of a page in w.
    """

    def allows(self, latents: Tensor, space: str) -> Tensor:
        """Returns which latents are allowed, [n]."""

    def penalty(self, latents: Tensor, space: str) -> Tensor:
        """Returns how far latents are from being allowed, [n]; larger is worse."""

    def name(self, space: str) -> str | None:
        """Returns what recipes call it, in one line; None if it refuses nothing in this space."""


@dataclass(frozen=True)
class Page:
    """One generation as the visitor sees it.

    Attributes:
        number: 0 for the first page.
        latents: z [n, z_dim], or vectors [n, w_dim] of the latent space w.
        seeds: the integer seed of each face, or None if it was bred.
        kept: number of liked faces of the page before. They come first.
        marks: from the index of a face to `LIKED` or `BAD`: the marks that the visitor made, or that are proposed.
        space: "z" or "w": what the latents are.
        new: indices of the faces that are not related to those kept; all others after these are their children.
        avoided: from the index of a face to the name of the filter that it was drawn with, if there was one.
    """

    number: int
    latents: Tensor
    seeds: tuple[int | None, ...]
    kept: int
    marks: Mapping[int, int]
    space: str = "z"
    new: frozenset[int] = frozenset()
    avoided: Mapping[int, str] = field(default_factory=dict)

    def kind(self, i: int) -> str:
        """Returns what face i is: "kept", "child" or "new"; "" on a page on which all are new."""
        if not self.kept:
            return ""
        return "kept" if i < self.kept else "new" if i in self.new else "child"


class Breeding:
    """The evolution of one visitor, with undo and redo.

    Args:
        z_dim: size of a latent.
        seeds: integer seeds of the first page, 6 to 36 of them.
        seed: seed of all later random choices.

    Attributes:
        page: the current generation.
        avoid: a filter. From then on new random faces and children are allowed ones. It does not apply to seeds that
            the visitor chose. None allows all.

    Raises:
        ArgumentError: there are too few or too many seeds, or one is out of range.
    """

    def __init__(self, z_dim: int, seeds: int | Iterable[int], seed: int = 0) -> None:
        self.z_dim = check_integer("z_dim", z_dim, 2)
        # A new seed for each page, so that undo and a new `next` give other children.
        self._rng = np.random.RandomState(check_integer("seed", seed, 0, MAX_SEED))
        self.avoid: Avoided | None = None
        self._history = History[Page](MAX_PAGES)
        self.page = self._seeded(check_integers("seed", seeds, 0, MAX_SEED), number=0)

    @property
    def can_undo(self) -> bool:
        """True if there is a page to go back to."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """True after `undo`, until a new page is made."""
        return self._history.can_redo

    def next(
        self,
        marks: Mapping[int, int],
        count: int | None = None,
        strength: float = 0.4,
        from_z: FromZ | None = None,
        newcomers: bool = True,
    ) -> Page:
        """Breeds the liked faces. They come first, unchanged and still liked, then their children, then some new faces.

        Children are bred in the space of their parents. A page without parents is in z. New faces and children are
        not similar to faces marked bad, on this page or earlier. For each, several candidates are drawn, and of those
        that the filter allows, the one with the lowest cosine to its nearest bad latent is shown. If it allows no
        candidate of a child, the one with the lowest penalty is.

        Args:
            marks: from an index on the page to `LIKED` or `BAD`; other faces are neither. If no face is liked, the
                whole page is new.
            count: number of faces on the next page, 6 to 36; as many as now if None.
            strength: standard deviation of the mutation, 0 to 2. Larger values make children less like their parents.
            from_z: maps z of new faces to the space of the page; needed if that is w.
            newcomers: whether about a sixth of the faces are new; else all are children.

        Returns:
            the new page.

        Raises:
            ArgumentError: a mark is for a face that is not on the page, a number is out of range, or so many faces are
                liked that there is no room for a child.
        """
        size = len(self.page.latents)
        count = size if count is None else _checked_count(count)
        check_number("strength", strength, 0, 2)
        self._check_marks(marks)
        liked = [i for i in range(size) if marks.get(i) == LIKED]
        if len(liked) >= count:
            raise ArgumentError("liked", len(liked), f"less than {count}, so that the next page has room for children")
        if not liked:
            in_w = from_z if self.page.space == "w" else None
            seeds = self._fresh_seeds(count, self._bad(marks, in_w), (), in_w)
            return self._turn_to(self._seeded(seeds, self.page.number + 1), marks)
        if from_z is None and self.page.space != "z":
            raise ArgumentError("from_z", None, "given, because this page is in w")
        return self._turn_to(self._bred(liked, marks, count, strength, from_z or (lambda z: z), newcomers), marks)

    def restart(
        self, seeds: int | Iterable[int], marks: Mapping[int, int] | None = None, count: int | None = None
    ) -> Page:
        """Shows the faces of integer seeds.

        Args:
            seeds: at most 36. If they are fewer than `count`, random seeds fill the page.
            marks: the marks on the current page.
            count: number of faces on the next page, 6 to 36; as many as now if None.
        """
        self._check_marks(marks or {})
        count = len(self.page.latents) if count is None else _checked_count(count)
        chosen = check_integers("seed", seeds, 0, MAX_SEED)
        filling = self._fresh_seeds(max(0, count - len(chosen)), self._bad(marks or {}), chosen)
        return self._turn_to(self._seeded([*chosen, *filling], self.page.number + 1, len(chosen)), marks)

    def restart_from(self, latents: Tensor, seeds: Sequence[int | None], from_z: FromZ | None = None) -> Page:
        """Shows faces from elsewhere first, marked as liked, so that the next generation is bred from them.

        Args:
            latents: z [n, z_dim], or with `from_z` vectors [n, w_dim] of w, 1 to 35. Random seeds fill the page.
            seeds: the integer seed of each latent, or None.
            from_z: maps z [n, z_dim] to vectors of w, as `LatentSpace(G, "w").from_z`. With it the page is in w.

        Raises:
            ArgumentError: there are no latents or too many, they have another size or are not finite, or `seeds` has
                another length.
        """
        latents = check_tensor("latents", latents, ["n", self.z_dim if from_z is None else "w_dim"])
        n = len(latents)
        if not 1 <= n < MAX_COUNT:
            raise ArgumentError("latents", tuple(latents.shape), f"of shape [1 to {MAX_COUNT - 1}, dims]")
        if len(seeds) != n:
            raise ArgumentError("seeds", len(seeds), f"{n}, one for each latent")
        filling = self._fresh_seeds(max(len(self.page.latents), n + 1), self._bad({}), seeds)
        page = self._seeded(filling, self.page.number + 1, n)
        others = page.latents[n:] if from_z is None else from_z(page.latents[n:])
        latents = check_tensor("latents", latents, ["n", others.shape[1]])
        page = replace(
            page,
            latents=torch.cat([latents.cpu(), others.cpu()]),
            seeds=(*seeds, *page.seeds[n:]),
            kept=n,
            marks=dict.fromkeys(range(n), LIKED),
            space="z" if from_z is None else "w",
            new=frozenset(range(n, len(page.latents))),
        )
        return self._turn_to(page, None)

    def show(self, page: Page) -> None:
        """Shows a page of an earlier evolution, and forgets the pages before it.

        Raises:
            ArgumentError: its latents, seeds or marks do not fit each other, or this evolution.
        """
        n = _checked_count(len(page.latents))
        check_tensor("latents", page.latents, [n, self.z_dim if page.space == "z" else "w_dim"])
        if len(page.seeds) != n or not 0 <= page.kept <= n or page.number < 0:
            raise ArgumentError("page", (page.number, page.kept, len(page.seeds)), f"one with {n} seeds")
        self._history, before, self.page = History(MAX_PAGES), self.page, page
        try:
            self._check_marks(page.marks)
        except ArgumentError:
            self.page = before
            raise

    def undo(self, marks: Mapping[int, int] | None = None) -> Page:
        """Goes back one page, and keeps the marks of this one. On the first page nothing changes."""
        self._check_marks(marks or {})
        if self.can_undo:
            self.page = self._history.undo(replace(self.page, marks=marks or {}))
        return self.page

    def redo(self, marks: Mapping[int, int] | None = None) -> Page:
        """Goes forward again after `undo`. On the last page nothing changes."""
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

    def _seeded(self, seeds: list[int], number: int, chosen: int = 0) -> Page:
        """Returns a page of seeds, of which the first `chosen` are the visitor's."""
        _checked_count(len(seeds))
        avoided = self._named(range(chosen, len(seeds)), "z")
        return Page(number, latents_from_seeds(seeds, self.z_dim), tuple(seeds), 0, {}, avoided=avoided)

    def _named(self, faces: Iterable[int], space: str) -> dict[int, str]:
        """Returns the name of the filter that faces drawn now keep to, if there is one."""
        name = None if self.avoid is None else self.avoid.name(space)
        return {} if name is None else dict.fromkeys(faces, name)

    def _bad(self, marks: Mapping[int, int], from_z: FromZ | None = None) -> Tensor:
        """Returns the latents [m, dims] whose latest mark is bad, on this page or the pages before it.

        Args:
            marks: of this page.
            from_z: maps z to w, if this page is in w and its space is asked for. Otherwise all are z, and faces of w
                that have no seed are left out.
        """
        last: dict[str, dict[tuple[float, ...], int]] = {"z": {}, "w": {}}
        for page in [*self._history.past, replace(self.page, marks=marks)]:
            for i, mark in page.marks.items():
                space, latent, seed = page.space, page.latents[i], page.seeds[i]
                if space == "w" and seed is not None:
                    space, latent = "z", latents_from_seeds([seed], self.z_dim)[0]
                last[space][tuple(latent.tolist())] = mark
        z, w = (torch.tensor([row for row, mark in last[space].items() if mark == BAD]) for space in ("z", "w"))
        z = z.view(-1, self.z_dim)
        return z if from_z is None else torch.cat([w.view(-1, self.page.latents.shape[1]), from_z(z).cpu()])

    def _bred(
        self, liked: list[int], marks: Mapping[int, int], count: int, strength: float, from_z: FromZ, newcomers: bool
    ) -> Page:
        page, size = self.page, len(self.page.latents)
        dims, in_w = page.latents.shape[1], page.space == "w"
        bad = self._bad(marks, from_z if in_w else None)
        algorithm = GeneticAlgorithm(
            dims,
            population=size,
            selection=partial(truncation, share=len(liked) / size),  # only the liked faces become parents
            crossover="blend" if in_w else "spherical",
            mutation_rate=1.0,
            mutation_sigma=strength,
            re_evaluate=True,
            prior="free" if in_w else "shell",
            seed=int(self._rng.randint(MAX_SEED)),
            start=page.latents,
        )
        algorithm.ask()
        algorithm.tell([float(1 if i in liked else 0) for i in range(size)])
        algorithm.elites = len(liked)
        fresh = (count - len(liked)) // 6 if newcomers else 0  # so that a page does not hold only one family
        children, tries = count - len(liked) - fresh, CANDIDATES if len(bad) else 1
        tries = tries if self.avoid is None else MAX_CHILDREN
        from_seeds = fresh > 0 and (in_w or self.avoid is not None or len(bad) > 0)
        algorithm.immigrants = 0 if from_seeds else fresh
        algorithm.size = len(liked) + tries * children + algorithm.immigrants
        kept, bred, immigrants = algorithm.ask().split([len(liked), tries * children, algorithm.immigrants])
        bred = bred.view(tries, children, dims)
        bred = bred[_furthest(bred, bad, self._allowed(bred)), range(children)]
        seeds = [page.seeds[i] for i in liked]
        drawn = self._fresh_seeds(fresh, bad, seeds, from_z) if from_seeds else []
        latents = torch.cat([kept, bred, immigrants, from_z(latents_from_seeds(drawn, self.z_dim)).cpu()])
        seeds += [*[None] * (count - len(liked) - len(drawn)), *drawn]
        # Without mutation a child may equal its parent. A new face replaces it.
        rows = latents.tolist()
        repeated = [i for i in range(len(liked), count) if rows[i] in rows[:i]]
        for i, seed in zip(repeated, self._fresh_seeds(len(repeated), bad, seeds, from_z), strict=True):
            latents[i], seeds[i] = from_z(latents_from_seeds(seed, self.z_dim))[0].cpu(), seed
        new = frozenset([*repeated, *range(count - fresh, count)])
        still = dict.fromkeys(range(len(liked)), LIKED)
        avoided = {row: page.avoided[i] for row, i in enumerate(liked) if i in page.avoided}
        avoided |= self._named(set(range(len(liked), count)) - new, page.space) | self._named(new, "z")
        return Page(page.number + 1, latents, tuple(seeds), len(liked), still, page.space, new, avoided)

    def _allowed(self, candidates: Tensor) -> Tensor:
        """Returns which of the children [tries, n, dims] may be shown, [tries, n]: at least one for each place."""
        shape = candidates.shape[:2]
        if self.avoid is None:
            return torch.ones(shape, dtype=torch.bool)
        flat = candidates.flatten(0, 1)
        allowed = self.avoid.allows(flat, space=self.page.space).cpu().view(shape)
        least = self.avoid.penalty(flat, space=self.page.space).cpu().view(shape).argmin(dim=0)
        lost = (~allowed.any(dim=0)).nonzero()[:, 0]
        allowed[least[lost], lost] = True
        return allowed

    def _fresh_seeds(
        self, count: int, bad: Tensor, taken: Iterable[int | None], from_z: FromZ | None = None
    ) -> list[int]:
        """Returns random seeds, all different, and none of `taken`. `bad` is of w if `from_z` maps to it, else of z."""
        tries = CANDIDATES if len(bad) else 1
        seeds = np.array(self._allowed_seeds(tries * count, set(taken)), dtype=int).reshape(tries, count)
        latents = latents_from_seeds(seeds.ravel().tolist(), self.z_dim)
        if len(bad) and from_z is not None:
            latents = from_z(latents).cpu()
        return seeds[_furthest(latents.view(tries, count, latents.shape[1]), bad), range(count)].tolist()

    def _allowed_seeds(self, count: int, taken: set[int | None]) -> list[int]:
        seeds = [self._unused_seed(taken) for _ in range(count)]
        if self.avoid is None:
            return seeds
        # A refused seed is replaced by another seed, so every new face still has an integer seed.
        for _ in range(MAX_REDRAWS):
            allowed = self.avoid.allows(latents_from_seeds(seeds, self.z_dim), space="z").tolist()
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


def _furthest(candidates: Tensor, bad: Tensor, allowed: Tensor | None = None) -> list[int]:
    """Returns for each of n places the index of the candidate [tries, n, dims] least similar to its nearest bad one.

    Only the first 8 that are `allowed`, [tries, n], are compared. Without bad ones, it is the first of them.
    """
    if allowed is None:
        allowed = torch.ones(candidates.shape[:2], dtype=torch.bool)
    if not len(bad):
        return allowed.int().argmax(dim=0).tolist()
    similarity = F.normalize(candidates, dim=2) @ F.normalize(bad, dim=1).T
    compared = allowed & (allowed.cumsum(dim=0) <= CANDIDATES)
    return similarity.amax(dim=2).where(compared, torch.inf).argmin(dim=0).tolist()


def _checked_count(count: int) -> int:
    return check_integer("count", count, MIN_COUNT, MAX_COUNT)
