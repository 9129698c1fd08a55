"""A StyleGAN2 that is built like a DCGAN while it learns: what it becomes is a StyleGAN2 and draws the same."""

import pytest
import torch

import spaceseed as ss
from spaceseed.models.stylegan2 import StyleGAN2
from spaceseed.training.export import export
from spaceseed.training.networks import build


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def latents(count=5, z_dim=8):
    return torch.randn(count, z_dim, generator=rng(1))


@pytest.fixture
def trained():
    """A generator that has seen a few batches, and whose weights are not those of the beginning."""
    pair = build("normalized", 16, z_dim=8, capacity=1 / 16)
    draws = rng()
    with torch.no_grad():
        for parameter in pair.generator.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=draws))
        for _ in range(60):
            pair.generate(pair.generator, torch.randn(16, 8, generator=draws), None, draws)
    return pair.generator.eval()


def draw(generator, z):
    with torch.no_grad():
        return generator.synthesize(generator.map(z))


def test_a_plain_stylegan2_draws_the_same_images(trained):
    plain = trained.plain()
    assert type(plain) is StyleGAN2
    torch.testing.assert_close(draw(plain, latents()), draw(trained, latents()), atol=1e-4, rtol=1e-4)


def test_a_plain_stylegan2_takes_the_same_styles(trained):
    """Styles mixed at any layer draw the same, but for those of the second convolutions, which do nothing."""
    plain = trained.plain()
    one, other = latents(2).split(1)
    for layer in range(1, plain.num_ws):
        images = []
        for generator in (plain, trained):
            with torch.no_grad():
                a, b = generator.map(one), generator.map(other)
                images.append(generator.synthesize(torch.cat([a[:, :layer], b[:, layer:]], dim=1)))
        torch.testing.assert_close(images[0], images[1], atol=1e-4, rtol=1e-4)


def test_a_plain_stylegan2_knows_the_mean_of_its_w(trained):
    plain = trained.plain()
    w = plain.map(latents(20_000))[:, 0]
    assert (plain.w_avg - w.mean(dim=0)).abs().max() < 0.2 * w.std()
    assert w.mean(dim=0).abs().max() > 0.2 * w.std()  # so that zeros would have been found out


def test_what_is_exported_is_read_back(trained, tmp_path):
    path = tmp_path / "plain.safetensors"
    export(trained.plain(), path, title="Plain")
    loaded = ss.load(str(path), device="cpu")
    torch.testing.assert_close(draw(loaded, latents()), draw(trained, latents()), atol=1e-4, rtol=1e-4)


def test_images_differ_from_the_beginning():
    """What it is for: of its first images' variance, more tells them apart than of a StyleGAN2's."""

    def share(network):
        pair = build(network, 16, z_dim=32, capacity=1 / 4)
        with torch.no_grad():
            images = pair.generate(pair.generator, latents(64, 32), None, rng())
        return float(images.var(dim=0).mean() / images.var())

    assert share("normalized") > 0.95
    assert share("stylegan2") < 0.75


def test_statistics_change_in_training_alone(trained):
    before = {name: buffer.clone() for name, buffer in trained.named_buffers()}
    draw(trained, latents())
    assert all(torch.equal(buffer, before[name]) for name, buffer in trained.named_buffers())
    draw(trained.train(), latents())
    assert not torch.equal(trained.whiten.mean, before["whiten.mean"])
