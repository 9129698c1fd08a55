import random

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models.judges.classifier import Classifier, load_classifier


@pytest.fixture(scope="module")
def classifier():
    return load_classifier("avatars")


@pytest.fixture(scope="module")
def images():
    return torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_probabilities_sum_to_one_for_each_attribute(classifier, images):
    probabilities = classifier.probabilities(images)
    assert list(probabilities) == list(classifier.attributes)
    for name, values in classifier.attributes.items():
        assert probabilities[name].shape == (5, len(values))
        torch.testing.assert_close(probabilities[name].sum(dim=1), torch.ones(5))


def test_features_and_probabilities_do_not_depend_on_the_batch(classifier, images):
    for function in (classifier.features, lambda x: classifier.probabilities(x)["hair"]):
        alone = torch.cat([function(image[None]) for image in images])
        torch.testing.assert_close(function(images), alone, rtol=0, atol=1e-4)


def test_it_is_small_frozen_and_float32(classifier):
    assert sum(parameter.numel() for parameter in classifier.parameters()) < 400_000
    assert not classifier.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in classifier.parameters())
    assert 64 <= classifier.features(torch.zeros(1, 3, 64, 64)).shape[1] <= 128


def test_other_sizes_are_resized_and_gradients_flow(classifier):
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)).requires_grad_()
    classifier.probabilities(images)["mouth"][:, 0].sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_what_the_screen_clips_does_not_count(classifier, images):
    torch.testing.assert_close(classifier.features(images * 3), classifier.features((images * 3).clamp(-1, 1)))


def test_unknown_names_are_refused():
    with pytest.raises(ArgumentError, match="avatars"):
        load_classifier("imagenet")


def test_attributes_and_widths_are_the_callers_choice():
    small = Classifier({"mood": ("glad", "sad", "other")}, resolution=16, widths=(4, 8)).eval()
    assert small.features(torch.zeros(2, 3, 16, 16)).shape == (2, 8)
    assert {word["mood"] for word in small.words(torch.zeros(2, 3, 16, 16))} <= {"glad", "sad", "other"}


def test_faces_never_seen_are_recognised(classifier):
    pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")
    from dataclasses import asdict

    from spaceseed.training.bundled.avatars import ATTRIBUTES, SPLITS, render, sample

    assert classifier.attributes == ATTRIBUTES
    first = SPLITS["held_out"][0]
    avatars = [sample(random.Random(seed)) for seed in range(first, first + 60)]
    pixels = torch.from_numpy(np.stack([render(avatar) for avatar in avatars]))
    words = classifier.words(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1)
    for name, floor in {
        "skin": 0.9,
        "hair": 0.9,
        "hair_color": 0.9,
        "glasses": 0.9,
        "beard": 0.9,
        "mouth": 0.85,
    }.items():
        right = [word[name] == asdict(avatar)[name] for word, avatar in zip(words, avatars, strict=True)]
        assert np.mean(right) >= floor, name


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 64, 64), torch.zeros(1, 1, 64, 64), torch.full((1, 3, 8, 8), torch.nan), "images"]
)
def test_images_that_do_not_fit_are_named(classifier, images):
    for look in (classifier, classifier.features, classifier.probabilities, classifier.words):
        with pytest.raises(ArgumentError, match="images"):
            look(images)


def test_images_of_other_precision_are_converted(classifier, images):
    rounded = images.half()
    torch.testing.assert_close(classifier.features(rounded), classifier.features(rounded.float()), rtol=0, atol=0)


def test_a_device_that_is_not_here_is_named():
    with pytest.raises(ArgumentError, match="device = 'gpu'"):
        load_classifier(device="gpu")
