import random

import numpy as np
import pytest

pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")

from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.training.bundled.avatars import ATTRIBUTES, render, sample
from spaceseed.training.bundled.figures import confidence, shown

AVATARS = [sample(random.Random(seed)) for seed in range(60)]


@pytest.fixture(scope="module")
def images():
    return from_uint8(np.stack([render(avatar) for avatar in AVATARS]))


def test_what_renders_show_is_what_was_drawn(images):
    shares = shown(load_classifier("avatars"), images)
    for name, values in ATTRIBUTES.items():
        drawn = {value: sum(getattr(avatar, name) == value for avatar in AVATARS) / len(AVATARS) for value in values}
        assert shares[name] == pytest.approx(drawn, abs=0.05)
        assert sum(shares[name].values()) == pytest.approx(1)


def test_a_classifier_is_surer_of_drawings_than_of_two_in_one(images):
    classifier = load_classifier("avatars")
    assert confidence(classifier, images) > 0.98
    assert confidence(classifier, (images + images.flip(0)) / 2) < 0.9
