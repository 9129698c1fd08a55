"""Soft filters that learn from images: from marks, from real images, or from both."""

import pytest
import torch

from spaceseed.errors import ArgumentError, FilterError
from spaceseed.filters.filter import LatentFilter
from spaceseed.filters.looking import survey
from spaceseed.filters.reweighting import FrechetDistance, Likelihood, Scaling
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.distances import frechet_distance
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ops.avoidance import soft_divergence
from tests.filters.test_filter import tiny

DRAWS = 400


def seen(images):
    """Features [n, 12] of images: colours of their quarters."""
    return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


def brightness(space, vectors):
    return space.images(vectors).mean(dim=(1, 2, 3))


@pytest.fixture(scope="module", params=["z", "w"])
def space(request):
    return LatentSpace(tiny(), request.param, truncation=1.0)


@pytest.fixture(scope="module")
def marks(space):
    """Bright images are bad: 30 of them, and 60 of the others."""
    vectors = space.draw(range(5000, 5300))
    order = brightness(space, vectors).argsort(descending=True)
    return vectors[order[:30]], vectors[order[60::4]]


@pytest.fixture(scope="module")
def from_marks(space, marks):
    return LatentFilter.reweight(space, seen, bad=marks[0], good=marks[1], keep=0.5, draws=DRAWS)


@pytest.fixture(scope="module")
def dark(space):
    """Images of the darker half."""
    vectors = space.draw(range(7000, 7400))
    light = brightness(space, vectors)
    return space.images(vectors[light < light.median()])


@pytest.fixture(scope="module")
def from_real(space, dark):
    return LatentFilter.reweight(space, seen, real=dark, keep=0.5, draws=DRAWS)


def test_marks_make_what_is_bad_rare(space, from_marks):
    fresh = range(1000, 1400)
    border = brightness(space, space.draw(fresh)).quantile(0.75)
    after = brightness(space, space.restricted(from_marks).draw(fresh))
    assert (after > border).float().mean() < 0.12  # of 0.25
    assert from_marks.marks == (30, 60)
    assert from_marks.references == 0
    assert from_marks.trustworthy
    assert from_marks.auc > 0.9
    assert from_marks.acceptance == pytest.approx(0.5, abs=0.06)
    assert from_marks.coverage > 1 - from_marks.held_out.bad_refused + 0.2


def test_without_marks_draws_come_closer_to_real_images(space, from_real, dark):
    fresh, real = range(1000, 1400), seen(dark)
    before, after = (seen(its.images(its.draw(fresh))) for its in (space, space.restricted(from_real)))
    assert frechet_distance(real, after) < 0.7 * frechet_distance(real, before)
    assert from_real.marks == (0, 0)
    assert from_real.references == len(dark)
    assert from_real.trustworthy
    assert from_real.acceptance < from_real.coverage < 1


def test_it_learns_where_no_gradients_are_wanted(space, dark, from_real):
    with torch.no_grad():
        again = LatentFilter.reweight(space, seen, real=dark, keep=0.5, draws=DRAWS)
    assert again.id == from_real.id


def test_real_images_that_are_no_different_teach_little(space):
    same = space.images(space.draw(range(9000, 9400)))
    avoid = LatentFilter.reweight(space, seen, real=same, keep=0.5, draws=DRAWS)
    assert avoid.kl < 0.1
    assert not avoid.trustworthy
    assert "chance" in avoid.reason


def test_with_both_neither_is_forgotten(space, marks, dark):
    avoid = LatentFilter.reweight(space, seen, bad=marks[0], good=marks[1], real=dark, keep=0.5, draws=DRAWS)
    assert (avoid.marks, avoid.references) == ((30, 60), len(dark))
    assert avoid.trustworthy
    fresh = range(1000, 1400)
    assert brightness(space, space.restricted(avoid).draw(fresh)).mean() < brightness(space, space.draw(fresh)).mean()


def test_what_it_says_is_what_fresh_draws_show(space, from_marks, from_real):
    for avoid in (from_marks, from_real):
        probability = avoid.probability(space.draw(range(20_000, 24_000)))
        assert float(probability.mean()) == pytest.approx(avoid.acceptance, abs=0.02)
        assert soft_divergence(probability) == pytest.approx(avoid.kl, abs=0.03)


def test_few_marks_change_little(space, marks):
    avoid = LatentFilter.reweight(space, seen, bad=marks[0][:2], good=marks[1][:2], keep=0.5, draws=DRAWS)
    assert not avoid.trustworthy
    assert "Not enough marks" in avoid.reason
    assert avoid.acceptance > 0.88  # two of the ten marks that refuse half


def test_the_probability_of_being_bad_rises_with_what_is_bad(space, from_marks):
    vectors = space.draw(range(2000, 2300))
    light, p = brightness(space, vectors), from_marks.probability_bad(vectors)
    bright = light > light.quantile(0.8)
    assert p[bright].mean() > p[~bright].mean() + 0.2


def test_the_same_seeds_and_marks_give_the_same_filter_and_draws(space, marks, from_marks):
    again = LatentFilter.reweight(space, seen, bad=marks[0], good=marks[1], keep=0.5, draws=DRAWS)
    assert again.id == from_marks.id
    drawn = space.restricted(again).draw(range(40))
    torch.testing.assert_close(space.restricted(again).draw([7, 33]), drawn[[7, 33]], atol=1e-5, rtol=1e-4)


def test_it_travels_in_a_file(space, from_marks, tmp_path):
    from_marks.save(tmp_path / "filter.safetensors")
    found = LatentFilter.open(tmp_path / "filter.safetensors")
    assert (found.id, found.soft, found.references) == (from_marks.id, from_marks.soft, 0)
    assert torch.equal(space.restricted(found).draw(range(20)), space.restricted(from_marks).draw(range(20)))


def test_what_is_known_of_draws_is_not_drawn_again(space, marks):
    vectors = space.from_z(latents_from_seeds(range(DRAWS), space.generator.z_dim))
    known = vectors, seen(space.images(vectors))
    looked = []

    def look(images):
        looked.append(len(images))
        return seen(images)

    avoid = LatentFilter.reweight(space, look, bad=marks[0], good=marks[1], known=known)
    assert sum(looked) == 90
    assert avoid.auc > 0.9


def test_filters_of_one_survey_are_those_of_their_own_draws(space, marks, dark, from_marks, from_real):
    known = survey(space, seen, DRAWS)
    by_marks = LatentFilter.reweight(space, seen, bad=marks[0], good=marks[1], keep=0.5, known=known)
    assert by_marks.id == from_marks.id
    assert LatentFilter.reweight(space, seen, real=dark, keep=0.5, known=known).id == from_real.id


def test_progress_of_draws_and_of_marks_rises_to_the_end(space, marks):
    shares = []
    LatentFilter.reweight(space, seen, bad=marks[0], good=marks[1], draws=DRAWS, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("w", seen), "space"),
        ((LatentSpace(tiny(), "w"), seen, 0), "draws"),
        ((LatentSpace(tiny(), "w"), seen, 8, -1), "seed"),
        ((LatentSpace(tiny(), "w"), lambda images: images, 8), "features"),
    ],
)
def test_what_does_not_fit_a_survey_is_named(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        survey(*arguments)


def test_work_can_be_stopped(space, dark):
    def stop(share):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        LatentFilter.reweight(space, seen, real=dark, draws=DRAWS, progress=stop)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, FilterError, "neither marks nor real images"),
        ({"bad": torch.ones(3, 12)}, FilterError, "no good examples"),
        ({"good": torch.ones(3, 12)}, FilterError, "no bad examples"),
        ({"real": torch.zeros(40, 3, 16, 16)}, ArgumentError, "16 x 16"),
        ({"real": torch.zeros(40, 3, 8, 8)}, ArgumentError, "1 different images.*12 or more"),
        ({"real": torch.full((40, 3, 8, 8), 255.0)}, ArgumentError, "pixels in"),
        ({"real": [1, 2]}, ArgumentError, "images .* or features"),
        ({"real": torch.randn(40, 12), "features": lambda images: torch.ones(len(images), 4)}, ArgumentError, "differ"),
        ({"real": torch.randn(40, 12), "features": lambda images: images[:1].flatten(1)}, ArgumentError, "features"),
        ({"real": torch.randn(40, 12), "features": lambda images: None}, ArgumentError, "features"),
        ({"real": torch.randn(40, 12), "known": 5}, ArgumentError, "known"),
        ({"real": torch.zeros(40, 7)}, ArgumentError, "real"),
        ({"real": torch.full((40, 12), torch.nan)}, ArgumentError, "real"),
        ({"real": torch.randn(40, 12), "keep": 1.0}, ArgumentError, "keep"),
        ({"real": torch.randn(40, 12), "draws": 10}, ArgumentError, "draws"),
        ({"real": torch.randn(40, 12), "features": "judge"}, ArgumentError, "features"),
        ({"real": torch.randn(40, 12), "seed": -1}, ArgumentError, "seed"),
        ({"real": torch.randn(40, 12), "known": (torch.ones(9, 12), torch.ones(9, 12))}, ArgumentError, "known"),
    ],
)
def test_what_does_not_fit_is_named(arguments, error, words):
    space = LatentSpace(tiny(), "w", truncation=1.0)
    with pytest.raises(error, match=words):
        LatentFilter.reweight(space, arguments.pop("features", seen), **({"draws": DRAWS} | arguments))


def test_the_distance_of_even_weights_is_the_frechet_distance():
    rng = torch.Generator().manual_seed(0)
    drawn, real = torch.randn(500, 6, generator=rng), 1 + 2 * torch.randn(400, 6, generator=rng)
    distance = FrechetDistance.of(drawn, real)(slice(None), torch.ones(500, dtype=torch.float64))
    assert float(distance) == pytest.approx(frechet_distance(drawn, real), rel=0.02)


def test_scaled_features_are_uncorrelated_and_those_that_vary_less_count_for_more():
    rng = torch.Generator().manual_seed(0)
    rows = torch.randn(400, 4, generator=rng) * torch.tensor([16.0, 4.0, 1.0, 1e-3])
    scaled = Scaling.of(rows)(rows)
    covariance = torch.cov(scaled.T)
    deviations = covariance.diag().sqrt().sort(descending=True).values
    torch.testing.assert_close(covariance, torch.diag(covariance.diag()), atol=1e-6, rtol=0)
    assert len(deviations) == 3  # one hardly varies
    assert float(deviations[0] / deviations[2]) == pytest.approx(4, rel=0.1)  # of 16
    assert float(scaled.square().mean()) == pytest.approx(1, abs=0.01)


def test_held_out_probabilities_of_random_marks_are_even():
    rng = torch.Generator().manual_seed(0)
    bad, good = (torch.randn(30, 8, generator=rng, dtype=torch.float64) for _ in range(2))
    likelihood = Likelihood(bad, good, seed=0)
    assert 0.3 < likelihood.auc < 0.7
    assert (likelihood.of_draws(torch.randn(200, 8, generator=rng, dtype=torch.float64)) - 0.5).abs().mean() < 0.15
