"""What a visitor does to one find: steps along directions, undo and redo, and the recipe that results."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from spaceseed.directions.sets import DirectionSet
from spaceseed.history import History
from spaceseed.recipes.fields import MAX_ITEMS
from spaceseed.recipes.recipe import Edit, Found, Recipe
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.state.undoing import MAX_UNDO, Undoing

LIMIT = 4.0  # standard deviations, either way
TITLE_STEPS = 2  # named in a kept find's name
MAX_TRIED = 6  # steps that are drawn for it, because slow models take a second for each

Sets = Mapping[str, DirectionSet]


@dataclass(frozen=True)
class LayerRange:
    """Where the sliders of a method act.

    Attributes:
        first, last: style layers, both moved.
        isolated: each slider leaves the method's other directions alone.
    """

    first: int
    last: int
    isolated: bool = False

    def edit(self, directions: DirectionSet, index: int, amount: float) -> Edit:
        """Returns the step along a direction as a recipe keeps it."""
        others = [i for i in range(len(directions)) if i != index] if self.isolated else []
        return directions.edit(index, amount, range(self.first, self.last + 1), keep=others)


@dataclass(frozen=True)
class Step:
    """How far a slider is from 0."""

    method: str
    index: int
    amount: float


@dataclass(frozen=True)
class Change:
    """All sliders at one moment.

    Attributes:
        base: the find without the sliders' steps; truncation and noise are its own.
        steps: in the order in which the sliders were first moved; none of them 0.
        ranges: by method; at least those of the steps.
    """

    base: Recipe
    steps: tuple[Step, ...] = ()
    ranges: Mapping[str, LayerRange] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Recipe, sets: Sets) -> Self:
        """Reads a find's steps back as sliders: the last ones, as many as these directions explain."""
        edits, change = list(recipe.steps), cls(recipe)
        while edits and (found := change._explain(edits[-1], sets)):
            step, layer_range = found
            change = replace(change, steps=(step, *change.steps), ranges={**change.ranges, step.method: layer_range})
            edits.pop()
        return replace(change, base=recipe.replace(edits=(*edits, *recipe.unit_edits)))

    def amounts(self, method: str) -> dict[int, float]:
        """Returns how far the sliders of a method are from 0, by index."""
        return {step.index: step.amount for step in self.steps if step.method == method}

    def with_amount(self, method: str, index: int, amount: float) -> Self:
        """Returns the same with one slider at another amount."""
        step = Step(method, index, amount)
        steps = [step if (old.method, old.index) == (method, index) else old for old in self.steps]
        if step not in steps:
            steps.append(step)
        return replace(self, steps=tuple(step for step in steps if step.amount))

    def recipe(self, sets: Sets) -> Recipe:
        """Returns the find as the sliders have it."""
        edits = [self.ranges[step.method].edit(sets[step.method], step.index, step.amount) for step in self.steps]
        return self.base.replace(edits=(*self.base.steps, *edits, *self.base.unit_edits))

    @property
    def far_first(self) -> list[Step]:
        """The steps, the furthest from 0 first."""
        return sorted(self.steps, key=lambda step: -abs(step.amount))

    def words(self, sets: Sets) -> list[str]:
        """Returns what the sliders say, the furthest from 0 first: "glasses +2"."""
        return [_said(step, sets) for step in self.far_first]

    def _explain(self, edit: Edit, sets: Sets) -> tuple[Step, LayerRange] | None:
        if abs(edit.amount) > LIMIT or not edit.amount or len(edit.layers) != edit.layers[-1] - edit.layers[0] + 1:
            return None
        for method, directions in sets.items():
            for isolated in (False, True):
                layer_range = LayerRange(edit.layers[0], edit.layers[-1], isolated)
                if self.ranges.get(method, layer_range) != layer_range:
                    continue
                for index in set(range(len(directions))) - set(self.amounts(method)):
                    if _same(layer_range.edit(directions, index, edit.amount).vector, edit.vector):
                        return Step(method, index, edit.amount), layer_range
        return None


@dataclass(frozen=True)
class Work:
    """A find that was opened, and what became of it.

    Attributes:
        source: the find.
        first: the sliders as they were when it was opened.
        change: the sliders now.
    """

    source: Recipe
    first: Change
    change: Change

    @classmethod
    def on(cls, recipe: Recipe, sets: Sets) -> Self:
        """Returns the work on a find that was just opened."""
        change = Change.of(recipe, sets)
        return cls(recipe, change, change)


@dataclass(kw_only=True)
class Steering(Undoing[Work]):
    """One visitor's work on the finds of one model.

    Attributes:
        method: whose sliders are shown; "" before any were.
        sets: directions at hand, by method.
        classes: those that the directions were found for; None for models without classes.
        more: whether all sliders are shown, not only the first few.
        selected: index of the direction that the visitor looks at more closely.
        stale: whether there are directions that the page does not show yet.
        drawn: a find, and its picture as an address, to be shown again.
        seen: what was measured of the sliders, for `seen_of`: of which find, directions and layers, and what.
    """

    method: str = ""
    sets: dict[str, DirectionSet] = field(default_factory=dict)
    classes: Tensor | None = None
    more: bool = False
    selected: int = 0
    stale: bool = False
    drawn: tuple[Recipe, str] | None = None
    seen: tuple[Recipe, DirectionSet, LayerRange, dict[int, bool]] | None = None

    @property
    def opened(self) -> Work:
        """The work on the find that is open.

        Raises:
            ValueError: none is; the message is a sentence for the visitor.
        """
        if self.work is None:
            raise HintError("Choose a find first: click one above, or take a fresh one.")
        return self.work

    @property
    def now(self) -> Change:
        """The sliders now; raises as `opened` does."""
        return self.opened.change

    @property
    def directions(self) -> DirectionSet | None:
        """Those whose sliders are shown."""
        return self.sets.get(self.method)

    def open(self, recipe: Recipe, classes: Tensor | None = None) -> None:
        """Opens another find with the sliders that made it; `undo` goes back to the find before."""
        if not _same(classes, self.classes):
            self.sets, self.classes, self._history, self.work = {}, classes, History(MAX_UNDO), None
        self._turn_to(Work.on(recipe, self.sets), recipe.id)
        if self.now.steps and not self.now.amounts(self.method):
            self.method = self.now.steps[-1].method

    def add(self, method: str, directions: DirectionSet) -> None:
        """Adds directions; the edits of an untouched find that are steps along them become sliders."""
        self.sets[method], self.stale = directions, True
        if self.work is not None and self.work.change is self.work.first:
            self.work = Work.on(self.work.source, self.sets)

    def layer_range(self, num_ws: int) -> LayerRange:
        """Returns where the sliders shown act: everywhere, unless the visitor chose otherwise."""
        return self.now.ranges.get(self.method, LayerRange(0, num_ws - 1))

    def move(self, index: int, amount: float, num_ws: int) -> None:
        """Moves one of the sliders shown."""
        now = replace(self.now, ranges={**self.now.ranges, self.method: self.layer_range(num_ws)})
        self.turn_to(now.with_amount(self.method, index, amount), (self.method, index))

    def turn_to(self, change: Change, control: Hashable) -> None:
        """Changes the sliders in a way that can be undone.

        Args:
            change: how they are to be.
            control: what was moved; when the same moves on without a pause, it is one step to undo.

        Raises:
            ValueError: there are more steps than a recipe holds; the message is for the visitor.
        """
        if len(change.base.edits) + len(change.steps) > MAX_ITEMS:
            raise ValueError(f"A find holds {MAX_ITEMS} changes at most: reset a slider first.")
        self._turn_to(replace(self.opened, change=change), control)

    def rename(self, name: str) -> None:
        """Renames the direction selected; the visitor is sure of the name."""
        directions = self.sets[self.method]
        index = min(self.selected, len(directions) - 1)
        sure = tuple(1.0 if i == index else share for i, share in enumerate(directions.confidences))
        self.sets[self.method] = replace(directions.rename(index, name), confidences=sure)

    def recipe(self) -> Recipe:
        """Returns the find as the sliders have it."""
        return self.now.recipe(self.sets)

    def kept(self, can_tell: Callable[[Recipe, Recipe], bool]) -> Recipe:
        """Returns the find as the sliders have it, with a name and where it comes from.

        Args:
            can_tell: whether two finds look different. The name leaves out steps without which the find looks the same.
        """
        now, recipe, source = self.now, self.recipe(), self.opened.source
        if recipe.id == source.id:
            return source
        said: list[str] = []
        for step in now.far_first[:MAX_TRIED]:
            if len(said) == TITLE_STEPS:
                break
            if can_tell(recipe, now.with_amount(step.method, step.index, 0.0).recipe(self.sets)):
                said.append(_said(step, self.sets))
        root = source.name.partition(" · ")[0] or source.id
        name = f"{root} · {', '.join(said)}" if said else root
        return recipe.replace(name=name, found=Found(by="steer", parents=(source.id,)))

    def seen_of(self, num_ws: int) -> dict[int, bool]:
        """Returns of which sliders shown the ends change the find in view, by index, as far as that was measured.

        What is measured is put in here. It is forgotten with the find, the directions or their layers.
        """
        base, directions, layer_range = self.now.base, self.sets[self.method], self.layer_range(num_ws)
        if self.seen is None or self.seen[:2] != (base, directions) or self.seen[2] != layer_range:
            self.seen = base, directions, layer_range, {}
        return self.seen[3]

    def strip(self, index: int, amounts: Sequence[float], num_ws: int) -> list[Recipe]:
        """Returns the find with one slider at each of these amounts."""
        now = replace(self.now, ranges={**self.now.ranges, self.method: self.layer_range(num_ws)})
        return [now.with_amount(self.method, index, amount).recipe(self.sets) for amount in amounts]


def _said(step: Step, sets: Sets) -> str:
    return f"{sets[step.method].names[step.index]} {signed(step.amount)}"


def signed(amount: float) -> str:
    """Returns a number with its sign: "+2", "−0.5", "0"."""
    return f"{amount:+.3g}".replace("-", "−") if amount else "0"


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b or (a is not None and b is not None and a.shape == b.shape and torch.equal(a, b))
