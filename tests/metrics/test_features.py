"""Features of sets of images."""

import pytest
import torch

from spaceseed.metrics.features import ClassifierFeatures, collect, real_avatars
from spaceseed.models.judges.classifier import load_classifier


@pytest.fixture(scope="module")
def classifier():
    return load_classifier("avatars")


@pytest.fixture(scope="module")
def images():
    return torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_batches_are_collected_under_the_judges_name(classifier, images):
    features = ClassifierFeatures(classifier)
    whole, split = collect([images], features), collect(images.split(4), features)
    assert whole.name == split.name == "avatar features"
    torch.testing.assert_close(whole.values, split.values, rtol=0, atol=1e-4)
    torch.testing.assert_close(whole.values, classifier.features(images))


def test_the_bundled_features_of_renders_are_those_that_the_classifier_sees():
    real = real_avatars()
    assert real.name == ClassifierFeatures.name
    assert real.values.shape == (1000, 96)
    assert (real.values >= 0).all()
    assert len(real.values.unique(dim=0)) > 900
