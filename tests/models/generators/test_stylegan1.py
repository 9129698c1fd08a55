"""StyleGAN, compared with genforce's output for a small random network, and its own properties."""

import pytest
import torch

from spaceseed.models.checkpoints.genforce import build
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.stylegan1 import StyleGAN1, adaptive_instance_norm
from tests.models import families
from tests.models.golden import Golden

GOLDEN = Golden("genforce_stylegan")


@pytest.fixture(scope="module")
def official():
    path = GOLDEN.folder / "checkpoint.pth"
    return build(torch.load(path, weights_only=True), path).requires_grad_(False)


@pytest.fixture(scope="module")
def small():
    return families.small("stylegan1")


def drawn(name, generator, inputs):
    ws = generator.map(inputs["z"])
    if name.startswith("style"):
        layer = int(name.removeprefix("style"))
        return generator.synthesis[f"layer{layer}"].affine(ws[:, layer])
    few = GOLDEN.facts["hyper_parameters"]["trunc_layers_few"]
    return {
        "w": lambda: ws[:, 0],
        "wp": lambda: ws,
        "image": lambda: generator.synthesize(ws),
        "wp_trunc07_8": lambda: generator.map(inputs["z"], truncation=0.7, truncation_cutoff=8),
        "image_trunc07_8": lambda: generator.synthesize(generator.truncate(ws[:1], 0.7, 8)),
        "wp_trunc05_few": lambda: generator.map(inputs["z"], truncation=0.5, truncation_cutoff=few),
        "image_mixed": lambda: generator.synthesize(inputs["wp_mixed"]),
    }[name]()


@pytest.mark.parametrize("name", GOLDEN.facts["outputs"])
def test_official_numbers(official, name):
    GOLDEN.check(name, drawn(name, official, GOLDEN.inputs))


def test_sizes_come_from_the_tensors(official):
    made_with = GOLDEN.facts["hyper_parameters"]["init_kwargs"]
    assert (official.z_dim, official.w_dim) == (made_with["z_space_dim"], made_with["w_space_dim"])
    assert (official.resolution, official.num_ws) == (made_with["resolution"], 12)
    assert official.num_classes == 0
    assert official.layers == tuple(f"layer{i}" for i in range(12))


def test_adaptive_instance_norm_sets_mean_and_deviation():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, 7, 7, generator=rng) * 4 + 2
    styles = torch.randn(3, 10, generator=rng)
    y = adaptive_instance_norm(x, styles)
    torch.testing.assert_close(y.std(dim=(2, 3), correction=0), (styles[:, :5] + 1).abs())
    torch.testing.assert_close(y.mean(dim=(2, 3)), styles[:, 5:])


def test_labels_reach_the_styles():
    torch.manual_seed(0)
    generator = StyleGAN1(6, 8, {4: 4}, mapping_layers=2, num_classes=3, label_features=6).requires_grad_(False)
    z = latents_from_seeds([1], 6)
    ws = [generator.map(z, labels=label[None]) for label in torch.eye(3)]
    assert not torch.allclose(ws[0], ws[1])
    assert not torch.allclose(ws[1], ws[2])


@pytest.mark.parametrize("noise", ["none", "random"])
def test_noise_changes_the_image(small, noise):
    ws = small.map(latents_from_seeds([1], 6))
    assert not torch.allclose(small.synthesize(ws), small.synthesize(ws, noise=noise, rng=torch.Generator()))


def test_no_noise_is_noise_of_no_strength(small):
    ws = small.map(latents_from_seeds([1], 6))
    quiet = StyleGAN1(6, 8, {4: 8, 8: 8, 16: 4}, mapping_layers=2, mapping_features=10).requires_grad_(False)
    quiet.load_state_dict(
        {k: torch.zeros_like(v) if k.endswith("noise_strength") else v for k, v in small.state_dict().items()}
    )
    torch.testing.assert_close(small.synthesize(ws, noise="none"), quiet.synthesize(ws))


def test_random_noise_is_seeded_and_differs_within_a_batch(small):
    ws = small.map(latents_from_seeds([1, 1], 6))
    images = [small.synthesize(ws, noise="random", rng=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])
    assert not torch.equal(images[0][0], images[0][1])


@pytest.mark.parametrize("row", range(6))
def test_a_row_of_ws_styles_its_layer_and_what_follows(small, row):
    ws = small.map(latents_from_seeds([1], 6))
    other = ws.clone()
    other[:, row] += 1
    for i, layer in enumerate(small.layers):
        same = torch.equal(small.activations(ws, layer), small.activations(other, layer))
        assert same == (i < row)


def test_bfloat16_stays_close(small):
    ws = small.map(latents_from_seeds([1], 6))
    exact = small.synthesize(ws)
    with torch.autocast("cpu", torch.bfloat16):
        rough = small.synthesize(ws)
    assert rough.dtype == torch.float32
    assert float((rough - exact).square().mean().sqrt() / exact.std()) < 0.1
