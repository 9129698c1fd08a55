"""Progressive growing: images change continuously, weights are kept, and the result is a plain PGGAN."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.training.networks.pairs import build


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pair():
    """A pair whose weights are not the initial ones."""
    pair = build("pggan", 8, z_dim=6, capacity=1 / 32, seed=0)
    draw = rng()
    with torch.no_grad():
        for parameter in (*pair.generator.parameters(), *pair.discriminator.parameters()):
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=draw))
    return pair


def double(images):
    return F.interpolate(images, scale_factor=2.0, mode="nearest")


def images_of(pair, generator=None, count=4):
    generator = generator or pair.generator
    return pair.generate(generator, torch.randn(count, 6, generator=rng(1)), None, rng())


def test_a_new_resolution_changes_nothing_at_first(pair):
    larger = pair.grown(16)
    small = images_of(pair)
    assert larger.fade == 0
    torch.testing.assert_close(images_of(larger), double(small))
    torch.testing.assert_close(larger.discriminator(double(small)).logits, pair.discriminator(small).logits)


def test_fading_blends_old_and_new_on_both_sides(pair):
    larger = pair.grown(16)
    images, outputs = {}, {}
    look = torch.randn(4, 3, 16, 16, generator=rng(2))
    read = {}
    larger.discriminator.conv.register_forward_pre_hook(lambda _, inputs: read.setdefault(larger.fade, inputs[0]))
    shallow = copy.deepcopy(larger.discriminator)
    for fade in (0.0, 0.25, 1.0):
        larger.fade = fade
        images[fade], outputs[fade] = images_of(larger), larger.discriminator(look).logits
    torch.testing.assert_close(images[0.25], 0.75 * images[0.0] + 0.25 * images[1.0])
    assert not torch.allclose(images[0.0], images[1.0])
    assert not torch.allclose(outputs[0.0], outputs[1.0])
    old = shallow._read(8, F.avg_pool2d(look, 2))
    new = shallow._block(16)(shallow._read(16, look))
    shallow.fade = torch.tensor(0.25)
    expected = shallow._block(8)(0.75 * old + 0.25 * new)
    torch.testing.assert_close(read[0.25][:, :-1], expected)


def test_a_faded_generator_is_a_plain_pggan(pair):
    larger = pair.grown(16)
    larger.fade = 1.0
    plain = larger.finished(larger.generator)
    assert type(plain) is PGGAN
    z = torch.randn(3, 6, generator=rng(1))
    assert torch.equal(plain.synthesize(plain.map(z)), larger.generate(larger.generator, z, None, rng()))
    assert plain.state_dict().keys() < larger.generator.state_dict().keys()


def test_what_is_finished_while_fading_lacks_the_new_resolution(pair):
    larger = pair.grown(16)
    larger.fade = 0.5
    finished = larger.finished(larger.generator)
    assert type(finished) is PGGAN
    z = torch.randn(4, 6, generator=rng(1))
    assert torch.equal(finished.synthesize(finished.map(z)), images_of(pair))


def test_the_resolution_below_is_not_trained_once_faded(pair):
    larger = pair.grown(16)
    for fade, moves in ((0.5, True), (1.0, False)):
        larger.fade = fade
        larger.generator.zero_grad()
        images_of(larger).square().sum().backward()
        assert bool(larger.generator.torgb_below.weight.grad.any()) == moves
        assert larger.generator.torgb.weight.grad.any()


def test_copies_fade_as_the_pair_does(pair):
    larger = pair.grown(16)
    child = copy.deepcopy(larger.generator)
    larger.fade = 0.5
    assert torch.equal(images_of(larger, child), images_of(larger))


def test_an_average_grows_with_its_generator(pair):
    average = copy.deepcopy(pair.generator)
    with torch.no_grad():
        average.convolutions["layer1"].bias.add_(1)
    larger = pair.grown(16)
    grown = copy.deepcopy(larger.generator)
    larger.adopt(grown, average)
    torch.testing.assert_close(images_of(larger, grown), double(images_of(pair, average)))


def test_growing_goes_on(pair):
    half = pair.grown(16)
    half.fade = 1.0
    whole = half.grown(32)
    torch.testing.assert_close(images_of(whole), double(images_of(half)))
    image = images_of(half)
    torch.testing.assert_close(whole.discriminator(double(image)).logits, half.discriminator(image).logits)


def test_weights_of_a_growing_pair_fit_one_made_at_its_size(pair):
    """So a continued training need not grow again."""
    larger = pair.grown(16)
    larger.fade = 0.25
    again = build("pggan", 16, z_dim=6, capacity=1 / 32, seed=5)
    again.generator.load_state_dict(larger.generator.state_dict())
    again.discriminator.load_state_dict(larger.discriminator.state_dict())
    assert again.fade == 0.25
    assert torch.equal(images_of(again), images_of(larger))


@pytest.mark.parametrize("resolution", [8, 32, 4])
def test_a_resolution_is_faded_in_over_the_one_below(pair, resolution):
    with pytest.raises(ArgumentError, match="resolution"):
        pair.grown(resolution)


class Drawn(torch.nn.Module):
    """A generator's synthesis as a module."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, ws):
        return self.generator.synthesize(ws)


def test_equalised_rates_learn_as_the_textbook_form_does():
    """Weights of unit variance, scaled at run time (sec. 4.1), and ours: equal networks after a few steps."""
    pair = build("pggan", 8, z_dim=6, capacity=1 / 32, seed=3)
    generator, rate = pair.generator, 0.01
    layers = {name: layer for name, layer in generator.named_modules() if hasattr(layer, "in_channels")}
    scales = {f"{name}.weight": generator.spread(layer) for name, layer in layers.items()}
    textbook = {
        name: (parameter.detach() / scales.get(name, 1.0)).requires_grad_()
        for name, parameter in generator.named_parameters()
    }
    everything = torch.cat([parameter.detach().flatten() for name, parameter in textbook.items() if name in scales])
    assert everything.std() == pytest.approx(1, abs=0.05)

    options = {"betas": (0.0, 0.99), "eps": 1e-30}
    ours = torch.optim.Adam(pair.groups(generator, rate), rate, **options)
    theirs = torch.optim.Adam(textbook.values(), rate, **options)
    generator.fade = torch.tensor(0.5)  # so that all colours are trained
    for step in range(4):
        ws, wanted = torch.randn(4, 1, 6, generator=rng(step)), torch.randn(4, 3, 8, 8, generator=rng(10 + step))
        scaled = {name: parameter * scales.get(name, 1.0) for name, parameter in textbook.items()}
        ours.zero_grad()
        theirs.zero_grad()
        (generator.synthesize(ws) - wanted).square().mean().backward()
        drawn = functional_call(Drawn(generator), {f"generator.{n}": p for n, p in scaled.items()}, (ws,))
        (drawn - wanted).square().mean().backward()
        ours.step()
        theirs.step()
    for name, parameter in generator.named_parameters():
        torch.testing.assert_close(parameter, textbook[name] * scales.get(name, 1.0), atol=1e-4, rtol=1e-3, msg=name)


def test_activations_begin_with_the_same_size_everywhere():
    generator = build("pggan", 32, z_dim=64, capacity=0.5, seed=0).generator
    ws = generator.map(torch.randn(8, 64, generator=rng()))
    for layer in generator.layers:
        activations = generator.activations(ws, layer).detach()
        assert activations.square().mean() == pytest.approx(1.0, rel=0.35), layer
