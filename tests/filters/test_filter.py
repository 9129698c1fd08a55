"""Filters: what they allow, what they leave unchanged, and what they refuse."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from spaceseed.errors import ArgumentError, FilterError
from spaceseed.filters.filter import SAMPLERS, LatentFilter
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, ModelCard, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ops.discriminant import ESTIMATORS

DIMS = 16
LINEAR = ("mean", "lda", "logistic")
AXIS = torch.nn.functional.normalize(torch.arange(1.0, DIMS + 1), dim=0)


def draws(n, seed, dims=DIMS):
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed))


def is_bad(z):
    return z @ AXIS > 0.84  # a fifth


def marks(n, seed=0):
    z = draws(12 * n + 50, seed)
    return z[is_bad(z)][:n], z[~is_bad(z)][:n]


def tiny(seed=0, name="tiny"):
    torch.manual_seed(seed)
    generator = StyleGAN2(DIMS, 12, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    generator.w_avg.copy_(generator.mapping(torch.randn(1000, DIMS), None).mean(dim=0))
    generator.card = ModelCard(name, "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "0" * 64, 0.7, False)
    return generator


@pytest.fixture(scope="module")
def generator():
    return tiny()


@pytest.fixture(scope="module")
def filters():
    """Returns a filter for every method and every sampler that it supports."""
    bad, good = marks(60)
    made = {}
    for method in ESTIMATORS:
        for how in SAMPLERS:
            if how != "truncate" or method in LINEAR:
                made[method, how] = LatentFilter.fit(bad, good, method, how=how)
    return made


def test_the_readmes_three_lines_hold():
    avoid = LatentFilter.fit(*marks(30))
    z = avoid.sample(500, seed=0)
    assert z.dtype == torch.float32
    before = is_bad(latents_from_seeds(range(500), DIMS)).float().mean()
    assert is_bad(z).float().mean() < before / 2
    assert avoid.trustworthy
    assert avoid.auc > 0.8


@pytest.mark.parametrize("how", SAMPLERS)
def test_every_sampler_halves_the_bad(filters, how):
    z = draws(4000, 5)
    avoid = filters["logistic", how]
    assert is_bad(avoid.apply(z)).float().mean() < is_bad(z).float().mean() / 2


def test_what_is_allowed_stays_bit_for_bit_and_what_is_not_becomes_allowed(filters):
    z = draws(600, 6)
    for (method, how), avoid in filters.items():
        if how == "shift":
            continue
        allowed, after = avoid.allows(z), avoid.apply(z)
        assert torch.equal(after[allowed], z[allowed]), (method, how)
        assert not torch.equal(after[~allowed], z[~allowed])
        assert avoid.allows(after).all(), (method, how)
        assert torch.equal(avoid.apply(after), after), (method, how)
        assert allowed.float().mean() == pytest.approx(avoid.acceptance, abs=0.06)


def test_what_is_orthogonal_to_the_directions_never_changes(filters):
    z = draws(200, 7)
    for (_, how), avoid in filters.items():
        if how == "soft":  # it draws whole latents again
            continue
        axes = avoid.discriminant.directions
        rest = [x.double() - x.double() @ axes.T @ axes for x in (z, avoid.apply(z))]
        torch.testing.assert_close(*rest, atol=2e-6, rtol=0)


@pytest.mark.parametrize("how", ["truncate", "reject"])
def test_coordinates_the_direction_has_no_part_in_are_bit_identical(how):
    z = draws(400, 8)
    bad, good = z.clone(), draws(400, 9)
    bad[:, 3] = bad[:, 3].abs() + 1
    avoid = LatentFilter.fit(bad, good, "mean", how=how)
    axis = torch.eye(DIMS, dtype=torch.float64)[3:4]
    avoid = replace(avoid, discriminant=replace(avoid.discriminant, directions=axis, steps=axis))
    after, others = avoid.apply(good), [i for i in range(DIMS) if i != 3]
    assert torch.equal(after[:, others], good[:, others])
    assert not torch.equal(after[:, 3], good[:, 3])


def test_a_row_depends_on_itself_alone(filters):
    z = draws(12, 10)
    for (method, how), avoid in filters.items():
        together, alone = avoid.apply(z), torch.cat([avoid.apply(row[None]) for row in z])
        torch.testing.assert_close(together, alone, atol=1e-6, rtol=0, msg=f"{method} {how}")


def test_a_seed_with_a_filter_is_always_the_same_latent(filters):
    for avoid in filters.values():
        z = avoid.sample(8, seed=40)
        assert torch.equal(z, avoid.sample(8, seed=40))
        torch.testing.assert_close(avoid.sample(3, seed=42), z[2:5], atol=1e-6, rtol=0)
        torch.testing.assert_close(z, avoid.apply(latents_from_seeds(range(40, 48), DIMS)))


@pytest.mark.parametrize("keep", [0.2, 0.75, 0.95])
def test_acceptance_and_divergence_are_those_of_many_draws(keep):
    bad, good = marks(60)
    for method, how in (("logistic", "truncate"), ("quadratic", "reject"), ("logistic", "shift")):
        avoid = LatentFilter.fit(bad, good, method, how=how, keep=keep)
        z = draws(20_000, 11)
        share = avoid.allows(z).double().mean()
        if how == "shift":
            # Both Gaussians are known, so E_q log q / p can be estimated along the one direction that moves.
            u = avoid.discriminant.coordinates(avoid.apply(z)).flatten()
            moved = torch.distributions.Normal(u.mean(), u.std())
            estimate = (moved.log_prob(u) - torch.distributions.Normal(0, 1).log_prob(u)).mean()
            assert avoid.acceptance == 1
            assert avoid.kl == pytest.approx(float(estimate), abs=0.06)
        else:
            assert avoid.acceptance == pytest.approx(float(share), abs=0.012)
            assert avoid.kl == pytest.approx(-np.log(float(share)), abs=0.06)
        assert avoid.kl == pytest.approx(-np.log(keep), abs=0.02)  # the same for every sampler


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.8])
def test_a_soft_filter_multiplies_the_density_by_its_probability(keep):
    avoid = LatentFilter.fit(*marks(100), how="soft", keep=keep)
    z = draws(20_000, 30)
    p, allowed = avoid.probability(z), avoid.allows(z)
    assert avoid.acceptance == pytest.approx(keep, abs=0.01)
    assert float(allowed.double().mean()) == pytest.approx(keep, abs=0.015)
    weights = p / p.mean()
    assert avoid.kl == pytest.approx(float((weights * weights.log()).mean()), abs=0.02)
    # Along the direction of the bad, draws with the filter follow the density with these weights.
    after = (avoid.apply(z[:6000]) @ AXIS).sort().values
    u = (z @ AXIS).double()
    for at in (-1.0, 0.0, 0.7):
        expected = float(weights[u < at].sum() / len(u))
        assert float((after < at).double().mean()) == pytest.approx(expected, abs=0.02)


def test_the_border_of_a_soft_filter_is_gradual():
    avoid = LatentFilter.fit(*marks(100), how="soft", keep=0.5)
    p = avoid.probability(torch.linspace(-3, 3, 61)[:, None] * AXIS)
    assert (p.diff() <= 1e-9).all()
    assert ((p > 0.02) & (p < 0.98)).sum() > 5


def test_a_soft_filter_from_marks_without_a_meaning_refuses_little():
    refused = [
        1 - LatentFilter.fit(draws(8, 2 * i), draws(8, 2 * i + 1), how="soft", keep=0.5).kl for i in range(40, 52)
    ]
    assert np.median(refused) > 0.95  # nats, of 0.69 if it refused half outright
    told = LatentFilter.fit(*marks(60), how="soft", keep=0.5)
    assert told.kl > 0.2


def test_filters_have_different_ids_and_say_what_they_are():
    avoid = LatentFilter.fit(*marks(30), how="soft", keep=0.5)
    other = LatentFilter.fit(*marks(30), how="soft", keep=0.6)
    assert avoid.id != other.id
    assert str(avoid) == f"soft logistic in z, 50% kept, {avoid.id}"


def test_the_penalty_of_a_soft_filter_is_that_of_its_probability():
    avoid = LatentFilter.fit(*marks(60), how="soft", keep=0.5)
    z = draws(200, 31).requires_grad_()
    penalty = avoid.penalty(z)
    torch.testing.assert_close(
        penalty.detach().double(), -0.1 * avoid.probability(z.detach()).log(), atol=1e-5, rtol=1e-4
    )
    penalty.sum().backward()
    assert (z.grad @ AXIS).mean() > 0


def test_a_soft_filter_of_w_draws_from_the_prior_of_the_space(generator):
    plain = LatentSpace(generator, "w")
    vectors = plain.draw(range(300))
    bad = vectors[:, 0] > vectors[:, 0].quantile(0.8)
    avoid = LatentFilter.fit(vectors[bad], vectors[~bad], how="soft", keep=0.5, space=plain)
    space, fresh = plain.restricted(avoid), range(1000, 1400)
    z = latents_from_seeds(fresh, DIMS)
    before, after = plain.draw(fresh), space.draw(fresh)
    allowed = avoid.allows(before, keys=z)
    assert float(allowed.double().mean()) == pytest.approx(avoid.acceptance, abs=0.08)
    assert torch.equal(after[allowed], before[allowed])
    border = vectors[:, 0].quantile(0.8)
    assert (after[:, 0] > border).float().mean() < 0.5 * (before[:, 0] > border).float().mean()
    torch.testing.assert_close(space.draw([1003, 1007]), after[[3, 7]], atol=1e-5, rtol=1e-4)
    with pytest.raises(FilterError, match="LatentSpace"):
        avoid.apply(before, keys=z)


def test_a_soft_file_that_would_refuse_everything_is_refused(tmp_path):
    path = tmp_path / "filter.safetensors"
    LatentFilter.fit(*marks(60), how="soft", keep=0.5).save(path)
    edited(path, header={"soft": {"low": -1000.0, "kept": 0.5, "divergence": 0.1}, "limit": -1000.0})
    with pytest.raises(FilterError, match="refuse nearly everything"):
        LatentFilter.open(path)


def test_a_soft_file_that_says_what_is_not_so_is_refused(tmp_path):
    path = tmp_path / "filter.safetensors"
    for change in (
        {"soft": {"low": -1.0, "kept": 1.0, "divergence": 0.0}},
        {"strength": 5.0},
        {"limit": -1e308},
    ):
        LatentFilter.fit(*marks(60), how="soft", keep=0.5).save(path)
        edited(path, header=change)
        with pytest.raises(FilterError, match=r"damaged|nearly everything"):
            LatentFilter.open(path)


def test_a_soft_file_whose_scores_are_no_numbers_is_refused(tmp_path):
    path = tmp_path / "filter.safetensors"
    LatentFilter.fit(*marks(60), how="soft", keep=0.5).save(path)
    edited(path, center=lambda t: torch.full_like(t, 1e300))
    with pytest.raises(FilterError, match="damaged"):
        LatentFilter.open(path)


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_few_marks_refuse_few(count):
    bad, good = draws(2 * count, 5).split(count)
    avoid = LatentFilter.fit(bad, good, how="soft", keep=0.05)
    assert avoid.acceptance >= 1 - 0.95 * count / 10 - 0.01


def test_many_marks_that_mean_nothing_are_not_called_few():
    avoid = LatentFilter.fit(*draws(60, 5).split(30))
    assert avoid.reason.startswith("The difference of 30 bad and 30 good ones may be chance. Mark more")


def test_latents_beyond_all_reason_are_refused():
    bad, good = marks(20)
    with pytest.raises(FilterError, match="beyond 1,000,000"):
        LatentFilter.fit(bad.double() * 1e200, good)


def test_keys_must_fit_their_latents():
    avoid = LatentFilter.fit(*marks(60), how="soft", keep=0.5)
    for use in (avoid.allows, avoid.apply):
        with pytest.raises(ArgumentError, match="keys"):
            use(draws(4, 1), keys=draws(3, 2))


def test_the_last_seed_can_be_drawn():
    avoid = LatentFilter.fit(*marks(60), how="soft", keep=0.5)
    assert len(avoid.sample(1, seed=MAX_SEED)) == 1
    with pytest.raises(ArgumentError, match="seed"):
        avoid.sample(2, seed=MAX_SEED)


def test_the_penalty_is_zero_where_allowed_and_leads_back():
    avoid = LatentFilter.fit(*marks(60))
    z = draws(200, 12)
    penalty, allowed = avoid.penalty(z), avoid.allows(z)
    assert (penalty[allowed] == 0).all()
    assert (penalty[~allowed] > 0).all()
    beyond = z[~allowed].requires_grad_()
    avoid.penalty(beyond).sum().backward()
    assert (avoid.penalty(beyond.detach() - beyond.grad) < penalty[~allowed]).all()


def test_probabilities_rise_with_the_score_and_are_near_half_for_random_marks():
    avoid = LatentFilter.fit(*marks(200))
    z = draws(2000, 13)
    p = avoid.probability_bad(z)
    assert p.min() >= 0
    assert p.max() <= 1
    assert p[is_bad(z)].mean() > 0.7
    assert p[~is_bad(z)].mean() < 0.45
    clueless = LatentFilter.fit(draws(6, 14), draws(6, 15))
    assert (clueless.probability_bad(z) - 0.5).abs().mean() < 0.3


def test_few_or_random_marks_are_not_trusted():
    few = LatentFilter.fit(*marks(3))
    assert not few.trustworthy
    assert few.reason == "Not enough marks yet: 3 bad and 3 good; 5 of each are needed."
    senseless = LatentFilter.fit(draws(30, 16), draws(30, 17))
    assert not senseless.trustworthy
    assert "may be chance" in senseless.reason
    assert LatentFilter.fit(*marks(40)).reason == ""


def test_a_mark_given_twice_counts_once():
    bad, good = marks(12)
    twice = LatentFilter.fit(torch.cat([bad, bad[:5]]), torch.cat([good, good]))
    once = LatentFilter.fit(bad, good)
    assert twice.marks == once.marks == (12, 12)
    assert twice.auc == once.auc
    assert torch.equal(twice.apply(good), once.apply(good))


BAD, GOOD = marks(6)


@pytest.mark.parametrize(
    ("bad", "good", "sentence"),
    [
        (BAD[:0], GOOD, "no bad examples"),
        (BAD, GOOD[:0], "no good examples"),
        (BAD[:1], GOOD, "All bad examples are the same"),
        (BAD, GOOD[:1].repeat(5, 1), "All good examples are the same"),
        (BAD, torch.cat([GOOD, BAD[2:3]]), "marked both"),
        (BAD, BAD, "marked both"),
        (BAD * torch.nan, GOOD, "not finite"),
        (BAD, GOOD / 0, "not finite"),
        (BAD, GOOD[:, 1:], r"not \[n, 16\]"),
        (BAD[0], GOOD, "shape"),
        (torch.cat([GOOD, -GOOD]), torch.cat([2 * GOOD, -2 * GOOD]), "do not differ on average"),
    ],
)
def test_marks_that_teach_nothing_are_refused_in_one_sentence(bad, good, sentence):
    with pytest.raises(FilterError, match=sentence) as caught:
        LatentFilter.fit(bad, good)
    assert str(caught.value).count(". ") == 0
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("method", {"method": "magic"}),
        ("how", {"how": "hope"}),
        ("how", {"method": "quadratic", "how": "truncate"}),
        ("keep", {"keep": 0.01}),
        ("keep", {"keep": 1.0}),
        ("keep", {"keep": float("nan")}),
    ],
)
def test_arguments_out_of_range_are_named(name, arguments):
    with pytest.raises(ArgumentError) as caught:
        LatentFilter.fit(BAD, GOOD, **arguments)
    assert caught.value.name == name


def test_a_filter_travels_in_a_file(filters, tmp_path, generator):
    z = draws(50, 18)
    for avoid in filters.values():
        avoid.save(tmp_path / "filter.safetensors")
        found = LatentFilter.open(tmp_path / "filter.safetensors")
        assert torch.equal(found.apply(z), avoid.apply(z))
        assert torch.equal(found.probability_bad(z), avoid.probability_bad(z))
        for name in (
            "method",
            "how",
            "space",
            "model",
            "sha256",
            "marks",
            "limit",
            "strength",
            "held_out",
            "soft",
            "id",
        ):
            assert getattr(found, name) == getattr(avoid, name)
    tied = LatentFilter.fit(BAD, GOOD, space=LatentSpace(generator))
    tied.save(tmp_path / "tied.safetensors")
    assert LatentFilter.open(tmp_path / "tied.safetensors").sha256 == "0" * 64


def edited(path, header=None, **tensors):
    """Rewrites a filter's file with some contents changed."""
    with safe_open(path, framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        fields = json.loads(file.metadata()["filter"])
    changed = {name: change(kept[name]) for name, change in tensors.items()}
    save_file(kept | changed, path, metadata={"filter": json.dumps(fields | (header or {}))})


HOSTILE = {
    "NaN in a tensor": {"directions": lambda t: t * torch.nan},
    "float32": {"linear": lambda t: t.float()},
    "another rank": {"linear": lambda t: t.repeat(2)},
    "no vectors": {"directions": lambda t: t[0]},
    "not of unit length": {"directions": lambda t: 2 * t},
    "steps that go nowhere": {"steps": lambda t: 0 * t},
    "a score that never changes": {"linear": lambda t: 0 * t},
    "a score beyond all bounds": {"linear": lambda t: 1e300 * t},
    "a squared score to be truncated": {"quadratic": lambda t: t + 1},
    "an unknown sampler": {"header": {"how": "hope"}},
    "an unknown method": {"header": {"method": "magic"}},
    "an infinite limit": {"header": {"limit": float("-inf")}},
    "NaN as limit": {"header": {"limit": float("nan")}},
    "no hash": {"header": {"sha256": "../etc"}},
    "something more": {"header": {"command": "run"}},
    "shares beyond 1": {"header": {"held_out": {"auc": 2}}},
    "a soft filter that does not say how": {"header": {"how": "soft"}},
    "a hard filter that says how soft it is": {"header": {"soft": {"low": 0.0, "kept": 0.5, "divergence": 0.1}}},
    "no marks": {"header": {"marks": [0, 0]}},
    "a network without weights": {"header": {"method": "network"}},
    "a shift beyond all bounds": {"header": {"how": "shift", "strength": 1e9}},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_damaged_file_is_refused(tmp_path, what):
    path = tmp_path / "filter.safetensors"
    LatentFilter.fit(BAD, GOOD).save(path)
    edited(path, **HOSTILE[what])
    with pytest.raises(FilterError, match="This file holds no filter, or is damaged"):
        LatentFilter.open(path)


def test_a_file_that_would_refuse_everything_is_refused(tmp_path):
    path = tmp_path / "filter.safetensors"
    LatentFilter.fit(BAD, GOOD).save(path)
    edited(path, header={"limit": -1000.0})
    with pytest.raises(FilterError, match="refuse nearly everything"):
        LatentFilter.open(path)


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(data)
    with pytest.raises(FilterError):
        LatentFilter.open(path)


def test_too_large_a_file_is_not_read_and_a_missing_one_is_said_to_be(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(10**7 + 1)
    with pytest.raises(FilterError, match="too large"):
        LatentFilter.open(path)
    with pytest.raises(FileNotFoundError):
        LatentFilter.open(tmp_path / "none")


def test_a_filter_belongs_to_its_model(generator):
    avoid = LatentFilter.fit(BAD, GOOD, space=LatentSpace(generator))
    avoid.check(generator)
    with pytest.raises(FilterError, match="model tiny"):
        avoid.check(tiny(name="other"))
    with pytest.raises(FilterError, match="other weights"):
        replace(avoid, sha256="1" * 64).check(generator)
    with pytest.raises(FilterError, match="8 numbers"):
        LatentFilter.fit(BAD[:, :8], GOOD[:, :8]).check(generator)
    with pytest.raises(FilterError, match="16"):
        avoid.apply(draws(2, 0, dims=8))


@pytest.mark.parametrize("name", ["z", "w"])
@pytest.mark.parametrize("method", ["logistic", "quadratic"])
def test_a_space_draws_what_its_filter_allows(generator, name, method):
    plain = LatentSpace(generator, name)
    vectors = plain.draw(range(300))
    bad = vectors[:, 0] > vectors[:, 0].quantile(0.8)
    avoid = LatentFilter.fit(vectors[bad], vectors[~bad], method, space=plain)
    space = LatentSpace(generator, name, avoid=avoid)
    fresh = range(1000, 1400)
    before, after = plain.draw(fresh), space.draw(fresh)
    allowed = avoid.allows(before)
    assert 0.6 < allowed.float().mean() < 0.9
    assert torch.equal(after[allowed], before[allowed])
    assert avoid.allows(after).all()
    torch.testing.assert_close(space.draw([1003, 1007]), after[[3, 7]], atol=1e-5, rtol=1e-4)
    border = vectors[:, 0].quantile(0.8)
    assert (after[:, 0] > border).float().mean() < 0.6 * (before[:, 0] > border).float().mean()
    torch.testing.assert_close(space.penalty(before) - plain.penalty(before), avoid.penalty(before))


def test_a_space_takes_no_filter_of_another_space_or_model(generator):
    avoid = LatentFilter.fit(BAD, GOOD)
    with pytest.raises(ArgumentError, match="space"):
        LatentSpace(generator, "w", avoid=avoid)
    with pytest.raises(ArgumentError, match="space"):
        LatentFilter.fit(BAD, GOOD, space=LatentSpace(generator, "ws"))
    with pytest.raises(FilterError, match="LatentSpace"):
        LatentFilter.fit(BAD[:, :12], GOOD[:, :12], space=LatentSpace(generator, "w")).sample(2)
    with pytest.raises(FilterError):
        LatentSpace(generator, avoid=LatentFilter.fit(BAD[:, :8], GOOD[:, :8]))


def test_latents_are_converted_and_those_that_do_not_fit_are_named(filters):
    latents = draws(20, seed=3)
    for avoid in filters.values():
        for method in (avoid.apply, avoid.allows, avoid.penalty, avoid.probability_bad):
            assert torch.equal(method(latents.double()), method(latents))
            for wrong in (latents * torch.nan, latents[0], "latents"):
                with pytest.raises(ArgumentError, match="latents"):
                    method(wrong)


def test_examples_may_be_in_any_container():
    bad, good = marks(10)
    expected = LatentFilter.fit(bad, good)
    for filter_ in (LatentFilter.fit(bad.tolist(), good.numpy()), LatentFilter.fit(bad.double(), good)):
        assert filter_.limit == expected.limit
        assert torch.equal(filter_.discriminant.linear, expected.discriminant.linear)


def test_arguments_of_other_types_are_named():
    bad, good = marks(10)
    for arguments, error, words in (
        ((bad, "good"), FilterError, "good"),
        ((None, good), FilterError, "bad"),
        ((bad, good, good), ArgumentError, "method"),
    ):
        with pytest.raises(error, match=words):
            LatentFilter.fit(*arguments)
    for options in ({"keep": "most"}, {"keep": torch.nan}, {"keep": 1}, {"how": 3}, {"space": "z"}):
        with pytest.raises(ArgumentError, match=next(iter(options))):
            LatentFilter.fit(bad, good, **options)
    for arguments in ((-1,), (2.5,), (2, -1), (2, 2**32 - 1)):
        with pytest.raises(ArgumentError):
            LatentFilter.fit(bad, good).sample(*arguments)
