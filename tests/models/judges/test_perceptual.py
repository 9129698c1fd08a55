"""Perceptual distances: the numbers of the published code, and what a distance must be."""

import pytest
import torch
from safetensors.torch import save
from torch.nn import functional as F

from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.judges import perceptual
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.judges.perceptual import LPIPS_TAPS, LayeredDistance, load_distance, vgg16

# Distances by the published code, of noise and of the same noise blurred: stlpips_pytorch 0.0.2; and lpips 0.1.4 with
# the weights of `random_vgg`.
SHIFT_TOLERANT = {
    64: (0.0981844142, 0.0971663445),
    100: (0.0461961851, 0.0455648266),
    256: (0.0205631386, 0.0211684722),
}
LPIPS_OF_RANDOM_VGG = {64: (0.1476247609, 0.1477868557), 96: (0.1477474719, 0.1467875987)}


def noise_and_blurred(side):
    noise = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side)) * 2 - 1
    return noise, F.avg_pool2d(noise, 3, 1, 1)


@torch.no_grad()
def random_vgg():
    """VGG16 with weights from a seed."""
    network, rng = vgg16(), torch.Generator().manual_seed(0)
    for weight in network.parameters():
        if weight.ndim > 1:
            weight.copy_(torch.randn(weight.shape, generator=rng) * (2 / weight[0].numel()) ** 0.5)
        else:
            weight.zero_()
    return network


@pytest.fixture(scope="module", params=["shift-tolerant", "avatars"])
def distance(request):
    return load_distance(request.param)


@pytest.mark.parametrize("side", SHIFT_TOLERANT)
def test_shift_tolerant_lpips_gives_the_published_numbers(side):
    found = load_distance("shift-tolerant")(*noise_and_blurred(side))
    torch.testing.assert_close(found, torch.tensor(SHIFT_TOLERANT[side]), rtol=2e-3, atol=1e-6)  # half precision


@pytest.mark.parametrize("side", LPIPS_OF_RANDOM_VGG)
def test_lpips_gives_the_published_numbers(side, monkeypatch, tmp_path):
    weights = {f"features.{name}": tensor for name, tensor in random_vgg().state_dict().items()}
    path = tmp_path / "model.safetensors"
    path.write_bytes(save(weights | {"head.fc.weight": torch.zeros(4, 4)}))
    monkeypatch.setattr(perceptual, "fetch", lambda *_, **__: (path, ""))
    found = load_distance("lpips-vgg")(*noise_and_blurred(side))
    torch.testing.assert_close(found, torch.tensor(LPIPS_OF_RANDOM_VGG[side]), rtol=1e-3, atol=1e-5)


def test_image2stylegan_compares_plain_activations(monkeypatch, tmp_path):
    network = random_vgg()
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({f"features.{name}": tensor for name, tensor in network.state_dict().items()}))
    monkeypatch.setattr(perceptual, "fetch", lambda *_, **__: (path, ""))
    one, other = noise_and_blurred(64)
    plain = load_distance("vgg")
    total = 0.0
    for layer in (1, 3, 13, 20):
        a, b = (network[: layer + 1]((images - plain.shift) / plain.scale) for images in (one, other))
        total = total + (a - b).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(plain(one, other), total.detach(), rtol=1e-4, atol=1e-5)


def test_a_file_that_is_not_vgg_is_refused(monkeypatch, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"features.0.weight": torch.zeros(2)}))
    monkeypatch.setattr(perceptual, "fetch", lambda *_, **__: (path, ""))
    with pytest.raises(CheckpointError, match="VGG16"):
        load_distance("vgg")


def test_equal_images_have_no_distance_and_others_have(distance):
    one, other = noise_and_blurred(64)
    assert distance(one, one).tolist() == [0, 0]
    assert (distance(one, other) > 0.01).all()
    torch.testing.assert_close(distance(one, other), distance(other, one))


@pytest.mark.parametrize("side", [1, 8, 32, 64, 300])
def test_images_of_any_size_are_compared_and_alone_as_in_a_batch(distance, side):
    one, other = noise_and_blurred(side)
    together = distance(one, other)
    alone = torch.cat([distance(a[None], b[None]) for a, b in zip(one, other, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


def test_gradients_are_finite_even_for_one_colour(distance):
    image = torch.zeros(1, 3, 64, 64, requires_grad=True)
    distance(image, noise_and_blurred(64)[0][:1]).sum().backward()
    assert image.grad.isfinite().all()
    assert image.grad.abs().sum() > 0


def test_only_what_the_mask_shows_counts(distance):
    one, _ = noise_and_blurred(64)
    other = one.clone()
    other[..., 32:] = 0
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :16] = 1
    assert float(distance(one, other, mask).max()) < 0.05 * float(distance(one, other).min())
    mask[..., 48:] = 1
    assert (distance(one, other, mask) > 0.5 * distance(one, other)).all()


@pytest.mark.parametrize("images", [torch.zeros(2, 3), torch.zeros(2, 1, 8, 8), torch.full((1, 3, 8, 8), torch.nan)])
def test_what_is_no_image_is_refused(distance, images):
    with pytest.raises(ArgumentError, match="images"):
        distance(images, images)


def test_unknown_names_are_named():
    with pytest.raises(ArgumentError, match="shift-tolerant"):
        load_distance("ssim")


def test_without_the_hub_one_sentence_says_so(monkeypatch):
    def fail(*_, **__):
        raise DownloadError("model.safetensors of timm/vgg16.tv_in1k cannot be downloaded: no network.")

    monkeypatch.setattr(perceptual, "fetch", fail)
    with pytest.raises(DownloadError, match="cannot be downloaded"):
        load_distance("lpips-vgg")


def test_it_is_frozen(distance):
    assert not distance.training
    assert not any(parameter.requires_grad for parameter in distance.parameters())
    assert isinstance(distance, LayeredDistance)
    assert max(LPIPS_TAPS) == 29


def test_the_judges_stages_are_those_that_its_embedding_is_made_of():
    judge, distance = load_judge(), load_distance("avatars")
    images = noise_and_blurred(64)[0]
    maps = distance.embed(images)
    assert [tuple(m.shape[1:]) for m in maps] == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]
    last = distance.network(images)
    pooled = F.normalize(judge.model.visual.attnpool(last), dim=1)
    torch.testing.assert_close(pooled, judge.embed_images(images), rtol=1e-4, atol=1e-5)
    lengths = sum(m.square().sum(dim=1).mean() for m in maps)  # each stage has length 1, and a quarter of the weight
    assert float(lengths) == pytest.approx(1, abs=1e-3)
