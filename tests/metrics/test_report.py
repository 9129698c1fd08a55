"""Reports: features, number of images, and confidence intervals with the right coverage."""

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.metrics.features import FeatureSet
from spaceseed.metrics.report import figures, halves_error
from spaceseed.models.judges.classifier import confirmed, load_classifier


@pytest.fixture(scope="module")
def classifier():
    return load_classifier("avatars")


@pytest.fixture(scope="module")
def images():
    return torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_every_figure_says_in_what_and_on_how_many_images_it_was_measured():
    found = figures(
        FeatureSet("avatar features", normal(0, 60, 4)), FeatureSet("avatar features", normal(1, 50, 4) + 1)
    )
    assert [figure.name for figure in found] == [
        f"{name}, avatar features" for name in ("Frechet distance", "Kernel distance", "Precision", "Recall")
    ]
    for figure in found:
        assert (figure.count, figure.reference) == (50, 60)
        assert figure.low < figure.value < figure.high
        assert str(figure).startswith(figure.name)
        assert str(figure).endswith("N = 50")
    assert found[0].value > 3
    assert 0 < found[2].value < 1


def test_what_two_judges_saw_is_not_compared():
    with pytest.raises(ArgumentError, match="avatar features"):
        figures(FeatureSet("avatar features", normal(0, 60, 4)), FeatureSet("Inception features", normal(1, 60, 4)))


def test_the_error_of_a_mean_is_the_one_that_is_known():
    errors = [halves_error(lambda rows: float(rows.mean()), normal(seed, 400, 1), halves=40) for seed in range(10)]
    assert np.mean(errors) == pytest.approx(1 / 20, rel=0.15)


def test_too_few_images_have_no_error():
    with pytest.raises(ArgumentError, match="halves"):
        halves_error(lambda rows: 0.0, normal(0, 7, 1))


def test_what_was_asked_is_confirmed_attribute_by_attribute(classifier, images):
    words = classifier.words(images)
    mouth = words[0]["mouth"]
    other = next(value for value in classifier.attributes["hair"] if value != words[0]["hair"])
    assert confirmed(classifier, images, {"mouth": [mouth]})[0] == 1
    assert confirmed(classifier, images, {"mouth": [mouth], "hair": {other}})[0] == 0.5
    assert confirmed(classifier, images, classifier.attributes).tolist() == [1] * 6
    for asked in ({}, {"mouth": []}, {"mouth": ["beak"]}, {"beak": ["mouth"]}):
        with pytest.raises(ArgumentError, match="asked"):
            confirmed(classifier, images, asked)
