"""Frames a face as FFHQ does, the data set that most generators of faces were trained on.

A generator that has seen only aligned faces cannot draw another framing: a photograph that is not aligned is projected
to a different person.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from spaceseed.arguments import check_integer, check_tensor
from spaceseed.errors import ArgumentError

# Landmarks of the eye on the left of the picture, of the eye on the right, and of the corners of the mouth.
LEFT_EYE, RIGHT_EYE, MOUTH = slice(36, 42), slice(42, 48), [48, 54]
# Half the frame's side is the larger of so many distances between the eyes, and from the eyes to the mouth. The frame's
# centre is below the eyes by a tenth of the way to the mouth.
EYES, EYES_TO_MOUTH, DOWN = 2.0, 1.8, 0.1
# The picture is first made smaller, to so many pixels for each one of the result, and then averaged.
OVERSAMPLING = 2


@dataclass(frozen=True)
class Frame:
    """A square in a picture, which may be turned and reach beyond the picture.

    Attributes:
        center: x and y of the centre in pixels.
        right: x and y of the vector from the centre to the middle of the right side.
    """

    center: tuple[float, float]
    right: tuple[float, float]

    @property
    def side(self) -> float:
        """The side in pixels of the picture."""
        return 2 * float(np.hypot(*self.right))

    @classmethod
    def of_face(cls, landmarks: Tensor) -> "Frame":
        """Returns the frame of a face in FFHQ (Karras et al. 2019, appendix A).

        Args:
            landmarks: [68, 2], x and y in pixels, see `FaceFinder`.

        Raises:
            ArgumentError: landmarks have another shape, or all are at one place.
        """
        points = check_tensor("landmarks", landmarks, [68, 2], torch.float64).cpu().numpy()
        left, right, mouth = points[LEFT_EYE].mean(axis=0), points[RIGHT_EYE].mean(axis=0), points[MOUTH].mean(axis=0)
        eyes, apart = (left + right) / 2, right - left
        down = mouth - eyes
        axis = apart + np.array([down[1], -down[0]])  # both lead to the right of the face
        length = max(EYES * np.hypot(*apart), EYES_TO_MOUTH * np.hypot(*down))
        if not np.hypot(*axis) or not length:
            raise ArgumentError("landmarks", "all at one place", "those of a face")
        axis *= length / np.hypot(*axis)
        x, y = eyes + DOWN * down
        return cls((float(x), float(y)), (float(axis[0]), float(axis[1])))

    @classmethod
    def middle(cls, width: int, height: int) -> "Frame":
        """Returns the largest square in the middle of a picture."""
        return cls((width / 2, height / 2), (min(width, height) / 2, 0.0))


def cut(pixels: NDArray[np.uint8], frame: Frame, side: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Cuts a frame out of a picture. What is beyond the picture shows its mirror image.

    Args:
        pixels: [H, W, 3].
        frame: the square to cut out.
        side: side of the result in pixels.

    Returns:
        the pixels [side, side, 3], and which of them are inside the picture, [side, side].

    Raises:
        ArgumentError: the frame does not touch the picture, or side is below 1.
    """
    side = check_integer("side", side, 1)
    height, width = pixels.shape[:2]
    wanted = OVERSAMPLING * side
    shrink = max(1.0, frame.side / wanted)
    picture = Image.fromarray(pixels)
    if shrink > 1:
        smaller = max(1, round(width / shrink)), max(1, round(height / shrink))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS, reducing_gap=3)
    scale_x, scale_y = picture.width / width, picture.height / height
    right, down = np.array(frame.right), np.array([-frame.right[1], frame.right[0]])
    corner = np.array(frame.center) - right - down
    steps = (np.arange(wanted) + 0.5) * 2 / wanted
    x = (corner[0] + steps[None] * right[0] + steps[:, None] * down[0]) * scale_x - 0.5
    y = (corner[1] + steps[None] * right[1] + steps[:, None] * down[1]) * scale_y - 0.5
    inside = (x > -1) & (x < picture.width) & (y > -1) & (y < picture.height)
    if not inside.any():
        raise ArgumentError("frame", frame.center, "over the picture")
    grid = np.stack([_mirrored(x, picture.width), _mirrored(y, picture.height)], axis=-1)
    return _sampled(np.asarray(picture), grid, side), _halved(inside)


def _mirrored(at: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Returns positions that lie beyond 0 to size - 1 as their mirror images inside."""
    if size == 1:
        return np.zeros_like(at)
    period = 2 * (size - 1)
    at = np.abs(at) % period
    return np.minimum(at, period - at)


def _sampled(pixels: NDArray[np.uint8], grid: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """Reads pixels between pixels at a grid [n, n, 2] of x and y, and averages to [side, side, 3]."""
    image = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float()
    size = torch.tensor([max(image.shape[3] - 1, 1), max(image.shape[2] - 1, 1)])
    places = (2 * torch.from_numpy(grid) / size - 1).float()[None]
    found = torch.nn.functional.grid_sample(image, places, mode="bilinear", align_corners=True)
    small = torch.nn.functional.interpolate(found, size=(side, side), mode="area")[0]
    return small.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def _halved(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns whether all of the pixels that become one are inside."""
    n = len(inside) // OVERSAMPLING
    return np.all(inside.reshape(n, OVERSAMPLING, n, OVERSAMPLING), axis=(1, 3))
