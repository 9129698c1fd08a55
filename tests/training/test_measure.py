"""Metrics of a generator during training."""

import numpy as np
import pytest
import torch

from spaceseed.metrics.features import AvatarFeatures
from spaceseed.training.data.images import ImageSet
from spaceseed.training.data.labels import Labels
from spaceseed.training.measure import Comparison, ImageNetFeatures
from spaceseed.training.networks.pairs import build


class MeanColour:
    name = "mean colours"

    def __call__(self, images):
        return images.mean(dim=(2, 3))


class Copier:
    """A generator that returns real images, selected by its labels, with some noise."""

    resolution, z_dim, device = 8, 4, torch.device("cpu")

    def __init__(self, images, noise):
        self.images, self.noise = images, noise

    def map(self, z, labels):
        return torch.cat([labels, z], dim=1)

    def synthesize(self, ws):
        images, _ = self.images.batch(ws[:, :32].argmax(dim=1), 8)
        return images + self.noise * ws[:, -3:, None, None]


@pytest.fixture
def images():
    pixels = np.random.RandomState(0).randint(0, 256, (32, 1, 1, 3)).repeat(8, 1).repeat(8, 2).astype(np.uint8)
    return ImageSet(pixels, Labels({"number": tuple(map(str, range(32)))}, np.arange(32)[:, None]))


def test_figures_tell_their_features_and_number(images):
    comparison = Comparison(images, MeanColour(), labelled=True)
    perfect, noisy = (comparison(Copier(images, noise)) for noise in (0.0, 1.0))
    about = "mean colours, N = 32"
    assert list(perfect) == [f"{name}, {about}" for name in ("Frechet distance", "Precision", "Recall")]
    assert perfect[f"Frechet distance, {about}"] == pytest.approx(0, abs=1e-5)
    assert perfect[f"Precision, {about}"] == perfect[f"Recall, {about}"] == 1
    assert noisy[f"Frechet distance, {about}"] > 0.1
    assert noisy == comparison(Copier(images, 1.0))


def test_no_more_images_than_asked_for_are_compared(images):
    assert "Recall, mean colours, N = 10" in Comparison(images, MeanColour(), 10, labelled=True)(Copier(images, 0.0))


@pytest.mark.parametrize("features", [ImageNetFeatures, AvatarFeatures])
def test_the_features_on_offer_tell_noise_from_noise(features, images):
    generator = build("stylegan2", 64, z_dim=8, capacity=0.05).generator.requires_grad_(False)
    larger = ImageSet(images.images[:8].repeat(8, 1).repeat(8, 2))
    figures = Comparison(larger, features())(generator)
    assert all(np.isfinite(value) for value in figures.values())
    assert next(iter(figures)) == f"Frechet distance, {features.name}, N = 8"
