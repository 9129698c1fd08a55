"""Networks that say what a photograph of a face shows: some teach directions, others, trained by others, confirm them.

They are in packages of npm with an MIT licence, and are read as data:

    npm pack @vladmandic/face-api@1.7.15 @vladmandic/human@3.3.6

`Teachers` are the networks of face-api (Mühler and Mandic). `Witnesses` are those of Human: ages and genders by
HSE-FaceRes (Savchenko), expressions by face_classification (Arriaga), and the mesh of MediaPipe (Google).
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from spaceseed.training.bundled.tfjs import Graph, convolve, read_weights, same_padded

# The part of an aligned face that is looked at: rows and columns from `START` on, `SIDE` of the image's side long.
START, SIDE = (0.19, 0.15), 0.7
MEAN = (122.782, 117.001, 104.298)  # of the teachers' inputs
GRAY = (0.2989, 0.5870, 0.1140)
HAPPY, HAPPY_SEEN = 1, 3  # among the expressions of the teacher, and of the witness

# What both see. A score is higher for more of it. "beard or short hair" is what the networks call male, named after
# what it shows in images.
NAMES = ("smile", "age", "beard or short hair", "mouth open", "eyes open", "head to the right")


def cropped(images: Tensor, size: int) -> Tensor:
    """Returns the faces in images [N, 3, H, W] from -1 to 1 as [N, 3, size, size] from 0 to 1."""
    side = images.shape[3]
    top, left, span = (round(part * side) for part in (*START, SIDE))
    part = images[..., top : top + span, left : left + span].clamp(-1, 1)
    return F.interpolate(part, size=(size, size), mode="bilinear", antialias=True) / 2 + 0.5


class Teachers:
    """The networks of face-api.

    Args:
        folder: the unpacked package.
    """

    def __init__(self, folder: Path) -> None:
        models = folder / "model"
        self._age, self._expression, self._landmarks = (
            read_weights(models / f"{name}_model-weights_manifest.json")
            for name in ("age_gender", "face_expression", "face_landmark_68")
        )

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Returns scores [N] of images [N, 3, H, W] for each of `NAMES`."""
        x = (255 * cropped(images, 112) - torch.tensor(MEAN).view(1, 3, 1, 1)) / 255
        features = _pooled(_xception(x, self._age))
        age, gender = (_linear(features, self._age, f"fc/{name}") for name in ("age", "gender"))
        # Logarithms of odds, because probabilities hardly differ where a network is sure.
        mood = _linear(_pooled(_dense(x, self._expression)), self._expression, "fc").log_softmax(dim=1)
        points = _linear(_pooled(_dense(x, self._landmarks)), self._landmarks, "fc").unflatten(1, (68, 2))
        eyes = [(36, 39, (37, 41), (38, 40)), (42, 45, (43, 47), (44, 46))]
        opened = sum(
            (_apart(points, *a) + _apart(points, *b)) / 2 / _apart(points, left, right) for left, right, a, b in eyes
        )
        assert isinstance(opened, Tensor)
        return {
            "smile": _odds(mood[:, HAPPY]),
            "age": age[:, 0],
            "beard or short hair": gender[:, 0] - gender[:, 1],
            "mouth open": _apart(points, 62, 66) / _apart(points, 48, 54),
            "eyes open": opened / 2,
            "head to the right": _turn(points, 30, 1, 15),
        }


class Witnesses:
    """The networks of Human.

    Args:
        folder: the unpacked package.
    """

    def __init__(self, folder: Path) -> None:
        names = ("faceres", "emotion", "facemesh")
        self._age, self._mood, self._mesh = (Graph(folder / "models" / f"{name}.json") for name in names)

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Returns scores [N] of images [N, 3, H, W] for each of `NAMES`.

        "smile" and "beard or short hair" are probabilities, "age" is in years, the others are ratios of lengths.
        """
        x = 255 * cropped(images, 224).permute(0, 2, 3, 1)
        gender, ages = self._age(x, "gender_pred/Sigmoid", "age_pred/Softmax")
        gray = (cropped(images, 64) * torch.tensor(GRAY).view(1, 3, 1, 1)).sum(dim=1)
        (mood,) = self._mood(2 * gray[..., None] - 1, "Identity")
        (mesh,) = self._mesh(cropped(images, 192).permute(0, 2, 3, 1), "Identity_2")
        points = mesh.unflatten(1, (-1, 3))[..., :2]
        eyes = (_apart(points, 159, 145) / _apart(points, 33, 133), _apart(points, 386, 374) / _apart(points, 362, 263))
        return {
            "smile": mood[:, HAPPY_SEEN],
            "age": ages @ torch.arange(100.0),
            "beard or short hair": gender[:, 0],
            "mouth open": _apart(points, 13, 14) / _apart(points, 61, 291),
            "eyes open": (eyes[0] + eyes[1]) / 2,
            "head to the right": _turn(points, 1, 234, 454),
        }


def _odds(logarithm: Tensor) -> Tensor:
    return logarithm - torch.log1p(-logarithm.exp().clamp(max=1 - 1e-6))


def _apart(points: Tensor, first: int, second: int) -> Tensor:
    """Returns the distance between two of points [N, n, 2]."""
    return (points[:, first] - points[:, second]).norm(dim=1)


def _turn(points: Tensor, nose: int, left: int, right: int) -> Tensor:
    """Returns how far the nose is right of the middle between two sides of the face, in half widths."""
    sides = points[:, left, 0], points[:, right, 0]
    return (2 * points[:, nose, 0] - sides[0] - sides[1]) / (sides[1] - sides[0])


def _separable(x: Tensor, weights: dict[str, Tensor], name: str, stride: int = 1) -> Tensor:
    x = convolve(x, weights[f"{name}/depthwise_filter"], stride, depthwise=True)
    x = convolve(x, weights[f"{name}/pointwise_filter"])
    return x + weights[f"{name}/bias"][:, None, None]


def _biased(x: Tensor, weights: dict[str, Tensor], name: str, stride: int) -> Tensor:
    return convolve(x, weights[f"{name}/filters"], stride) + weights[f"{name}/bias"][:, None, None]


def _dense(x: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Computes the four dense blocks of expressions and landmarks."""
    for block in ("dense0", "dense1", "dense2", "dense3"):
        first = _biased if block == "dense0" else _separable
        total = last = F.relu(first(x, weights, f"{block}/conv0", 2))
        for number in (1, 2, 3):
            total = total + _separable(last, weights, f"{block}/conv{number}")
            last = F.relu(total)
        x = last
    return x


def _xception(x: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Computes the features of ages and genders."""

    def reduced(x: Tensor, name: str, *, first: bool = False) -> Tensor:
        out = _separable(x if first else F.relu(x), weights, f"{name}/separable_conv0")
        out = same_padded(_separable(F.relu(out), weights, f"{name}/separable_conv1"), (3, 3), 2, -torch.inf)
        return F.max_pool2d(out, 3, 2) + _biased(x, weights, f"{name}/expansion_conv", 2)

    x = F.relu(_biased(x, weights, "entry_flow/conv_in", 2))
    x = reduced(x, "entry_flow/reduction_block_0", first=True)
    x = reduced(x, "entry_flow/reduction_block_1")
    for block in ("main_block_0", "main_block_1"):
        out = x
        for number in range(3):
            out = _separable(F.relu(out), weights, f"middle_flow/{block}/separable_conv{number}")
        x = x + out
    x = reduced(x, "exit_flow/reduction_block")
    return F.relu(_separable(x, weights, "exit_flow/separable_conv"))


def _pooled(features: Tensor) -> Tensor:
    return features.mean(dim=(2, 3))


def _linear(features: Tensor, weights: dict[str, Tensor], name: str) -> Tensor:
    return features @ weights[f"{name}/weights"] + weights[f"{name}/bias"]
