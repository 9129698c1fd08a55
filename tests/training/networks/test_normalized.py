"""A StyleGAN2 that is built like a DCGAN in training. It becomes a StyleGAN2 that draws the same images."""

import pytest
import torch

import spaceseed as ss
from spaceseed.mixing.styles import style_groups
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.networks.normalized import NormalizedStyleGAN2, standing
from spaceseed.training.networks.pairs import build
from tests.training.networks.conftest import after_a_few_batches, draw, rng


def latents(count=5, z_dim=8):
    return torch.randn(count, z_dim, generator=rng(1))


@pytest.fixture
def trained():
    return after_a_few_batches("normalized")


def test_a_plain_stylegan2_draws_the_same_images(trained):
    plain = trained.plain()
    assert type(plain) is StyleGAN2
    torch.testing.assert_close(draw(plain, latents()), draw(trained, latents()), atol=1e-4, rtol=1e-4)


def test_a_plain_stylegan2_is_the_same_every_time(trained):
    before = torch.random.get_rng_state()
    once, again = trained.plain().state_dict(), trained.plain().state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in once.items())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_plain_stylegan2_takes_the_same_styles(trained):
    """Styles mixed at any layer draw the same, except at the second convolutions, which have no effect."""
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
    assert w.mean(dim=0).abs().max() > 0.2 * w.std()  # so that zeros would fail the test


def test_what_is_exported_is_read_back(trained, tmp_path):
    path = tmp_path / "plain.safetensors"
    save_generator(trained.plain(), path, title="Plain")
    loaded = ss.load(str(path), device="cpu")
    torch.testing.assert_close(draw(loaded, latents()), draw(trained, latents()), atol=1e-4, rtol=1e-4)


def test_images_differ_from_the_beginning():
    """The purpose: a larger share of the variance of initial images is between images than in a StyleGAN2."""

    def share(network):
        shares = []
        for seed in range(4):
            pair = build(network, 16, z_dim=32, capacity=1 / 4, seed=seed)
            with torch.no_grad():
                images = pair.generate(pair.generator, latents(64, 32), None, rng())
            shares.append(float(images.var(dim=0).mean() / images.var()))
        return sum(shares) / len(shares)

    assert share("normalized") > 0.85
    assert share("stylegan2") < 0.65


def test_statistics_change_in_training_alone(trained):
    before = {name: buffer.clone() for name, buffer in trained.named_buffers()}
    draw(trained, latents())
    assert all(torch.equal(buffer, before[name]) for name, buffer in trained.named_buffers())
    draw(trained.train(), latents())
    assert not torch.equal(trained.whiten.mean, before["whiten.mean"])


def test_what_is_finished_normalises_its_own_images(trained):
    """Averaged weights have other statistics. The finished generator has its own, and the average is not changed."""
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.mul_(1.5)
    before = {name: buffer.clone() for name, buffer in trained.named_buffers()}
    finished = standing(trained)
    assert not finished.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in trained.named_buffers())
    z = latents(3000)
    with torch.no_grad():
        whitened = finished.map(z)[:, 0]
        assert whitened.mean(dim=0).abs().max() < 0.1
        torch.testing.assert_close(whitened.var(dim=0), torch.ones(32), atol=0.15, rtol=0)
        assert (trained.map(z)[:, 0].var(dim=0) - 1).abs().max() > 0.5  # otherwise the test would be trivial
    pair = build("normalized", 16, z_dim=8, capacity=1 / 16)
    exported = pair.finished(pair.standing(trained))
    torch.testing.assert_close(draw(exported, z[:5]), draw(finished, z[:5]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("resolution", "size"), [(64, 250), (256, 16)])
def test_statistics_take_no_more_memory_for_larger_images(resolution, size, monkeypatch):
    sizes = []

    def synthesize(self, ws, **options):
        sizes.append(len(ws))

    monkeypatch.setattr(NormalizedStyleGAN2, "synthesize", synthesize)
    standing(build("normalized", resolution, z_dim=8, capacity=1 / 64).generator)
    assert set(sizes) == {size}
    assert sum(sizes) == 2000


def test_each_group_of_styles_sees_its_own_part_of_w(trained):
    """So whole groups can be mixed: none depends on the part of another."""
    plain = trained.plain()
    seen = []
    for layers in style_groups(plain).values():
        weights = torch.cat([plain.style_weights(layer) for layer in layers])
        seen.append({int(i) for i in weights.abs().sum(dim=0).nonzero()})
    assert [len(part) for part in seen] == [20, 8, 4]
    assert set.union(*seen) == set(range(32))


@pytest.mark.parametrize("count", [2, 7, 8])
def test_the_last_of_a_batch_take_their_coarse_styles_from_the_first(trained, count):
    pair = build("normalized", 16, z_dim=8, capacity=1 / 16)
    coarse, pairs = len(style_groups(trained)["coarse"]), count // 4
    with torch.no_grad():
        images = pair.generate(trained, latents(count), None, rng())
        ws = trained.map(latents(count))
        ws[count - pairs :, :coarse] = ws[:pairs, :coarse]
        torch.testing.assert_close(images, trained.synthesize(ws))


def test_images_that_differ_only_by_coarse_styles_are_penalised():
    pair = build("normalized", 64, z_dim=8, capacity=1 / 16)
    first, *others, last = torch.randn(4, 2, 3, 64, 64, generator=rng())
    texture = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(32, 32)
    most = pytest.approx(pair.price * pair.later, abs=1e-6)
    assert pair.penalty(torch.cat([first, *others, first])) == most
    assert pair.penalty(torch.cat([first, *others, first + texture])) == most
    assert pair.penalty(torch.cat([first, *others, last])) == 0
    assert pair.penalty(first) == 0  # too few images


def test_later_styles_are_learned_with_the_penalty():
    pair = build("normalized", 16, z_dim=8, capacity=1 / 4)
    with torch.no_grad():
        for name, parameter in pair.generator.named_parameters():
            if "styles" in name:
                parameter.mul_(0.01 if name.endswith("weight") else 1)
    adam = torch.optim.Adam(pair.generator.parameters(), lr=1e-2)
    paid = []
    for _ in range(30):
        loss = pair.penalty(pair.generate(pair.generator, latents(16), None, rng()))
        adam.zero_grad()
        loss.backward()
        adam.step()
        paid.append(loss.item())
    assert paid[0] > 0.5
    assert paid[-1] < 0.1


def test_other_networks_have_no_penalty():
    assert build("dcgan", 16, z_dim=8, capacity=1 / 16).penalty(torch.zeros(4, 3, 16, 16)) == 0
