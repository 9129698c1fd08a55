"""MobileStyleGAN: properties of a small network, and the published faces if `make faces` installed them."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.openvino import SHA256, installed, read
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.mobile_stylegan import HAAR
from tests.models import families
from tests.models.golden import Golden

GOLDEN = Golden("mobilestylegan_ffhq")
TOLERANCE = GOLDEN.facts["tolerance"]
needs_faces = pytest.mark.skipif(installed() is None, reason="random_face is not installed: `make faces` does that.")


@pytest.fixture(scope="module")
def small():
    return families.small("mobile_stylegan")


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
    # The measured mean is a centre: styles are nearer to it than to zero.
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
    # The second band is the upper row minus the lower, the third the left column minus the right.
    torch.testing.assert_close(F.avg_pool2d(up[:, :, 0::2], (1, 2)) - F.avg_pool2d(up[:, :, 1::2], (1, 2)), x[:, 1::4])
    torch.testing.assert_close(F.avg_pool2d(up[..., 0::2], (2, 1)) - F.avg_pool2d(up[..., 1::2], (2, 1)), x[:, 2::4])


def test_sizes(small):
    assert (small.resolution, small.num_ws, small.num_classes) == (32, 8, 0)
    ws = small.map(latents_from_seeds([1, 2], 8))
    assert ws.shape == (2, 8, 8)
    assert small.synthesize(ws).shape == (2, 3, 32, 32)


def test_the_gradient_is_right(small):
    precise = deepcopy(small).double()
    ws = precise.map(latents_from_seeds([1], 8).double()).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda ws: precise.synthesize(ws)[..., ::8, ::8], ws)


def test_style_weights_are_how_each_row_enters(small):
    features = [8, 8, 2, 8, 8, 2, 4, 4]
    assert [tuple(small.style_weights(row).shape) for row in range(small.num_ws)] == [(n, 8) for n in features]
    # A change of w outside the weights of its row changes nothing.
    ws = small.map(latents_from_seeds([1], 8))
    for row in (2, 5, 6, 7):
        moved = ws.clone()
        moved[:, row] += torch.linalg.svd(small.style_weights(row)).Vh[-1]
        torch.testing.assert_close(small.synthesize(moved), small.synthesize(ws), atol=1e-5, rtol=1e-5)
