"""BigGAN-deep, compared with the official output for a small random network, and its own properties."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, truncnorm

from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints.biggan import build
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.generators.biggan import BigGAN, truncated_normal
from spaceseed.models.generators.generator import latents_from_seeds
from tests.models import families
from tests.models.golden import Golden

GOLDEN = Golden("hf_biggan_deep")
IMAGES = {
    "image_t10": 1.0,
    "image_t04": 0.4,
    "image_t025": 0.25,
    "image_t0405": 0.405,
    "image_t058": 0.58,
    "image_t002": 0.02,
}


@pytest.fixture(scope="module")
def official():
    path = GOLDEN.folder / "pytorch_model.bin"
    return build(read_container(path), path).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def small():
    return families.small("biggan")


@pytest.fixture(scope="module")
def ws(small):
    return small.map(latents_from_seeds([1, 2], 6), torch.eye(3)[:2])


def joined(generator, latents, labels):
    """Returns rows of ws for latents without `truncated_normal`, because the official inputs are truncated already."""
    return torch.cat([latents, generator.embeddings(labels)], dim=1)


def drawn(name, generator, inputs):
    labels = inputs["class_vector"]
    w = joined(generator, inputs["z"], labels)[:, None].repeat(1, generator.num_ws, 1)
    per_layer = joined(generator, inputs["z_layers"], labels[:1].expand(len(inputs["z_layers"]), -1))[None]
    if name in IMAGES:
        return generator.synthesize(w, truncation=IMAGES[name])
    return {
        "embed": lambda: generator.map(inputs["z"], labels)[:, 0, generator.z_dim :],
        "gen_z": lambda: generator.activations(w, "gen_z").permute(0, 2, 3, 1).flatten(1),
        "image_layerwise_z_t04": lambda: generator.synthesize(per_layer, truncation=0.4),
        "noise_t10_seed3": lambda: latents_like_the_official(generator, seed=3, truncation=1.0),
        "noise_t04_seed7": lambda: latents_like_the_official(generator, seed=7, truncation=0.4),
    }[name]()


def latents_like_the_official(generator, seed, truncation):
    """Returns z at the same quantiles as the official truncated latents."""
    uniform = np.random.RandomState(seed).uniform(size=(2, generator.z_dim))
    ws = generator.map(torch.from_numpy(norm.ppf(uniform)).float(), torch.zeros(2, 10), truncation=truncation)
    return ws[:, 0, : generator.z_dim]


@pytest.mark.parametrize("name", GOLDEN.facts["outputs"])
def test_official_numbers(official, name):
    GOLDEN.check(name, drawn(name, official, GOLDEN.inputs))


def test_sizes_come_from_the_tensors(official):
    config = GOLDEN.facts["hyper_parameters"]["config"]
    assert (official.z_dim, official.w_dim) == (config["z_dim"], config["z_dim"] + config["class_embed_dim"])
    assert (official.num_classes, official.resolution) == (config["num_classes"], config["output_dim"])
    assert official.num_ws == len(official.layers) == 1 + GOLDEN.facts["hyper_parameters"]["n_gen_blocks"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_the_truncated_normal_keeps_order_and_bounds(numbers):
    z = torch.tensor(sorted(numbers), dtype=torch.float64)
    x = truncated_normal(z)
    assert bool((x.abs() <= 2).all())
    assert bool((x.diff() >= 0).all())
    torch.testing.assert_close(truncated_normal(-z), -x, atol=1e-12, rtol=0)


@given(st.floats(-6, 6))
def test_the_truncated_normal_is_scipys(number):
    expected = truncnorm.ppf(norm.cdf(number), -2, 2)
    assert truncated_normal(torch.tensor(number, dtype=torch.float64)).item() == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_a_seed_gives_the_same_styles_in_any_batch(small, seed):
    labels = torch.eye(3)[:1]
    alone = small.map(latents_from_seeds([seed], 6), labels)
    company = small.map(latents_from_seeds([seed, 5], 6), labels.expand(2, -1))
    torch.testing.assert_close(alone, company[:1])
    assert bool((alone[..., :6].abs() < 2).all())


def test_truncation_scales_z_and_leaves_the_class(small, ws):
    torch.testing.assert_close(small.truncate(ws, 0.3)[..., :6], 0.3 * ws[..., :6])
    assert torch.equal(small.truncate(ws, 0.3)[..., 6:], ws[..., 6:])
    assert torch.equal(small.truncate(ws, 0.3, 2)[:, 2:], ws[:, 2:])
    assert torch.equal(small.truncate(ws, 0.3, 2)[:, :2], small.truncate(ws, 0.3)[:, :2])


def test_a_mix_of_classes_lies_between_them(small):
    z = latents_from_seeds([1], 6).expand(3, -1)
    ws = small.map(z, torch.tensor([[1.0, 0, 0], [0, 1, 0], [0.25, 0.75, 0]]))
    torch.testing.assert_close(ws[2], 0.25 * ws[0] + 0.75 * ws[1])


def test_the_centre_is_zero_for_z_and_the_mean_of_all_classes(small):
    every = small.map(latents_from_seeds([1], 6), torch.full((1, 3), 1 / 3), truncation=0.0)
    torch.testing.assert_close(every, small.w_avg.expand_as(every))


@pytest.mark.parametrize(("beyond", "nearest"), [(-0.5, 0), (0, 0.0), (1, 1.0), (7.5, 1)])
def test_statistics_beyond_those_stored_are_the_nearest(small, ws, beyond, nearest):
    assert torch.equal(small.synthesize(ws, truncation=beyond), small.synthesize(ws, truncation=nearest))


@pytest.mark.parametrize("truncation", [0.0, 0.5, 1.0])
def test_rounding_does_not_overrun_the_statistics(truncation):
    x = torch.ones(1, 4, 1, 1)
    for num_stats in range(2, 120):
        synthesis = BigGAN(2, 2, 1, [4], [], num_stats=num_stats).synthesis
        synthesis.bn.running_means += torch.linspace(0, 1, num_stats)[:, None]
        mixed = 1 - synthesis.bn(x, synthesis.position(truncation)).mean().item()
        assert mixed == pytest.approx(truncation, abs=1 / (num_stats - 1) + 1e-3)


def test_gradients_reach_latent_and_labels(small):
    z, labels = latents_from_seeds([1], 6).requires_grad_(True), torch.eye(3)[:1].requires_grad_(True)
    small.map(z, labels).square().sum().backward()
    assert bool((z.grad != 0).all())
    assert bool((labels.grad != 0).all())


def test_activations_have_the_sizes_of_their_blocks(small, ws):
    assert {layer: tuple(small.activations(ws, layer).shape[1:]) for layer in small.layers} == {
        "gen_z": (16, 4, 4),
        "block0": (16, 8, 8),
        "block1": (8, 16, 16),
    }


def test_style_weights_are_how_each_row_enters(small, ws):
    # Two for every channel of a block's four norms.
    assert [tuple(small.style_weights(row).shape) for row in range(3)] == [(256, 10), (56, 10), (56, 10)]
    w = ws[:1, 0]
    before = small.synthesis.gen_z(w)
    change = torch.randn(1, 10, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(small.synthesis.gen_z(w + change) - before, change @ small.style_weights(0).T)
    gain = small.synthesis.layers[0].bn_0.scale
    torch.testing.assert_close(gain(w + change) - gain(w), change @ small.style_weights(1)[:16].T)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda g: g.synthesize(torch.zeros(1, 3, 10), truncation=float("nan")), "truncation"),
        (lambda g: g.synthesize(torch.zeros(1, 3, 10), truncation="0.4"), "truncation"),
        (lambda g: g.activations(torch.zeros(1, 3, 10), "attention"), "layer"),
    ],
)
def test_bad_arguments_of_its_own_are_named(small, call, name):
    with pytest.raises(ArgumentError) as caught:
        call(small)
    assert caught.value.name == name
