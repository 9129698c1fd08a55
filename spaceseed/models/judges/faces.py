"""Finds faces in photographs, and 68 landmarks of each.

Example::

    finder = load_face_finder()
    faces = finder(image)             # [3, H, W] in [-1, 1]; the largest face first
    faces[0].landmarks                # [68, 2] pixels: x, y

The networks are those of face-api (Mühler and Mandic, MIT licence): the detector is a small YOLO v2 with separable
convolutions, and the landmarks come from four dense blocks. Landmarks are numbered as in the 300-W data set: 0 to 16
the jaw, 17 to 26 the brows, 27 to 35 the nose, 36 to 41 and 42 to 47 the eyes, 48 to 67 the mouth.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_device, check_tensor

FILE = Path(__file__).parents[2] / "assets" / "faces" / "model.safetensors"
LANDMARKS = 68
# Sides of the networks' inputs in pixels, and the mean colours that are subtracted, from 0 to 255.
DETECTED_AT, DETECTOR_MEAN = 416, (117.001, 114.697, 97.404)
MARKED_AT, LANDMARK_MEAN = 112, (122.782, 117.001, 104.298)
# Width and height of the detector's five standard boxes, in cells of its grid.
ANCHORS = ((1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308))
LEAST_SCORE = 0.5
OVERLAP = 0.4  # of two boxes of one face: their intersection over their union


@dataclass(frozen=True, eq=False)
class Face:
    """A face in an image.

    Attributes:
        score: how sure the detector is, 0 to 1.
        box: left, top, right and bottom in pixels.
        landmarks: [68, 2], x and y in pixels.
    """

    score: float
    box: tuple[float, float, float, float]
    landmarks: Tensor


class SameConv(nn.Conv2d):
    """A 3x3 convolution that pads as TensorFlow does: with stride 2 and an even side, only at the end."""

    def forward(self, x: Tensor) -> Tensor:
        even = self.stride[0] == 2 and x.shape[-1] % 2 == 0
        return super().forward(F.pad(x, (0, 1, 0, 1) if even else (1, 1, 1, 1)))


class Separable(nn.Sequential):
    """A depthwise 3x3 convolution, then a pointwise one with bias."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__(SameConv(before, before, 3, stride, groups=before, bias=False), nn.Conv2d(before, after, 1))


class Detector(nn.Module):
    """From images to boxes: [N, 3, 416, 416] to [N, 25, 13, 13], for each of five boxes x, y, width, height, score."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 64, 128, 256, 512)
        self.first = nn.Conv2d(3, widths[0], 3)
        self.blocks = nn.ModuleList(Separable(a, b) for a, b in pairwise(widths))
        self.last = nn.Conv2d(widths[-1], 5 * len(ANCHORS), 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.1)
        for block in self.blocks:
            x = F.leaky_relu(block(F.max_pool2d(x, 2, ceil_mode=True)), 0.1)
        # The last pooling keeps the side, so it pads at the end.
        return self.last(F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 2, 1))


class DenseBlock(nn.Module):
    """Four convolutions, the first with stride 2. Each of the others adds to the sum of all before."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        first = SameConv(before, after, 3, 2) if before == 3 else Separable(before, after, 2)
        self.convs = nn.ModuleList([first, *(Separable(after, after) for _ in range(3))])

    def forward(self, x: Tensor) -> Tensor:
        first, *others = self.convs
        total = last = F.relu(first(x))
        for conv in others:
            total = total + conv(last)
            last = F.relu(total)
        return last


class Landmarker(nn.Module):
    """From square images of one face, [N, 3, 112, 112], to landmarks [N, 68, 2] in shares of the side."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(DenseBlock(3, 32), DenseBlock(32, 64), DenseBlock(64, 128), DenseBlock(128, 256))
        self.last = nn.Linear(256, 2 * LANDMARKS)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.blocks(x).mean(dim=(2, 3))).unflatten(1, (LANDMARKS, 2))


class FaceFinder(nn.Module):
    """Both networks together, uninitialised."""

    def __init__(self) -> None:
        super().__init__()
        self.detector, self.landmarker = Detector(), Landmarker()

    @torch.no_grad()
    def forward(self, image: Tensor) -> list[Face]:
        """Returns the faces in an image [3, H, W] in [-1, 1], the largest first.

        Raises:
            ArgumentError: the image has another shape or is not finite.
        """
        device = self.detector.last.weight.device
        image = 127.5 * (check_tensor("image", image, [3, "H", "W"]).to(device).clamp(-1, 1) + 1)
        found = self._detected(image)
        found.sort(key=lambda face: (face[1][2] - face[1][0]) * (face[1][3] - face[1][1]), reverse=True)
        return [Face(score, box, self._landmarks(image, box)) for score, box in found]

    def _detected(self, image: Tensor) -> list[tuple[float, tuple[float, float, float, float]]]:
        """Returns scores and boxes of the faces, each face once."""
        height, width = image.shape[1:]
        side = max(height, width)
        square = F.pad(image, (0, side - width, 0, side - height))
        out = self.detector(_normalized(square, DETECTED_AT, DETECTOR_MEAN))[0].unflatten(0, (len(ANCHORS), 5))
        cells = out.shape[-1]
        rows, columns = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
        anchors = torch.tensor(ANCHORS)[:, :, None, None]
        out = out.cpu()
        x = (columns + out[:, 0].sigmoid()) / cells * side
        y = (rows + out[:, 1].sigmoid()) / cells * side
        w, h = (out[:, 2:4].exp() * anchors / cells * side).unbind(dim=1)
        boxes = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=-1).view(-1, 4)
        scores = out[:, 4].sigmoid().flatten()
        kept: list[tuple[float, tuple[float, float, float, float]]] = []
        for i in scores.argsort(descending=True).tolist():
            if scores[i] < LEAST_SCORE:
                break
            left, top, right, bottom = boxes[i].tolist()
            box = (left, top, right, bottom)
            in_image = left < width and top < height  # and not in what was padded
            if in_image and all(_overlap(box, other) < OVERLAP for _, other in kept):
                kept.append((float(scores[i]), box))
        return kept

    def _landmarks(self, image: Tensor, box: tuple[float, float, float, float]) -> Tensor:
        """Returns the landmarks [68, 2] of the face in a box, in pixels of the image."""
        height, width = image.shape[1:]
        left, top = max(0, int(box[0])), max(0, int(box[1]))
        right, bottom = min(width, max(left + 1, int(box[2]))), min(height, max(top + 1, int(box[3])))
        face = image[:, top:bottom, left:right]
        side = max(face.shape[1:])
        before_x, before_y = (side - face.shape[2]) // 2, (side - face.shape[1]) // 2
        square = F.pad(face, (before_x, side - face.shape[2] - before_x, before_y, side - face.shape[1] - before_y))
        points = self.landmarker(_normalized(square, MARKED_AT, LANDMARK_MEAN))[0].cpu()
        return points * side + torch.tensor([left - before_x, top - before_y])


def load_face_finder(device: torch.device | str | None = None) -> FaceFinder:
    """Loads the bundled networks.

    Args:
        device: where they run; the CPU by default.

    Raises:
        ArgumentError: this machine does not have the device.
    """
    device = check_device("device", device)
    finder = FaceFinder()
    finder.load_state_dict(load_file(FILE))
    return finder.to(device).eval().requires_grad_(False)


def _normalized(image: Tensor, side: int, mean: tuple[float, float, float]) -> Tensor:
    """Returns a square image [3, S, S] from 0 to 255 as a network's input [1, 3, side, side]."""
    resized = F.interpolate(image[None], size=(side, side), mode="bilinear", antialias=True)
    return (resized - torch.tensor(mean, device=image.device).view(3, 1, 1)) / 255


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Returns the intersection of two boxes over their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / max(areas - common, 1e-9)
