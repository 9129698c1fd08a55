"""Views of images in which sets of them are compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from safetensors.torch import load_file
from torch import Tensor

from spaceseed.models.judges.classifier import ASSETS, Classifier, load_classifier

AVATAR_FEATURES = ASSETS / "real_features.safetensors"


class Features(Protocol):
    """A judge's view of images: [N, 3, H, W] in [-1, 1] to features [N, d], and the name it goes by in figures."""

    name: str

    def __call__(self, images: Tensor, /) -> Tensor: ...


class ClassifierFeatures:
    """The bundled classifier's features, [N, 96], which need no download and know avatars alone."""

    name = "avatar features"

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(self, images: Tensor) -> Tensor:
        return self._classifier.features(images.to(next(self._classifier.parameters()).device))


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """What a judge saw in a set of images: its name, and features [n, d]."""

    name: str
    values: Tensor


def real_avatars() -> FeatureSet:
    """Returns what the bundled classifier saw in 1,000 rendered faces that no network was trained on: [1000, 96]."""
    return FeatureSet(ClassifierFeatures.name, load_file(AVATAR_FEATURES)["features"].float())


@torch.no_grad()
def collect(batches: Iterable[Tensor], features: Features) -> FeatureSet:
    """Collects the features of images that come in batches [n, 3, H, W]."""
    return FeatureSet(features.name, torch.cat([features(batch).cpu() for batch in batches]))


class AvatarFeatures(ClassifierFeatures):
    """What the bundled classifier sees, which knows drawn faces alone: features [N, 96]."""

    def __init__(self) -> None:
        super().__init__(load_classifier("avatars"))
