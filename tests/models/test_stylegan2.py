"""StyleGAN2 against numbers that NVIDIA's code gave for a small random network, and its own promises."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.models.generator import latents_from_seeds
from spaceseed.models.stylegan2 import StyleGAN2

CASE = Path(__file__).parents[1] / "data" / "nv_sg2ada_cond"


@pytest.fixture(scope="module")
def golden():
    case = json.loads((CASE / "case.json").read_text())
    parameters = case["hyper_parameters"]
    made_with = parameters["generator_init_kwargs"]
    generator = StyleGAN2(
        made_with["z_dim"],
        made_with["w_dim"],
        {int(resolution): count for resolution, count in parameters["channels"].items()},
        mapping_layers=made_with["mapping_kwargs"]["num_layers"],
        num_classes=made_with["c_dim"],
        clamp=made_with["synthesis_kwargs"]["conv_clamp"],
    )
    generator.load_state_dict(torch.load(CASE / "g_ema_state_dict.pt", weights_only=True))
    inputs = {name: torch.from_numpy(value) for name, value in np.load(CASE / "inputs.npz").items()}
    return case, generator.requires_grad_(False), inputs, np.load(CASE / "outputs.npz")


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    generator = StyleGAN2(8, 8, {4: 8, 8: 8, 16: 4}, mapping_layers=2)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.constant_(parameter, 0.3)
    generator.w_avg.normal_()
    return generator.requires_grad_(False)


def drawn(name, generator, inputs, cutoff):
    z, labels = inputs["z"], inputs["c"]
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


@pytest.mark.parametrize("name", json.loads((CASE / "case.json").read_text())["outputs"])
def test_official_numbers(golden, name):
    case, generator, inputs, outputs = golden
    mine = drawn(name, generator, inputs, case["hyper_parameters"]["truncation_cutoff"]).numpy()
    assert mine.shape == outputs[name].shape
    assert np.abs(mine - outputs[name]).max() <= case["outputs"][name]["tolerance_max_abs"]


def test_seeds_mean_what_nvidia_means(golden):
    case, generator, inputs, _ = golden
    z = latents_from_seeds(case["hyper_parameters"]["z_seeds"], generator.z_dim)
    assert torch.equal(z, inputs["z"])


def test_an_image_does_not_depend_on_its_batch(small):
    ws = small.map(latents_from_seeds(range(5), 8), truncation=0.5)
    together = small.synthesize(ws)
    alone = torch.cat([small.synthesize(row[None]) for row in ws])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_truncation_zero_is_the_mean_face(small):
    ws = small.map(latents_from_seeds([1, 2], 8), truncation=0.0)
    torch.testing.assert_close(ws, small.w_avg.expand_as(ws))


def test_random_noise_is_seeded(small):
    ws = small.map(latents_from_seeds([1], 8))
    images = [small.synthesize(ws, noise="random", rng=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_gradients_reach_the_styles(small):
    ws = small.map(latents_from_seeds([1], 8)).requires_grad_(True)
    small.synthesize(ws).sum().backward()
    assert bool((ws.grad.abs().sum(dim=(0, 2)) > 0).all())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda g: g.map(torch.zeros(1, 9)), "z"),
        (lambda g: g.map(torch.zeros(1, 8), labels=torch.zeros(1, 3)), "labels"),
        (lambda g: g.synthesize(torch.zeros(1, 5, 8)), "ws"),
        (lambda g: g.synthesize(torch.zeros(1, 6, 8), noise="loud"), "noise"),
        (lambda g: g.synthesize(torch.zeros(1, 6, 8), noise="random"), "rng"),
    ],
)
def test_bad_arguments_are_named(small, call, name):
    with pytest.raises(ArgumentError) as caught:
        call(small)
    assert caught.value.name == name


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "7", True, None])
def test_bad_seeds_are_named(seed):
    with pytest.raises(ArgumentError, match="4294967295"):
        latents_from_seeds([seed], 8)
