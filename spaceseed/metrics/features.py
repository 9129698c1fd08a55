"""Features of images, in which sets of images are compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.models.judges.classifier import ASSETS, Classifier, load_classifier

AVATAR_FEATURES = ASSETS / "real_features.safetensors"
AVATAR_EMBEDDINGS = ASSETS.parent / "judge" / "real_embeddings.safetensors"


class Features(Protocol):
    """A function from images [N, 3, H, W] in [-1, 1] to features [N, d], with a name for reports."""

    name: str

    def __call__(self, images: Tensor, /) -> Tensor: ...


class ClassifierFeatures:
    """Features [N, 96] of the bundled classifier. They need no download, and suit only avatars."""

    name = "avatar features"

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(self, images: Tensor) -> Tensor:
        return self._classifier.features(images.to(next(self._classifier.parameters()).device))


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features [n, d] of a set of images, and the name of the features."""

    name: str
    values: Tensor


def real_avatars(resolution: int = 64) -> FeatureSet:
    """Returns the features [1000, 96] of 1,000 rendered faces of 64 or 32 pixels, which no network was trained on."""
    return FeatureSet(ClassifierFeatures.name, _of_size(AVATAR_FEATURES, resolution))


def real_avatar_embeddings(resolution: int = 64) -> Tensor:
    """Returns the bundled judge's embeddings [2000, 96] of rendered faces, of others than `real_avatars` has."""
    return _of_size(AVATAR_EMBEDDINGS, resolution)


def _of_size(path: Path, resolution: int) -> Tensor:
    found = {int(side): rows for side, rows in load_file(path).items()}
    if resolution not in found:
        raise ArgumentError("resolution", resolution, "64 or 32")
    return found[resolution].float()


@torch.no_grad()
def collect(batches: Iterable[Tensor], features: Features) -> FeatureSet:
    """Returns the features of images that come in batches [n, 3, H, W]."""
    return FeatureSet(features.name, torch.cat([features(batch).cpu() for batch in batches]))


class AvatarFeatures(ClassifierFeatures):
    """Features [N, 96] of the bundled classifier. They suit only avatars."""

    def __init__(self) -> None:
        super().__init__(load_classifier("avatars"))
