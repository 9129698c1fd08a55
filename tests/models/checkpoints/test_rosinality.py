"""StyleGAN2 in files of rosinality/stylegan2-pytorch, compared with its output for a small random network."""

from functools import cache

import numpy as np
import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.rosinality import build, matches
from spaceseed.models.generators.generator import latents_from_seeds
from tests.models.golden import Golden

GOLDEN = Golden("rosinality_sg2")
CASE = GOLDEN.folder


@cache
def read(file):
    return read_generator(CASE / file)


@pytest.fixture
def content():
    return read_container(CASE / "checkpoint.pt")


def drawn(name, generator):
    ws = generator.map(GOLDEN.inputs["z"])
    truncated = generator.map(GOLDEN.inputs["z"], truncation=0.7)
    inject = GOLDEN.facts["hyper_parameters"]["inject_index"]
    mixed = torch.cat([ws[:1, :inject], ws[1:, inject:]], dim=1)
    return {
        "w": lambda: ws[:, 0],
        "latents": lambda: ws,
        "latents_trunc07": lambda: truncated,
        "latents_inject": lambda: mixed,
        "image": lambda: generator.synthesize(ws),
        "image_trunc07": lambda: generator.synthesize(truncated),
        "image_inject": lambda: generator.synthesize(mixed),
        "image_wplus": lambda: generator.synthesize(GOLDEN.inputs["wplus"]),
        "image_nonoise": lambda: generator.synthesize(ws[:1], noise="none"),
    }[name]()


@pytest.mark.parametrize("name", GOLDEN.facts["outputs"])
def test_official_numbers(name):
    GOLDEN.check(name, drawn(name, read("checkpoint.pt")))


@pytest.mark.parametrize("name", [name for name in GOLDEN.facts["outputs"] if "trunc" not in name])
def test_official_numbers_without_a_stored_mean(name):
    GOLDEN.check(name, drawn(name, read("checkpoint_g_ema_only.pt")))


def test_a_mean_that_is_not_stored_is_measured():
    generator = read("checkpoint_g_ema_only.pt")
    ws = generator.map(latents_from_seeds(range(4000), generator.z_dim))[:, 0]
    standard_error = ws.std(dim=0) * (1 / 4000 + 1 / 10_000) ** 0.5
    assert bool(((generator.w_avg - ws.mean(dim=0)).abs() < 5 * standard_error).all())


def test_a_stored_mean_is_taken_in_either_shape(content):
    assert torch.equal(read("checkpoint.pt").w_avg, GOLDEN.inputs["latent_avg"])
    content["latent_avg"] = content["latent_avg"][None]
    assert torch.equal(build(content, CASE).w_avg, GOLDEN.inputs["latent_avg"])


def test_a_state_dict_alone_is_enough(content):
    assert matches(content["g_ema"], CASE)
    generator = build(content["g_ema"], CASE).requires_grad_(False)
    GOLDEN.check("image", generator.synthesize(generator.map(GOLDEN.inputs["z"])))


@pytest.mark.parametrize("content", [None, [], {}, {"g_ema": 3}, {"g_ema": {}}, {"generator_smooth": {}}])
def test_other_content_does_not_match(content):
    assert not matches(content, CASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style.1.weight", None),
        ("style.2.bias", torch.zeros(3, 3)),
        ("input.input", torch.zeros(0, 32, 4, 4)),
        ("convs.0.conv.blur.kernel", None),
        ("convs.3.conv.weight", torch.zeros(24, 24, 3, 3)),
        ("convs.4.noise.weight", torch.zeros([])),
        ("to_rgbs.1.bias", "nothing"),
        ("to_rgb1.conv.modulation.bias", torch.zeros(32, dtype=torch.int64)),
        ("noises.noise_6", None),
    ],
)
def test_tensors_that_are_missing_or_do_not_fit_are_named(content, name, value):
    if value is None:
        del content["g_ema"][name]
    else:
        content["g_ema"][name] = value
    with pytest.raises(CheckpointError, match=name):
        build(content, CASE)


@pytest.mark.parametrize("layer", ["style.2", "convs.1", "to_rgbs.0"])
def test_a_layer_missing_in_the_middle_is_missed(content, layer):
    for name in [name for name in content["g_ema"] if name.startswith(f"{layer}.")]:
        del content["g_ema"][name]
    with pytest.raises(CheckpointError, match=layer):
        build(content, CASE)


@cache
def without_noise_maps():
    state = read_container(CASE / "checkpoint.pt")
    weights = {name: tensor for name, tensor in state["g_ema"].items() if not name.startswith("noises.")}
    return build({**state, "g_ema": weights}, CASE).requires_grad_(False)


def test_noise_maps_that_are_not_stored_are_drawn_from_a_seed():
    stored, drawn = read("checkpoint.pt"), without_noise_maps()
    maps = [tensor for name, tensor in drawn.state_dict().items() if name.endswith("noise_const")]
    assert [len(noise) for noise in maps] == [4, 8, 8, 16, 16, 32, 32]
    draws = np.random.RandomState(0)
    assert all(np.array_equal(noise, draws.randn(*noise.shape).astype(np.float32)) for noise in maps)
    ws = stored.map(GOLDEN.inputs["z"])
    assert torch.equal(drawn.synthesize(ws, noise="none"), stored.synthesize(ws, noise="none"))
    assert torch.equal(drawn.synthesize(ws), drawn.synthesize(ws))
    assert not torch.equal(drawn.synthesize(ws), drawn.synthesize(ws, noise="none"))


def test_noise_maps_of_gigantic_images_are_not_drawn(content):
    for name in [name for name in content["g_ema"] if name.startswith("noises.")]:
        del content["g_ema"][name]
    content["g_ema"]["convs.60.conv.weight"] = torch.zeros(1, 1, 1, 3, 3)
    with pytest.raises(CheckpointError, match="lacks noise maps"):
        build(content, CASE)


def test_a_network_that_was_conditional_is_refused(content):
    weight = content["g_ema"]["style.1.weight"]
    content["g_ema"]["style.1.weight"] = torch.cat([weight, weight], dim=1)
    with pytest.raises(CheckpointError, match=r"conditional network.* takes 64 numbers, but w has 32"):
        build(content, CASE)


def test_blocks_that_do_not_fit_are_refused(content):
    content["g_ema"]["convs.4.conv.weight"] = torch.zeros(1, 16, 23, 3, 3)
    with pytest.raises(CheckpointError, match=r"b32\.conv0\.weight"):
        build(content, CASE)
