"""StyleGAN2, compared with NVIDIA's output for small random networks, and its own properties."""

from functools import cache

import pytest
import torch

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from tests.models import families
from tests.models.golden import Golden

CASES = ("nv_sg2ada_uncond", "nv_sg2ada_cond", "nv_sg2ada_resnet", "nv_sg2_from_sg3_repo")
GOLDEN = {case: Golden(case) for case in CASES}


@cache
def official(case):
    """Returns the official network, read from its file."""
    return read_generator(GOLDEN[case].folder / "network.pkl")


@pytest.fixture(scope="module", params=["stylegan2", "stylegan2 resnet"])
def small(request):
    return families.small(request.param)


def drawn(name, generator, inputs, cutoff):
    z, labels = inputs["z"], inputs.get("c")
    return {
        "ws": lambda: generator.map(z, labels),
        "ws_psi07": lambda: generator.map(z, labels, truncation=0.7),
        "ws_psi07_cut": lambda: generator.map(z, labels, truncation=0.7, truncation_cutoff=cutoff),
        "ws_psi_neg": lambda: generator.map(z, labels, truncation=-0.5),
        "img_const": lambda: generator.synthesize(generator.map(z, labels)),
        "img_none": lambda: generator.synthesize(generator.map(z, labels), noise="none"),
        "img_psi07_const": lambda: generator.synthesize(generator.map(z, labels, truncation=0.7)),
        "img_mixed_const": lambda: generator.synthesize(inputs["ws_mixed"]),
    }[name]()


@pytest.mark.parametrize(("case", "name"), [(case, name) for case in CASES for name in GOLDEN[case].facts["outputs"]])
def test_official_numbers(case, name):
    golden = GOLDEN[case]
    cutoff = golden.facts["hyper_parameters"]["truncation_cutoff"]
    golden.check(name, drawn(name, official(case), golden.inputs, cutoff))


@pytest.mark.parametrize("case", CASES)
def test_seeds_mean_what_nvidia_means(case):
    z = latents_from_seeds(GOLDEN[case].facts["hyper_parameters"]["z_seeds"], official(case).z_dim)
    assert torch.equal(z, GOLDEN[case].inputs["z"])


@pytest.mark.parametrize(
    "sizes",
    [
        {"z_dim": 6, "w_dim": 8, "channels": {4: 8}, "mapping_layers": 1},
        {"z_dim": 6, "w_dim": 8, "channels": {4: 8, 8: 6, 16: 4}, "mapping_layers": 3, "mapping_features": 5},
        {"z_dim": 6, "w_dim": 8, "channels": {4: 3, 8: 6}, "architecture": "resnet", "mapping_layers": 2},
        {"z_dim": 6, "w_dim": 8, "channels": {4: 8, 8: 6}, "mapping_layers": 2, "num_classes": 3, "label_features": 7},
    ],
)
def test_sizes_are_read_from_tensors(sizes):
    original = StyleGAN2(**sizes)
    copy = StyleGAN2.like(original.state_dict())
    copy.load_state_dict(original.state_dict())
    z, labels = torch.ones(1, 6), torch.ones(1, 3) if original.num_classes else None
    torch.testing.assert_close(copy.map(z, labels), original.map(z, labels))
    torch.testing.assert_close(copy.synthesize(copy.map(z, labels)), original.synthesize(original.map(z, labels)))


def without(name):
    return lambda tensors: tensors.pop(name)


def shaped(name, *shape):
    return lambda tensors: tensors.update({name: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (without("mapping.fc0.weight"), "mapping.fc0.weight"),
        (without("mapping.w_avg"), "mapping.w_avg"),
        (without("synthesis.b4.conv1.weight"), "synthesis.b4.conv1.weight"),
        (without("synthesis.b8.conv0.affine.bias"), "synthesis.b8.conv0.affine.bias"),
        (without("synthesis.b4.torgb.weight"), "synthesis.b8.skip.weight"),
        (shaped("synthesis.b4.const", 8, 4), "synthesis.b4.const"),
        (shaped("synthesis.b8.conv1.weight", 9, 8, 3, 3), "synthesis.b8.conv0.weight"),
        (shaped("synthesis.b16.conv1.weight", 10**5, 1, 3, 3), "synthesis.b16.conv1.noise_const"),
        (shaped("synthesis.b8.conv1.weight", 10**5, 1, 3, 3), "synthesis.b8.conv0.weight"),
        (shaped("mapping.fc0.weight", 8, 0), "mapping.fc0.weight"),
        (shaped("mapping.embed.weight", 8, 4), "too narrow for z"),
        (shaped("mapping.fc0.weight", 8, 10**5), "larger than that of any StyleGAN"),  # w_avg is measured with these
        (shaped("mapping.fc0.weight", 10**5, 8), "larger than that of any StyleGAN"),
        (shaped("mapping.fc1.weight", 10**5, 8), "larger than that of any StyleGAN"),
        (shaped("mapping.embed.weight", 1, 10**5), "larger than that of any StyleGAN"),
        (
            lambda t: t.update({f"mapping.fc{i}.weight": torch.zeros(8, 8) for i in range(200)}),
            "larger than that of any",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(damage, name):
    tensors = StyleGAN2(8, 8, {4: 8, 8: 8}, mapping_layers=2).state_dict()
    damage(tensors)
    with pytest.raises(CheckpointError, match=name):
        StyleGAN2.like(tensors)


def test_styles_are_truncated_under_autocast(small):
    z = latents_from_seeds([1, 2], 8)
    with torch.autocast("cpu", torch.bfloat16):
        ws = small.map(z, truncation=0.5)
    torch.testing.assert_close(ws.float(), small.map(z, truncation=0.5), atol=0.05, rtol=0.05)


def test_random_noise_is_seeded(small):
    ws = small.map(latents_from_seeds([1], 8))
    images = [small.synthesize(ws, noise="random", rng=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_noise_can_be_left_out(small):
    ws = small.map(latents_from_seeds([1], 8))
    images = [small.synthesize(ws, noise=noise) for noise in ("none", "none", "const")]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_nothing_is_computed_past_the_activation_that_was_asked_for(small):
    asked = small.layers[2]
    computed = []
    hooks = [
        small.synthesis.get_submodule(layer).register_forward_hook(lambda *_, layer=layer: computed.append(layer))
        for layer in small.layers
    ]
    small.activations(small.map(latents_from_seeds([1], 8)), asked)
    for hook in hooks:
        hook.remove()
    assert tuple(computed) == small.layers[:3]


def test_style_weights_are_where_each_row_enters(small):
    for row in range(small.num_ws):
        name = [*small.layers, "b16.torgb"][row]
        assert torch.equal(small.style_weights(row), small.synthesis.get_submodule(f"{name}.affine").weight)
    assert [tuple(small.style_weights(row).shape) for row in range(6)] == [(8, 8)] * 4 + [(4, 8)] * 2


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "7", True, None])
def test_bad_seeds_are_named(seed):
    with pytest.raises(ArgumentError, match="4294967295"):
        latents_from_seeds([seed], 8)


def test_an_unknown_architecture_is_named():
    with pytest.raises(ArgumentError) as caught:
        StyleGAN2(8, 8, {4: 8}, architecture="orig")
    assert caught.value.name == "architecture"


def test_layers_are_named_by_their_resolution(small):
    assert small.layers == ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")


@torch.no_grad()
def test_styles_are_affine_maps_of_w_and_can_be_changed(small):
    ws = small.map(latents_from_seeds(range(2), small.z_dim))
    image = small.synthesize(ws)
    assert set(small.layers) < {name.removesuffix(".style") for name in small.styles}
    for name in small.styles:
        affine = small.synthesis.get_submodule(name.removesuffix(".style")).affine
        style = small.activations(ws, name)
        assert any(torch.allclose(style, affine(ws[:, i]), atol=1e-5) for i in range(small.num_ws))
        changed = small.synthesize(ws, edits={name: lambda x: x + torch.arange(x.shape[1])})
        assert not torch.allclose(changed, image, atol=1e-4)
