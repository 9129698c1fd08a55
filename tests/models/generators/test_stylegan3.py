"""StyleGAN3, compared with NVIDIA's output for a small network, the design of its filters, and its own properties.

Images of both configurations are compared in checkpoints/test_nvidia.py, where their pickles are read.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.generators import alias_free
from spaceseed.models.generators.alias_free import design_lowpass, filtered_leaky_relu
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.stylegan3 import StyleGAN3
from tests.models import families
from tests.models.golden import DATA


@pytest.fixture(scope="module", params=["stylegan3 T", "stylegan3 R"])
def small(request):
    return families.small(request.param)


@pytest.fixture(scope="module")
def ws(small):
    return small.map(latents_from_seeds(range(3), 8))


@pytest.fixture(scope="module")
def state():
    return torch.load(DATA / "nv_sg3_r" / "g_ema_state_dict.pt", weights_only=True)


def test_designed_filters_and_sizes_are_the_published_ones(state):
    """The official network's buffers equal our design for the same sizes."""
    mine = StyleGAN3.designed(32, radial=True, z_dim=24, w_dim=32, channel_base=768, channel_max=32).state_dict()
    assert {name: tensor.shape for name, tensor in mine.items()} == {n: tensor.shape for n, tensor in state.items()}
    for name in mine:
        if name.endswith("_filter"):
            torch.testing.assert_close(mine[name], state[name], rtol=1e-6, atol=1e-7)


@given(
    taps=st.sampled_from([12, 24]),
    cutoff=st.floats(1, 16),
    half_width=st.floats(1, 16),
    radial=st.booleans(),
)
def test_a_lowpass_keeps_the_mean_and_favours_no_side(taps, cutoff, half_width, radial):
    kernel = design_lowpass(taps, cutoff, half_width, 64.0, radial=radial)
    assert kernel.shape == (taps,) * (2 if radial else 1)
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(kernel, kernel.flip(list(range(kernel.ndim))))


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(("up", "crop"), [(2, 2), (4, 5)])
def test_the_filtered_leaky_relu_is_its_definition(radial, up, crop):
    """Zeros between samples, then a two-dimensional convolution, as the paper defines it."""
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(2, 40, 9, 9, generator=draw)
    up_filter = torch.randn(6 * up, generator=draw)
    down_filter = torch.randn(*[12] * (2 if radial else 1), generator=draw)
    fine = torch.zeros(2, 40, 9 * up, 9 * up)
    fine[:, :, ::up, ::up] = x
    kernel = torch.outer(up_filter, up_filter).flip(0, 1) * up**2
    edge = 6 * up - 1
    # The transposed convolution does not return the zeros after the last sample.
    fine = F.pad(fine, [edge - crop, edge - crop - up + 1] * 2)
    fine = F.conv2d(fine, kernel.expand(40, 1, -1, -1), groups=40)
    fine = (F.leaky_relu(fine, 0.2) * math.sqrt(2)).clamp(-3, 3)
    kernel = (down_filter if radial else torch.outer(down_filter, down_filter)).flip(0, 1)
    wanted = F.conv2d(fine, kernel.expand(40, 1, -1, -1), stride=2, groups=40)
    mine = filtered_leaky_relu(x, up_filter, down_filter, up=up, down=2, crop=crop, clamp=3.0)
    torch.testing.assert_close(mine, wanted, rtol=1e-4, atol=1e-3)


def test_grouping_channels_changes_nothing(monkeypatch, small, ws):
    whole = small.synthesize(ws)
    monkeypatch.setattr(alias_free, "_GROUP_ELEMENTS", 1)
    monkeypatch.setattr(alias_free, "_GROUP_CHANNELS", 2)
    torch.testing.assert_close(small.synthesize(ws), whole, rtol=1e-5, atol=1e-5)


def test_style_weights_belong_to_their_row(small, ws):
    """A change of a style outside the weights of its row leaves the image unchanged."""
    image = small.synthesize(ws[:1])
    for layer in range(small.num_ws):
        weights = small.style_weights(layer)
        assert weights.shape[1] == small.w_dim
        kernel = torch.linalg.svd(weights, full_matrices=True).Vh[len(weights) :]
        if len(kernel):
            moved = ws[:1].clone()
            moved[:, layer] += 3 * kernel[0]
            torch.testing.assert_close(small.synthesize(moved), image, rtol=1e-4, atol=1e-4)
    with pytest.raises(ArgumentError, match="layer"):
        small.style_weights(small.num_ws)


def shifted(across, down):
    return torch.tensor([[1.0, 0.0, across], [0.0, 1.0, down], [0.0, 0.0, 1.0]])


def test_a_shift_by_whole_samples_moves_the_input(small, ws):
    """To the right and down by a quarter of the image, which is 4 of the input's 16 samples."""
    still = small.activations(ws, "input", transform=torch.eye(3))
    moved = small.activations(ws, "input", transform=shifted(0.25, 0.25))
    torch.testing.assert_close(moved[:, :, 4:, 4:], still[:, :, :-4, :-4], rtol=1e-4, atol=1e-4)


def test_every_image_may_move_by_itself(small, ws):
    transforms = torch.stack([shifted(0.0, 0.1), shifted(0.3, 0.0), torch.eye(3)])
    alone = [small.synthesize(row[None], transform=motion) for row, motion in zip(ws, transforms, strict=True)]
    together = small.synthesize(ws, transform=transforms)
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)


def test_the_stored_pose_is_the_default(small, ws):
    stored = small.synthesis["input"].transform
    try:
        stored.copy_(torch.linalg.inv(shifted(0.1, -0.2)))
        torch.testing.assert_close(small.synthesize(ws), small.synthesize(ws, transform=shifted(0.1, -0.2)))
    finally:
        stored.copy_(torch.eye(3))


@pytest.mark.parametrize(
    "transform",
    [torch.eye(2), torch.eye(3).expand(2, 3, 3), torch.zeros(3, 3), torch.full((3, 3), math.nan), "left"],
    ids=["2x2", "two of three", "singular", "nan", "text"],
)
def test_bad_transforms_are_named(small, ws, transform):
    with pytest.raises(ArgumentError) as caught:
        small.synthesize(ws, transform=transform)
    assert caught.value.name == "transform"


def renamed(state, old, new):
    return {name.replace(old, new): tensor for name, tensor in state.items()}


def changed(state, name, tensor):
    return {**state, name: tensor}


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: renamed(state, "L0_36_32", "L0_9999_32"),
        lambda state: renamed(state, "L5_52_32", "L5_53_32"),
        lambda state: renamed(state, "L5_52_32", "L15_52_32"),
        lambda state: renamed(state, "L14_32_3", "L14_32_4"),
        lambda state: renamed(state, "L14_32_3", "L14_40_3"),
        lambda state: renamed(state, "synthesis.L", "synthesis.M"),
        lambda state: changed(state, "synthesis.L3_36_32.up_filter", torch.zeros(1000)),
        lambda state: changed(state, "synthesis.L3_36_32.down_filter", torch.zeros(12, 11)),
        lambda state: changed(state, "synthesis.L3_36_32.down_filter", torch.zeros(2, 2, 2)),
        lambda state: changed(state, "synthesis.L3_36_32.weight", torch.zeros(32, 31, 1, 1)),
        lambda state: changed(state, "synthesis.L3_36_32.weight", torch.zeros(32, 32, 1, 2)),
        lambda state: changed(state, "synthesis.input.freqs", torch.zeros(31, 2)),
        lambda state: {name: tensor for name, tensor in state.items() if not name.endswith("L9_52_32.bias")},
        lambda state: {name: tensor for name, tensor in state.items() if "up_filter" not in name},
    ],
)
def test_damaged_shapes_are_refused(state, damage):
    with pytest.raises(CheckpointError):
        StyleGAN3.like(damage(state))
