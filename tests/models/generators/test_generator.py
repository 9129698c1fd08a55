"""Argument checks and conversions of all generators, and a generator outside the package."""

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.generator import DirectGenerator, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)


@pytest.fixture(scope="module")
def conditional():
    torch.manual_seed(0)
    return StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2, num_classes=3).requires_grad_(False)


class Plain(DirectGenerator):
    """A user's network: no card, no layers, no parameters."""

    z_dim = w_dim = 8
    resolution = 4

    def compute_images(self, ws, tap):
        return ws[:, 0, :3, None, None].tanh().expand(-1, -1, 4, 4)


@pytest.mark.parametrize("seeds", [[5], (5,), range(5, 6), np.array([5]), torch.tensor([5]), 5, np.int64(5)])
def test_seeds_may_be_in_any_container(seeds):
    expected = np.random.RandomState(5).randn(1, 8).astype(np.float32)
    np.testing.assert_array_equal(latents_from_seeds(seeds, 8).numpy(), expected)


@pytest.mark.parametrize(
    ("seeds", "z_dim", "name"),
    [
        ("5", 8, "seed"),
        (None, 8, "seed"),
        ([0.5], 8, "seed"),
        (torch.ones(2), 8, "seed"),
        ([2**32], 8, "seed"),
        (8, [0, 1], "z_dim"),
        ([0], 0, "z_dim"),
        ([0], 8.0, "z_dim"),
    ],
)
def test_seeds_that_are_none_are_named(seeds, z_dim, name):
    with pytest.raises(ArgumentError) as caught:
        latents_from_seeds(seeds, z_dim)
    assert caught.value.name == name


@pytest.mark.parametrize(
    "convert", [torch.Tensor.double, torch.Tensor.half, torch.Tensor.long, torch.Tensor.numpy, torch.Tensor.tolist]
)
def test_latents_are_converted_to_what_the_network_computes_in(generator, convert):
    z = torch.tensor([[1.0, -2, 3, 0, 0, 1, 2, -1]])
    ws = generator.map(convert(z), truncation=0.5)
    assert ws.dtype == torch.float32
    assert torch.equal(ws, generator.map(z, truncation=0.5))
    assert torch.equal(generator.synthesize(ws.double()), generator.synthesize(ws))
    assert torch.equal(generator.activations(ws.double(), "b8.conv1"), generator.activations(ws, "b8.conv1"))


def test_gradients_flow_through_conversions(generator):
    z = torch.randn(2, 8, dtype=torch.float64, requires_grad=True)
    generator.synthesize(generator.map(z, truncation=0.7)).sum().backward()
    assert z.grad is not None
    assert (z.grad != 0).any(dim=1).all()


def test_half_precision_under_autocast_still_works(generator):
    with torch.autocast("cpu", torch.bfloat16):
        ws = generator.map(torch.randn(2, 8))
        assert ws.dtype == torch.bfloat16
        assert generator.synthesize(ws).isfinite().all()


NAN = torch.full((1, 8), torch.nan)
WS = torch.zeros(1, 4, 6)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda G: G.map(NAN), "z"),
        (lambda G: G.map(NAN.nan_to_num(torch.inf)), "z"),
        (lambda G: G.map("text"), "z"),
        (lambda G: G.map(torch.zeros(8)), "z"),
        (lambda G: G.map(torch.zeros(1, 8, dtype=torch.complex64)), "z"),
        (lambda G: G.map(torch.zeros(1, 8), truncation=torch.nan), "truncation"),
        (lambda G: G.map(torch.zeros(1, 8), truncation="0.7"), "truncation"),
        (lambda G: G.map(torch.zeros(1, 8), truncation=1e39), "truncation"),
        (lambda G: G.map(torch.zeros(1, 8), truncation_cutoff=1.5), "truncation_cutoff"),
        (lambda G: G.map(torch.zeros(1, 8), truncation_cutoff=-1), "truncation_cutoff"),
        (lambda G: G.map(torch.zeros(1, 8), torch.zeros(1, 3)), "labels"),
        (lambda G: G.truncate(WS * torch.nan, 0.5), "ws"),
        (lambda G: G.truncate(WS[:, :3], 0.5), "ws"),
        (lambda G: G.truncate(WS, torch.inf), "truncation"),
        (lambda G: G.synthesize(WS * torch.nan), "ws"),
        (lambda G: G.synthesize(WS[0]), "ws"),
        (lambda G: G.synthesize(WS, edits={"b9": lambda x: x}), "layer"),
        (lambda G: G.synthesize(WS, edits=[lambda x: x]), "edits"),
        (lambda G: G.synthesize(WS, edits={"b8.conv1": 0.5}), "edits['b8.conv1']"),
        (lambda G: G.synthesize(WS, edits={"b8.conv1": lambda x: None}), "edits['b8.conv1'](x)"),
        (lambda G: G.synthesize(WS, edits={"b8.conv1": lambda x: x[:, :1]}), "edits['b8.conv1'](x)"),
        (lambda G: G.synthesize(WS, edits={"b8.conv1": lambda x: x / 0}), "edits['b8.conv1'](x)"),
        (lambda G: G.activations(WS * torch.nan, "b8.conv1"), "ws"),
        (lambda G: G.activations(WS, 0), "layer"),
        (lambda G: G.style_weights(4), "layer"),
        (lambda G: G.style_weights("b8"), "layer"),
    ],
)
def test_faults_are_named(generator, call, name):
    with pytest.raises(ArgumentError) as caught:
        call(generator)
    assert caught.value.name == name
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("labels", [None, torch.zeros(3), torch.zeros(2, 3), torch.full((1, 3), torch.nan)])
def test_unfit_labels_are_named(conditional, labels):
    with pytest.raises(ArgumentError) as caught:
        conditional.map(torch.zeros(1, 8), labels)
    assert caught.value.name == "labels"
    assert conditional.map(torch.zeros(1, 8), [[0, 1, 0]]).shape == (1, 4, 6)


def test_all_families_check_truncation():
    torch.manual_seed(0)
    for other in (BigGAN(6, 4, 3, [16, 8], [True], eps=1e-4), Plain()):
        ws = torch.zeros(1, other.num_ws, other.w_dim)
        assert torch.equal(other.truncate(ws, 0.5), ws)
        with pytest.raises(ArgumentError, match="truncation"):
            other.truncate(ws, torch.nan)


def test_a_users_generator_needs_few_methods():
    plain = Plain()
    ws = plain.map(latents_from_seeds([0, 1], 8), truncation=0.7)
    assert ws.shape == (2, 1, 8)
    assert plain.synthesize(ws).shape == (2, 3, 4, 4)
    with pytest.raises(ArgumentError, match="style_weights"):
        plain.style_weights(0)
    with pytest.raises(ArgumentError, match="left out, because this family has no layers"):
        plain.activations(ws, "conv")


def test_images_of_another_shape_are_named():
    class Wrong(Plain):
        def compute_images(self, ws, tap):
            return super().compute_images(ws, tap).permute(0, 2, 3, 1)

    with pytest.raises(ArgumentError, match=r"images = \(2, 4, 4, 3\) .* of shape \[2, 3, H, W\]"):
        Wrong().synthesize(torch.zeros(2, 1, 8))
