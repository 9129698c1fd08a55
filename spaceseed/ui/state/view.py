"""How a visitor sees a model's images: what decides the pixels besides the latent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from spaceseed.dissection.repair import Repair
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.models.generators.labels import groups_of, labels
from spaceseed.ui.kit.numbers import number

MAX_CLASSES = 4  # of each group
MAX_SHIFT = 0.5  # of the image's width
MAX_TURN = 180.0  # degrees
TRUNCATION = "Ordinary to odd (truncation ψ)"  # its label, wherever it is set


@dataclass(frozen=True)
class View:
    """Truncation, classes, pose, and a repair.

    Attributes:
        truncation: psi; 1 for models on which it has no effect.
        classes: numbers of the classes chosen; those of one group, or all where there are no groups, are mixed in equal
            parts. Empty for models without classes, and where all groups are left open.
        shift_x: how far the image moves to the right, in widths.
        shift_y: how far it moves down.
        turn: how far it turns clockwise, in degrees.
        repair: what all images get, if anything.
    """

    truncation: float = 1.0
    classes: tuple[int, ...] = ()
    shift_x: float = 0.0
    shift_y: float = 0.0
    turn: float = 0.0
    repair: Repair | None = None

    @classmethod
    def of(cls, generator: Generator) -> Self:
        """Returns the view to begin with: the model's own truncation, its first class or all groups open, no motion."""
        classes = (0,) if generator.num_classes and not groups_of(generator) else ()
        return cls(default_truncation(generator.card), classes)

    def changed(self, generator: Generator, values: Sequence[Any]) -> Self:
        """Returns this view with the values of the visitor's controls.

        What the model has no control for stays as it is, and so do the classes while none is chosen, unless they can be
        left open.

        Args:
            generator: decides what can be said at all.
            values: truncation, classes, shift_x, shift_y, turn.

        Raises:
            ValueError: a value is out of range; the message is a sentence for the visitor.
        """
        truncation, classes, shift_x, shift_y, turn = values
        view = self
        if generator.card is None or generator.card.truncation is not None:
            view = replace(view, truncation=number(truncation, 0, 1.5, TRUNCATION))
        if generator.num_classes and (classes or groups_of(generator)):
            view = replace(view, classes=_classes(classes, generator))
        if "transform" in generator.options:
            view = replace(
                view,
                shift_x=number(shift_x, -MAX_SHIFT, MAX_SHIFT, "Right"),
                shift_y=number(shift_y, -MAX_SHIFT, MAX_SHIFT, "Down"),
                turn=number(turn, -MAX_TURN, MAX_TURN, "Turn"),
            )
        return view

    @property
    def values(self) -> list[Any]:
        """What the controls show, in the order in which `changed` takes it."""
        return [self.truncation, list(self.classes), self.shift_x, self.shift_y, self.turn]

    def space(self, generator: Generator, name: str = "z", truncation: float | None = None) -> LatentSpace:
        """Returns a latent space of the generator with this view.

        Args:
            generator: whose space.
            name: "z", "w" or "ws".
            truncation: another psi than the view's own.
        """
        return LatentSpace(
            generator,
            name,
            self.truncation if truncation is None else truncation,
            labels=labels(generator, *self.classes) if generator.num_classes else None,
            transform=self._transform(),
            repair=self.repair,
        )

    def _transform(self) -> Tensor | None:
        """Returns the motion [3, 3] of points (x right, y down); None when there is none."""
        if not (self.shift_x or self.shift_y or self.turn):
            return None
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        return torch.tensor([[cos, -sin, self.shift_x], [sin, cos, self.shift_y], [0.0, 0.0, 1.0]])


def default_truncation(card: ModelCard | None) -> float:
    """Returns the psi that suits a model; 1 where it has no effect."""
    return 1.0 if card is None or card.truncation is None else card.truncation


def max_classes(generator: Generator) -> int:
    """Returns how many classes can be chosen."""
    return MAX_CLASSES * max(1, len(groups_of(generator)))


def _classes(value: Any, generator: Generator) -> tuple[int, ...]:
    numbers = [] if value is None else value
    count, most = generator.num_classes, max_classes(generator)
    if (
        not isinstance(numbers, list)
        or not all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < count for i in numbers)
        or len(set(numbers)) > most
    ):
        wanted = f"up to {most} of the model's attributes" if groups_of(generator) else f"1 to {most} of its classes"
        raise ValueError(f"Choose {wanted}.")
    return tuple(dict.fromkeys(numbers))
