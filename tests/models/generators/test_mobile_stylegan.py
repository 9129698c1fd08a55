"""MobileStyleGAN: its own promises on a small network, and the published faces where `make faces` installed them."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.checkpoints.openvino import SHA256, installed, read
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.mobile_stylegan import HAAR, MobileStyleGAN
from tests.models.golden import Golden
from tests.models.promises import check_batches, check_edits, check_gradients

GOLDEN = Golden("mobilestylegan_ffhq")
TOLERANCE = GOLDEN.facts["tolerance"]
needs_faces = pytest.mark.skipif(installed() is None, reason="random_face is not installed: `make faces` does that.")


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    generator = MobileStyleGAN(8, (8, 8, 4), mapping_layers=2)
    for module in generator.modules():
        if hasattr(module, "noise"):
            module.noise.normal_()
        if hasattr(module, "affine"):
            torch.nn.init.normal_(module.affine.weight, std=0.3)
            torch.nn.init.ones_(module.affine.bias)
    generator.w_avg.normal_()
    return generator.requires_grad_(False)


@pytest.fixture(scope="module")
def faces():
    return read(installed()).to(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def images(faces):
    return faces.synthesize(faces.map(GOLDEN.inputs["z"])).clamp(-1, 1)


@needs_faces
def test_published_styles(faces):
    torch.testing.assert_close(faces.map(GOLDEN.inputs["z"])[:, 0], GOLDEN.outputs["w"], atol=TOLERANCE["w"], rtol=0)


@needs_faces
@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("image_crop", lambda images: images[:, :, 480:544, 480:544]),
        ("image_area256", lambda images: F.avg_pool2d(images, 4)),
    ],
)
def test_published_images(images, name, view):
    torch.testing.assert_close(view(images), GOLDEN.outputs[name].float(), atol=TOLERANCE[name], rtol=0)


@needs_faces
def test_published_styles_mix(faces):
    ws = faces.map(GOLDEN.inputs["z"])
    mixed = torch.cat([ws[1:, :8], ws[:1, 8:]], dim=1)
    image = F.avg_pool2d(faces.synthesize(mixed).clamp(-1, 1), 4)
    torch.testing.assert_close(image, GOLDEN.outputs["mixed_area256"].float(), atol=TOLERANCE["image_area256"], rtol=0)


@needs_faces
def test_published_seeds_and_sizes(faces):
    assert torch.equal(latents_from_seeds(GOLDEN.inputs["seeds"].tolist(), faces.z_dim), GOLDEN.inputs["z"])
    assert (faces.z_dim, faces.w_dim, faces.num_ws, faces.resolution) == (512, 512, 23, 1024)
    w = faces.map(latents_from_seeds(range(50), 512))[:, 0]
    # The measured mean is a centre: styles are nearer to it than to nothing.
    assert (w - faces.w_avg).square().sum() < w.square().sum()


def test_another_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"MappingNetwork\.xml .*cannot be read"):
        read(tmp_path)
    for name in SHA256:
        (tmp_path / name).write_bytes(b"<net/>")
    with pytest.raises(CheckpointError, match="sha256 differs"):
        read(tmp_path)


def test_wavelets_keep_lengths():
    torch.testing.assert_close(HAAR @ HAAR.T, torch.eye(4))


def test_the_low_band_is_the_mean_of_its_pixels(small):
    x = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    up = F.pixel_shuffle(F.conv2d(x, small.blocks[0].haar, groups=2), 2)
    torch.testing.assert_close(F.avg_pool2d(up, 2), x[:, ::4] / 2)
    # The second band is the upper row's excess over the lower, the third the left column's over the right.
    torch.testing.assert_close(F.avg_pool2d(up[:, :, 0::2], (1, 2)) - F.avg_pool2d(up[:, :, 1::2], (1, 2)), x[:, 1::4])
    torch.testing.assert_close(F.avg_pool2d(up[..., 0::2], (2, 1)) - F.avg_pool2d(up[..., 1::2], (2, 1)), x[:, 2::4])


def test_sizes(small):
    assert (small.resolution, small.num_ws, small.num_classes) == (32, 8, 0)
    ws = small.map(latents_from_seeds([1, 2], 8))
    assert ws.shape == (2, 8, 8)
    assert small.synthesize(ws).shape == (2, 3, 32, 32)


def test_an_image_does_not_depend_on_its_batch(small):
    check_batches(small, small.map(latents_from_seeds(range(5), 8), truncation=0.5))


def test_memory_order_does_not_matter(small):
    ws = small.map(latents_from_seeds([3], 8))
    usual = small.synthesize(ws)
    other = small.to(memory_format=torch.channels_last).synthesize(ws)
    small.to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(usual, other, atol=1e-5, rtol=1e-5)


def test_truncation_zero_is_the_mean_face(small):
    ws = small.map(latents_from_seeds([1, 2], 8), truncation=0.0)
    torch.testing.assert_close(ws, small.w_avg.expand_as(ws))


def test_every_row_of_ws_matters(small):
    ws = small.map(latents_from_seeds([1, 2], 8))
    plain = small.synthesize(ws[:1])
    for row in range(small.num_ws):
        mixed = ws[:1].clone()
        mixed[:, row] = ws[1:, row]
        assert not torch.allclose(small.synthesize(mixed), plain, atol=1e-4)


def test_gradients_reach_every_style(small):
    check_gradients(small, small.map(latents_from_seeds([1], 8)))


def test_the_gradient_is_right(small):
    precise = deepcopy(small).double()
    ws = precise.map(latents_from_seeds([1], 8).double()).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda ws: precise.synthesize(ws)[..., ::8, ::8], ws)


def test_activations_are_those_that_edits_get(small):
    received = check_edits(small, small.map(latents_from_seeds([1, 2], 8)))
    assert tuple(received) == ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")


@pytest.mark.parametrize("layer", ["b4.conv1", "b8.conv0", "b16.conv1"])
def test_an_edit_changes_the_image(small, layer):
    ws = small.map(latents_from_seeds([1], 8))
    assert not torch.equal(small.synthesize(ws, edits={layer: torch.zeros_like}), small.synthesize(ws))


def test_style_weights_are_how_each_row_enters(small):
    features = [8, 8, 2, 8, 8, 2, 4, 4]
    assert [tuple(small.style_weights(row).shape) for row in range(small.num_ws)] == [(n, 8) for n in features]
    # A change of w that the weights of its row do not see changes nothing.
    ws = small.map(latents_from_seeds([1], 8))
    for row in (2, 5, 6, 7):
        moved = ws.clone()
        moved[:, row] += torch.linalg.svd(small.style_weights(row)).Vh[-1]
        torch.testing.assert_close(small.synthesize(moved), small.synthesize(ws), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda g: g.map(torch.zeros(1, 9)), "z"),
        (lambda g: g.map(torch.zeros(1, 8), labels=torch.zeros(1, 3)), "labels"),
        (lambda g: g.synthesize(torch.zeros(1, 5, 8)), "ws"),
        (lambda g: g.synthesize(torch.zeros(1, 8, 8), noise="none"), "option"),
        (lambda g: g.activations(torch.zeros(1, 8, 8), "b32.conv0"), "layer"),
        (lambda g: g.style_weights(8), "layer"),
    ],
)
def test_bad_arguments_are_named(small, call, name):
    with pytest.raises(ArgumentError) as caught:
        call(small)
    assert caught.value.name == name
