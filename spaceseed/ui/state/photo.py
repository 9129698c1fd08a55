"""A picture that a visitor brings along: framed as a model expects it, in memory alone, and gone with its page."""

import cmath
import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.images import from_uint8
from spaceseed.inversion.alignment import Frame, cut
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.faces import FaceFinder, load_face_finder
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.pictures import Jpeg
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.uploads import read_whole
from spaceseed.ui.state.examples import subject_of

LONGEST = 1600  # pixels of a picture's longer side in memory
SMALL, LARGE = 256, 512  # sides of the framed picture for models up to 128 pixels, and for others
# Heads of avatars stand lower in their frame than faces of FFHQ, by this share of its side.
LOWER = 0.045
# Other faces are mistakes of the finder: turned further, in degrees, or in a drawing, which is all face, smaller.
MOST_TURN, LEAST_SIDE = 60.0, 0.25
PLAIN = 2.0  # of 255: below this spread of its values a picture shows one colour
FACE = "A face was found and framed as the model expects."
NO_FACE = "No face was found: frame it by hand."
BY_HAND = "Framed by hand: press Find it to look again."
MIDDLE = "The middle of your picture, as a square."
GONE = "Drop a picture first."
PLAIN_PICTURE = "This picture shows only one colour."
ALL_HIDDEN = "Nothing of the picture is left to look for: leave out less of it."
MISSED = "The frame misses your picture: move it back."


# How far a visitor may move the picture, by the fields of `Hand`.
LIMITS: dict[str, tuple[float, float]] = {"zoom": (0.4, 4), "right": (-1, 1), "down": (-1, 1), "turn": (-45, 45)}


@dataclass(frozen=True)
class Hand:
    """How the visitor moves the picture in its frame.

    Attributes:
        zoom: how much larger it is.
        right, down: how far it moves, in sides of the frame that shows it at zoom 1.
        turn: how far it turns clockwise, in degrees.
    """

    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0

    def moved(self, frame: Frame) -> Frame:
        """Returns the frame that shows what `frame` shows, moved so."""
        right = complex(*frame.right) * cmath.rect(1, -math.radians(self.turn))
        center = complex(*frame.center) - 2 * right * complex(self.right, self.down)
        right /= self.zoom
        return Frame((center.real, center.imag), (right.real, right.imag))


@dataclass(frozen=True, eq=False)
class Framed:
    """What a model is to find.

    Attributes:
        pixels: [side, side, 3].
        counts: [side, side]: False where the frame is beyond the picture, and where it was painted over.
        said: how it was framed, in a sentence.
    """

    pixels: NDArray[np.uint8]
    counts: NDArray[np.bool_]
    said: str

    @property
    def image(self) -> Tensor:
        """The picture as images are, [1, 3, side, side]."""
        return from_uint8(self.pixels[None])

    @property
    def mask(self) -> Tensor | None:
        """How much each pixel counts, [1, 1, side, side]; None if all do.

        Raises:
            ValueError: hardly any pixel counts; the message is for the visitor.
        """
        if self.counts.all():
            return None
        if self.counts.mean() < 0.01:
            raise ValueError(ALL_HIDDEN)
        return torch.from_numpy(self.counts).float()[None, None]

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The pixels as the page shows them: pale where they do not count."""
        pale = (self.pixels.astype(np.uint16) // 4 + 150).astype(np.uint8)
        return np.where(self.counts[..., None], self.pixels, pale)


@dataclass(eq=False)
class Photo:
    """A visitor's picture, and what was found of it.

    Attributes:
        pixels: [H, W, 3].
        hand: how they move it in its frame.
        painted: [H, W]: what they leave out; None if nothing.
        ticket: of the search that began last; it ends once another has taken its place.
        found: the best so far.
        wanted: what was looked for last.
        picture: of what was found at last; None while a search runs, and before.
    """

    pixels: NDArray[np.uint8]
    hand: Hand = Hand()
    painted: NDArray[np.bool_] | None = None
    ticket: Ticket = field(default_factory=Ticket)
    found: Recipe | None = None
    wanted: Framed | None = None
    picture: Jpeg | None = None
    _face: Frame | None = None
    _looked: bool = False

    @classmethod
    def read(cls, path: str) -> "Photo":
        """Reads a picture into memory.

        Raises:
            ValueError: it cannot be used; the message is a sentence for the visitor.
        """
        pixels = read_whole(path, LONGEST)
        if pixels.std(axis=(0, 1)).max() < PLAIN:
            raise ValueError(PLAIN_PICTURE)
        return cls(pixels)

    def framed(self, generator: Generator) -> Framed:
        """Returns the picture as a model expects it.

        Raises:
            ValueError: the frame misses the picture; the message is for the visitor.
        """
        frame, said = self._frame(subject_of(generator.card).frame)
        frame, side = self.hand.moved(frame), SMALL if generator.resolution <= SMALL // 2 else LARGE
        try:
            pixels, counts = cut(self.pixels, frame, side)
        except ArgumentError as error:
            raise ValueError(MISSED) from error
        if self.painted is not None:
            hidden = np.repeat(self.painted[..., None], 3, axis=2).astype(np.uint8) * 255
            counts = counts & (cut(hidden, frame, side)[0][..., 0] < 128)
        return Framed(pixels, counts, said if self.hand == Hand() else BY_HAND)

    def paint(self, over: NDArray[np.bool_]) -> None:
        """Leaves out what was painted over, [h, w] on the picture in any size."""
        if not over.any():
            self.painted = None
            return
        height, width = self.pixels.shape[:2]
        sized = Image.fromarray(over.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
        self.painted = np.asarray(sized) > 127

    def _frame(self, kind: str) -> tuple[Frame, str]:
        """Returns where the model's subject is in the picture, and how that was found."""
        height, width = self.pixels.shape[:2]
        middle = Frame.middle(width, height)
        if not kind:
            return middle, MIDDLE
        if not self._looked:
            faces = _face_finder()(from_uint8(self.pixels[None])[0])
            frames = (Frame.of_face(face.landmarks) for face in faces)
            self._face, self._looked = next((frame for frame in frames if abs(_turn(frame)) <= MOST_TURN), None), True
        least = LEAST_SIDE * min(width, height) if kind == "drawing" else 0.0
        if self._face is None or self._face.side < least:
            return middle, NO_FACE if kind == "photograph" else MIDDLE
        return Hand(down=LOWER).moved(self._face) if kind == "drawing" else self._face, FACE


def _turn(frame: Frame) -> float:
    """Returns how far a frame is turned, -180 to 180 degrees."""
    return math.degrees(math.atan2(frame.right[1], frame.right[0]))


@cache
def _face_finder() -> FaceFinder:
    return load_face_finder()
