"""The images of one model that a visitor calls bad and good, and the filter learned from them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from spaceseed.errors import FilterError
from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.report import Figure
from spaceseed.ops.discriminant import ESTIMATORS
from spaceseed.ui.kit.messages import HintError

TASK = "avoid"  # of all long work of the tab, one at a time
MAX_MARKS = 4_000
MAX_PAGES = 200
FEWEST = 2  # marks of each kind that a filter can be learned from
# Who marked an example. What a visitor says themselves outweighs the others.
VISITOR, WORDS, SEARCH = "you", "words", "search"


@dataclass(frozen=True, eq=False)
class Mark:
    """One example.

    Attributes:
        latent: z [z_dim], or w [w_dim] before truncation.
        kind: `LIKED` or `BAD`.
        by: who said so: `VISITOR`, `WORDS` or `SEARCH`.
        space: "z" or "w".
    """

    latent: Tensor
    kind: int
    by: str
    space: str = "z"


def vectors(space: LatentSpace, marks: Sequence[Mark]) -> Tensor:
    """Returns the vectors [n, dims] of the marks in a space, on the CPU; in z those of w are left out."""
    usable = [mark for mark in marks if mark.space == "z" or space.name != "z"]
    found = torch.empty(len(usable), space.dims)
    for name, to_vectors in (("z", space.from_z), ("w", space.from_w)):
        rows = [i for i, mark in enumerate(usable) if mark.space == name]
        if rows:
            found[rows] = to_vectors(torch.stack([usable[i].latent for i in rows])).cpu()
    return found


@dataclass(frozen=True, eq=False)
class Learned:
    """A filter in use, and the examples it rests on.

    Attributes:
        filter: the filter.
        space: the one whose vectors it judges.
        keep: the share of all draws that it was asked to allow.
        bad: the bad examples; None for a filter from a file, which brings none along, and one learned without marks.
        good: the good ones, likewise.
    """

    filter: LatentFilter
    space: LatentSpace
    keep: float = 0.0
    bad: Sequence[Mark] | None = None
    good: Sequence[Mark] | None = None

    @torch.no_grad()
    def allows(self, latents: Tensor, space: str = "z") -> Tensor:
        """Returns which latents the filter allows, [n]; all of a space that it cannot judge.

        Args:
            latents: z [n, z_dim], or vectors [n, w_dim] of w.
            space: "z" or "w": what they are.
        """
        judge = self._of(space)
        if judge is None:
            return torch.ones(len(latents), dtype=torch.bool)
        return judge.allows(self._judged(latents, space), keys=latents if space == "z" else None)

    @torch.no_grad()
    def penalty(self, latents: Tensor, space: str = "z") -> Tensor:
        """Returns the filter's penalty of latents, [n]: 0 for those that it cannot judge. Arguments as for `allows`."""
        judge = self._of(space)
        return torch.zeros(len(latents)) if judge is None else judge.penalty(self._judged(latents, space))

    def name(self, space: str) -> str | None:
        """Returns what recipes call the filter of a space; None if there is none."""
        judge = self._of(space)
        return None if judge is None else str(judge)

    def _of(self, space: str) -> LatentFilter | None:
        return self.filter if space == "z" or self.filter.space == "w" else self._in_w

    def _judged(self, latents: Tensor, space: str) -> Tensor:
        return (self.space.from_z(latents) if space == "z" else latents).cpu()

    @cached_property
    def _in_w(self) -> LatentFilter | None:
        """The filter of w learned from the examples of this one of z; None if they teach nothing there."""
        try:
            learned = self.within(LatentSpace(self.space.generator, "w", labels=self.space.labels))
        except FilterError:
            return None
        return learned if learned.space == "w" else None

    def check(self, space: str) -> None:
        """Checks that there can be a filter of this space.

        Raises:
            ValueError: there cannot; the message is a sentence for the visitor.
        """
        if space not in ("z", "w"):
            raise ValueError(
                'The filter works in z and in w: choose one under "Where to look", or switch it off in Avoid.'
            )
        if space != self.filter.space and self.bad is None:
            other = self.filter.space
            raise ValueError(f'This filter is for {other}: choose it under "Where to look", or switch it off in Avoid.')

    def within(self, space: LatentSpace) -> LatentFilter:
        """Returns the filter of a space: this one, or one learned there from the same examples.

        Raises:
            FilterError: they teach nothing there, or the filter is of another model.
        """
        if self.filter.space == space.name or self.bad is None or self.good is None:
            self.filter.check(space.generator)
            return self.filter
        bad, good = vectors(space, self.bad), vectors(space, self.good)
        method = self.filter.method if self.filter.method in ESTIMATORS else "logistic"
        return LatentFilter.fit(bad, good, method, how=self.filter.how, keep=self.keep, space=space)


@dataclass
class Avoiding:
    """One visitor's work on one model.

    Attributes:
        marks: the examples by name, oldest first; see `add`.
        learned: the filter; None before there is one.
        in_breed: whether new images in Breed keep to it.
        in_search: whether searches do.
        wall: seeds of the images that the visitor is shown to mark.
        shown: all seeds that they were shown so.
        turn: how often the wall was drawn; what the browser tells of an earlier one comes too late.
        first_seed: of the seeds that are compared with and without it.
        figures: pairs of figures, without and with it; empty before they were measured.
        told: what they say, in words.
        conditions: what they were measured on, in words.
    """

    marks: dict[str, Mark] = field(default_factory=dict)
    learned: Learned | None = None
    in_breed: bool = False
    in_search: bool = False
    wall: tuple[int, ...] = ()
    shown: set[int] = field(default_factory=set)
    turn: int = 0
    first_seed: int = 0
    figures: tuple[tuple[Figure, Figure], ...] = ()
    told: str = ""
    conditions: str = ""
    _seen: dict[str, dict[int, int]] = field(default_factory=dict)

    def note(self, latents: Tensor, marks: Mapping[int, int]) -> None:
        """Adds what changed on a page of the evolution since it was noted last.

        A mark that was removed here comes back only if the visitor marks the image anew.

        Args:
            latents: z [n, z_dim] of the page.
            marks: index to `LIKED` or `BAD`, all that the page has now.
        """
        page = _name(latents)
        seen = self._seen.pop(page, {})
        for i in sorted(seen.keys() | marks.keys()):
            if marks.get(i) == seen.get(i):
                continue
            name = _name(latents[i])
            known = self.marks.get(name)
            if i in marks:
                self.mark(latents[i], "z", marks[i])
            elif known is not None and known.by == VISITOR:
                del self.marks[name]
        self._seen[page] = dict(marks)
        if len(self._seen) > MAX_PAGES:
            del self._seen[next(iter(self._seen))]

    def marks_of(self, latents: Tensor) -> list[int]:
        """Returns what each of z [n, z_dim] is marked as: `LIKED`, `BAD`, or 0."""
        found = [self.marks.get(_name(z)) for z in latents]
        return [0 if mark is None else mark.kind for mark in found]

    def change(self, latent: Tensor, kind: int) -> None:
        """Marks z [z_dim] as the visitor sees it now: `LIKED`, `BAD`, or 0 for not at all."""
        if kind:
            self.mark(latent, "z", kind)
        else:
            self.marks.pop(_name(latent), None)

    def mark(self, latent: Tensor, space: str, kind: int) -> None:
        """Adds one example that the visitor chose, z [z_dim] or w [w_dim] before truncation."""
        name = _name(latent)
        self.marks.pop(name, None)  # so that it becomes the newest
        self.marks[name] = Mark(latent.cpu().clone(), kind, VISITOR, space)

    def add(self, bad: Tensor, good: Tensor, by: str) -> tuple[int, int]:
        """Adds examples z [n, z_dim] and [m, z_dim]; those that the visitor marked keep the visitor's mark.

        Returns:
            how many bad and how many good ones are new.

        Raises:
            ValueError: there is no room for them; the message is for the visitor.
        """
        if len(self.marks) + len(bad) + len(good) > MAX_MARKS:
            raise ValueError(f"There is room for {MAX_MARKS:,} marks: forget some first.")
        counts = []
        for kind, latents in ((BAD, bad), (LIKED, good)):
            new = {_name(z): z for z in latents.cpu()}
            new = {name: z for name, z in new.items() if name not in self.marks or self.marks[name].by != VISITOR}
            counts.append(sum(name not in self.marks for name in new))
            self.marks.update({name: Mark(z.clone(), kind, by) for name, z in new.items()})
        return counts[0], counts[1]

    def of_kind(self, kind: int) -> dict[str, Mark]:
        """Returns the bad or the good examples, the visitor's own first and the newest of each first."""
        chosen = [(name, mark) for name, mark in reversed(self.marks.items()) if mark.kind == kind]
        return dict(sorted(chosen, key=lambda item: item[1].by != VISITOR))

    def examples(self) -> tuple[list[Mark], list[Mark]]:
        """Returns the bad and the good ones.

        Raises:
            ValueError: there are fewer than two of a kind; the message is a sentence for the visitor.
        """
        bad, good = (list(self.of_kind(kind).values()) for kind in (BAD, LIKED))
        if not bad and not good:
            raise HintError("There is nothing to learn from yet: mark some images as bad and some as good.")
        if min(len(bad), len(good)) < FEWEST:
            raise HintError(f"A filter needs {FEWEST} bad and {FEWEST} good ones at least: mark some more.")
        return bad, good

    def take(self, learned: Learned) -> None:
        """Replaces the filter, and forgets the figures of the old one."""
        self.learned, self.figures, self.told, self.conditions = learned, (), "", ""

    @property
    def breeds_with(self) -> Learned | None:
        """The filter that Breed keeps to; None while it keeps to none."""
        return self.learned if self.in_breed else None

    @property
    def films_with(self) -> Learned | None:
        """The filter that films keep to: the one that is in use anywhere."""
        return self.learned if self.in_breed or self.in_search else None

    def searches_with(self, space: str) -> Learned | None:
        """Returns the filter that a search of this space uses; None where it uses none.

        Raises:
            ValueError: it is switched on and there is none of this space; the message is for the visitor.
        """
        if self.learned is None or not self.in_search:
            return None
        self.learned.check(space)
        return self.learned


def _name(latents: Tensor) -> str:
    return hashlib.sha256(latents.cpu().numpy().tobytes()).hexdigest()[:16]
