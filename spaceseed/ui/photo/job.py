"""What a visitor wants to be found: checked, and ready to begin."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.inversion.reconstruction import Target
from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.generator import Generator
from spaceseed.models.generators.labels import labels
from spaceseed.models.judges.encoder import has_encoder
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.numbers import number, whole
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.networks import BUNDLED
from spaceseed.ui.state.photo import ALL_HIDDEN, GONE, PLAIN_PICTURE, Photo
from spaceseed.ui.state.session import Session

# From what is easiest to edit to what comes nearest: the space, the weight that keeps layers alike, and its words.
CLOSENESS: tuple[tuple[str, float, str], ...] = (
    ("w", 0.0, "Easiest to edit: one style for all layers."),
    ("w+", 0.3, "Easy to edit: styles of layers differ little."),
    ("w+", 0.1, "In between: likeness, and edits that still work."),
    ("w+", 0.03, "Close: some edits may look odd."),
    ("w+", 0.0, "As close as it gets: edits may go astray."),
)
USUAL = 3  # place of the closeness to begin with, from 1
STEPS, STEPS_SLOW, STEPS_IN_Z, MAX_STEPS = 100, 30, 20, 500
SEEDS = 64  # looked at where there is no encoder; with slow models the mean is a better start in the same time


@dataclass(frozen=True)
class Job:
    """A picture to find.

    Attributes:
        generator: draws.
        image: [1, 3, side, side].
        mask: [1, 1, side, side]: how much each pixel counts; None if all do.
        space: "w", "w+" or "z".
        method: of `project`.
        proximity: weight that keeps the styles of layers alike.
        steps: of the descent.
        distance: name of the perceptual distance.
        encoder: id of the model whose encoder says where to begin; "" for none.
        seeds: how many seeds are looked at to begin with; 0 for none.
        labels: [num_classes] of the classes that the visitor has chosen, if any.
    """

    generator: Generator
    image: Tensor
    mask: Tensor | None
    space: str
    method: str
    proximity: float
    steps: int
    distance: str
    encoder: str
    seeds: int
    labels: Tensor | None

    @property
    def is_slow(self) -> bool:
        """Whether a step takes a good part of a second, or more."""
        return self.space == "z" or is_slow(self.generator)


def ask(generator: Generator, visitor: Session, closeness: Any, steps: Any) -> Job:
    """Checks what a visitor asks for. Only a search that can begin ends the search that runs.

    Args:
        generator: of the visitor's model.
        visitor: who asks.
        closeness: place in `CLOSENESS`, from 1.
        steps: how many.

    Raises:
        ValueError: what is wrong, in a sentence for the visitor.
    """
    photo = needed(visitor)
    count = whole(steps, 1, MAX_STEPS, "Steps")
    space, proximity, _ = CLOSENESS[round(number(closeness, 1, len(CLOSENESS), "Closeness")) - 1]
    framed = photo.framed(generator)
    image, mask = framed.image, framed.mask
    try:
        Target.of(generator, image, mask)
    except ArgumentError as error:
        raise ValueError(ALL_HIDDEN if error.name == "mask" else PLAIN_PICTURE) from error
    photo.wanted = framed
    classes = visitor.workspace.view.classes
    chosen = labels(generator, *classes) if classes else None
    distance = BUNDLED if subject_of(generator.card).frame == "drawing" else "shift-tolerant"
    if has_no_w(generator):
        return Job(generator, image, mask, "z", "basin-cma", 0.0, count, distance, "", 0, chosen)
    if generator.num_ws == 1:
        space, proximity = "w", 0.0
    model = visitor.model if has_encoder(visitor.model) else ""
    seeds = 0 if model or generator.num_classes or is_slow(generator) else SEEDS
    return Job(generator, image, mask, space, "adam", proximity, count, distance, model, seeds, chosen)


def begin(visitor: Session) -> Ticket:
    """Returns the right to search for the visitor's picture; it ends the search that runs."""
    photo = needed(visitor)
    photo.ticket.stopped = True
    photo.ticket = Ticket()
    return photo.ticket


def needed(visitor: Session) -> Photo:
    """Returns the visitor's picture.

    Raises:
        HintError: there is none.
    """
    if visitor.photo is None:
        raise HintError(GONE)
    return visitor.photo


def has_no_w(generator: Generator) -> bool:
    """Returns whether a picture is looked for in z: styles of a BigGAN hold a part of z each, and the class."""
    return isinstance(generator, BigGAN)


def usual_steps(generator: Generator) -> int:
    """Returns how many steps suit a model."""
    if has_no_w(generator):
        return STEPS_IN_Z
    return STEPS_SLOW if is_slow(generator) else STEPS
