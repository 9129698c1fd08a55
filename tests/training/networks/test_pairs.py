"""Pairs of networks: construction, growth without a change of the image, and learning rates of parameters."""

import copy

import pytest
import torch
import torch.nn.functional as F

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.dcgan import DCGAN
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.networks.pairs import NETWORKS, build

GROUPS = {"hair": ("short", "long"), "mouth": ("open", "smile", "sad")}


def tiny(network="stylegan2", resolution=8, **options):
    return build(network, resolution, **{"z_dim": 8, "capacity": 1 / 32, "seed": 0, **options})


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def latents(pair, count=4):
    return torch.randn(count, pair.generator.z_dim, generator=rng(1))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"network": "biggan"}, "network"),
        ({"resolution": 4}, "resolution"),
        ({"resolution": 24}, "resolution"),
        ({"resolution": 2048}, "resolution"),
        ({"z_dim": 0}, "z_dim"),
        ({"capacity": 0.0}, "capacity"),
        ({"capacity": float("nan")}, "capacity"),
        ({"condition": "cgan", "label_groups": GROUPS}, "condition"),
        ({"condition": "embed"}, "condition"),
        ({"condition": "both", "label_groups": {str(i): ("a", "b") for i in range(65)}}, "label_groups"),
        ({"condition": "both", "label_groups": {"class": tuple(map(str, range(2001)))}}, "label_groups"),
        ({"network": "pggan", "condition": "embed", "label_groups": GROUPS}, "condition"),
        ({"network": "dcgan", "condition": "both", "label_groups": GROUPS}, "condition"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    with pytest.raises(ArgumentError) as caught:
        tiny(**arguments)
    assert caught.value.name == name


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, again, other = tiny(), tiny(), tiny(seed=1)
    assert torch.equal(torch.rand(2), expected)
    for name, value in first.generator.state_dict().items():
        assert torch.equal(value, again.generator.state_dict()[name])
    assert not torch.equal(first.discriminator.out.weight, other.discriminator.out.weight)


def test_every_resolution_costs_about_the_same():
    channels = tiny(resolution=256, capacity=1.0).sizes.channels(most=256, pixels=2048)
    assert channels == {4: 256, 8: 256, 16: 128, 32: 64, 64: 32, 128: 16, 256: 16}


@pytest.mark.parametrize("sizes", [(8, 16), (8, 32)])
def test_stylegan2_grows_without_a_jump(sizes):
    pair = tiny(resolution=sizes[0])
    larger = pair.grown(sizes[1])
    assert larger.generator.resolution == sizes[1]
    ws = pair.generator.map(latents(pair))
    small = pair.generator.synthesize(ws)
    enlarged = larger.generator.synthesize(ws[:, :1].repeat(1, larger.generator.num_ws, 1))
    coarse = F.adaptive_avg_pool2d(enlarged, sizes[0])  # the images differ by the upsampling filter
    assert (coarse - small)[:, :, 2:-2, 2:-2].abs().mean() < 0.2 * small.std()
    torch.testing.assert_close(
        larger.discriminator(F.interpolate(small, scale_factor=sizes[1] // sizes[0], mode="nearest")).logits,
        pair.discriminator(small).logits,
        atol=1e-4,
        rtol=1e-4,
    )


def test_an_average_grows_with_its_generator():
    pair = tiny()
    average = copy.deepcopy(pair.generator)
    with torch.no_grad():
        average.synthesis.b8.torgb.bias.fill_(5)
    larger = pair.grown(16)
    grown = copy.deepcopy(larger.generator)
    larger.adopt(grown, average)
    assert torch.equal(grown.synthesis.b8.torgb.bias, torch.full((3,), 5.0))
    assert not larger.generator.synthesis.b8.torgb.bias.any()


@pytest.mark.parametrize("resolution", [8, 4, 24])
def test_networks_grow_to_larger_images_alone(resolution):
    with pytest.raises(ArgumentError, match="resolution"):
        tiny().grown(resolution)


def test_training_images_of_stylegan2_follow_the_given_randomness():
    pair = tiny()
    with torch.no_grad():
        pair.generator.synthesis.b8.conv1.noise_strength.fill_(1)
    z = latents(pair)
    one, same, other = (pair.generate(pair.generator, z, None, rng(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


def test_the_mean_of_w_is_tracked_in_the_generator_that_draws():
    pair = tiny()
    child = copy.deepcopy(pair.generator)
    pair.generate(child, latents(pair), None, rng())
    assert child.w_avg.abs().sum() > 0
    assert pair.generator.w_avg.abs().sum() == 0


def test_styles_of_two_latents_are_mixed_in_nine_batches_of_ten():
    pair = tiny()
    z, draw = latents(pair), rng()
    pair.generator.synthesize = lambda ws, **_: ws
    mixed = [
        not torch.equal(ws[:, 0], ws[:, -1])
        for ws in (pair.generate(pair.generator, z, None, draw) for _ in range(100))
    ]
    assert 80 <= sum(mixed) <= 98


@pytest.mark.parametrize("network", NETWORKS)
def test_each_parameter_is_in_one_group(network):
    pair = tiny(network)
    for module in (pair.generator, pair.discriminator):
        grouped = [id(parameter) for group in pair.groups(module, 0.1) for parameter in group["params"]]
        assert sorted(grouped) == sorted(map(id, module.parameters()))


def test_noise_learns_slowly():
    pair = tiny()
    noise = [group for group in pair.groups(pair.generator, 0.1) if group["lr"] < 0.1]
    assert len(noise) == 1
    assert noise[0]["lr"] == pytest.approx(0.1 / 50)
    strengths = [parameter for name, parameter in pair.generator.named_parameters() if "noise_strength" in name]
    assert set(map(id, noise[0]["params"])) == set(map(id, strengths))


@pytest.mark.parametrize(("network", "family"), [("stylegan2", StyleGAN2), ("pggan", PGGAN), ("dcgan", DCGAN)])
def test_what_is_finished_draws_as_in_training(network, family):
    pair = tiny(network)
    finished = pair.finished(pair.generator).eval()
    assert type(finished) is family
    rebuilt = family.like(finished.state_dict())
    rebuilt.load_state_dict(finished.state_dict())
    ws = finished.map(latents(pair))
    torch.testing.assert_close(rebuilt.eval().synthesize(ws), pair.generator.eval().synthesize(ws))


def test_a_dcgan_begins_as_published():
    pair = tiny("dcgan", 16, capacity=1.0)
    for name, parameter in pair.generator.named_parameters():
        if name.endswith("weight") and parameter.ndim == 4:
            assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.1), name


@pytest.mark.parametrize("network", ["dcgan", "normalized", "normalized-pggan"])
def test_some_networks_do_not_grow(network):
    with pytest.raises(ArgumentError, match="cannot grow"):
        tiny(network, 16).grown(32)
