"""The objective that prefers typical features."""

import numpy as np
import pytest
import torch
from sklearn.covariance import oas

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.evolution.realism import shrunk


def correlated(count, dims, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, dims, generator=rng) @ torch.randn(dims, dims, generator=torch.Generator().manual_seed(9))


def objective_of(rows):
    return ss.RealismObjective(lambda images: images.flatten(1), ss.FeatureStatistics(rows.shape[1]).add(rows))


def as_images(rows):
    return rows.view(len(rows), 3, 1, -1)


def test_the_score_is_the_log_density_of_a_gaussian_without_its_constant():
    rows = correlated(50_000, 6)
    gaussian = torch.distributions.MultivariateNormal(rows.mean(dim=0), rows.T.cov())
    others = correlated(20, 6, seed=1)
    expected = (gaussian.log_prob(others) - gaussian.log_prob(rows.mean(dim=0))) / 6
    torch.testing.assert_close(objective_of(rows)(as_images(others)), expected, rtol=1e-2, atol=1e-3)


def test_the_mean_scores_zero_and_real_images_about_a_half_below():
    rows = correlated(2000, 12)
    objective = objective_of(rows)
    assert objective(as_images(rows.mean(dim=0)[None])).item() == pytest.approx(0, abs=1e-6)
    assert objective(as_images(correlated(500, 12, seed=1))).mean().item() == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize("count", [2, 5, 30])
def test_few_real_images_and_constant_features_give_finite_scores(count):
    rows = correlated(count, 12)
    rows[:, 3] = 1.0
    objective = objective_of(rows)
    assert objective(as_images(correlated(40, 12, seed=2))).isfinite().all()
    assert objective(as_images(rows)).mean() > objective(as_images(20 * correlated(40, 12, seed=2))).mean()


@pytest.mark.parametrize("count", [3, 20, 400])
def test_the_shrinkage_is_close_to_that_of_scikit_learn(count):
    rows = correlated(count, 60).double().numpy()
    # scikit-learn leaves 2 / d out of the formula, and divides by n in the covariance.
    expected, _ = oas(rows)
    ours = shrunk(np.cov(rows.T, bias=True), count)
    assert np.abs(ours - expected).max() < 0.02 * np.abs(expected).max()


def test_one_feature_needs_no_shrinkage():
    assert shrunk(np.array([[4.0]]), 10) == pytest.approx(4.0)


def test_faces_are_more_typical_than_noise_and_upside_down_faces():
    generator, judge = ss.load("avatars", device="cpu"), ss.load_judge("avatars")

    def faces(seeds):
        return generator.synthesize(generator.map(ss.latents_from_seeds(seeds, generator.z_dim), truncation=0.7))

    with torch.no_grad():
        known, others = faces(range(100, 260)), faces(range(16))
        statistics = ss.FeatureStatistics(96).add(judge.embed_images(known))
        objective = ss.RealismObjective(judge.embed_images, statistics)
        noise = torch.rand(others.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        typical = objective(others)
        assert objective(noise).mean() < typical.mean() - 2 * typical.std()
        assert objective(others.flip(2)).mean() < typical.mean() - 0.5 * typical.std()


def test_unfit_statistics_and_features_are_named():
    for statistics, words in (
        (ss.FeatureStatistics(3), "2 images or more"),
        (ss.FeatureStatistics(3).add(torch.ones(5, 3)), "differ"),
        (torch.ones(5, 3), "statistics"),
    ):
        with pytest.raises(ArgumentError, match=words):
            ss.RealismObjective(len, statistics)
    objective = ss.RealismObjective(lambda images: images.flatten(1), ss.FeatureStatistics(6).add(correlated(9, 6)))
    for features in (torch.zeros(2, 3, 1, 1), torch.full((2, 3, 1, 2), torch.nan)):
        with pytest.raises(ArgumentError, match="features"):
            objective(features)
