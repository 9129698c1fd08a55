"""PGGAN, StyleGAN and StyleGAN2 as genforce saves them: recognised, renamed, and refused if they do not fit."""

import math
from functools import cache
from pathlib import Path

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.genforce import build, matches
from spaceseed.models.checkpoints.tensors import measure_w_avg
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan1 import StyleGAN1
from spaceseed.models.generators.stylegan2 import StyleGAN2
from tests.models.golden import DATA, Golden

FILES = {
    "genforce_pggan/checkpoint.pth": PGGAN,
    "genforce_pggan/flat.pth": PGGAN,
    "genforce_stylegan/checkpoint.pth": StyleGAN1,
    "genforce_stylegan2/checkpoint.pth": StyleGAN2,
    "genforce_stylegan2_label/flat.pth": StyleGAN2,
}
WEIGHTS = {family: f"genforce_{family}/checkpoint.pth" for family in ("pggan", "stylegan", "stylegan2")}
ANYWHERE = Path("checkpoint.pth")


@cache
def content(file):
    return read_container(DATA / file)


def state(family):
    return dict(content(WEIGHTS[family])["generator_smooth"])


@cache
def generator(family):
    return build(content(WEIGHTS[family]), ANYWHERE).requires_grad_(False)


@pytest.mark.parametrize(("file", "family"), FILES.items())
def test_each_family_is_told_by_its_structure(file, family):
    assert matches(content(file), DATA / file)
    assert type(build(content(file), DATA / file)) is family


@pytest.mark.parametrize(
    "other",
    [
        None,
        [],
        {},
        {"g_ema": {}},
        {"generator_smooth": None},
        {"generator": {"layer0.weight": torch.zeros(1)}},
        {"layer0.weight": torch.zeros(1), "input0.weight": torch.zeros(1)},  # a discriminator of this project
    ],
)
def test_other_files_do_not_match(other):
    assert not matches(other, ANYWHERE)


def test_the_averaged_generator_is_preferred():
    averaged = state("pggan")
    latest = {name: tensor + 1 for name, tensor in averaged.items()}
    latest["lod"] = torch.zeros([])
    for wrapped, expected in [
        ({"generator": latest, "generator_smooth": averaged}, averaged),
        ({"generator": latest}, latest),
        (
            {"models": {"discriminator": {}, "generator": latest, "generator_smooth": averaged}, "optimizers": {}},
            averaged,
        ),
    ]:
        assert torch.equal(
            build(wrapped, ANYWHERE).convolutions["layer1"].bias,
            expected["layer1.bias"],
        )


def compare_with_sefa(family, rows, theirs, key):
    """Factorises style weights as SeFa's authors do, and compares with their result."""
    weights = torch.cat([generator(family).style_weights(int(row)) for row in rows])
    weights = weights / weights.norm(dim=1, keepdim=True)
    values, vectors = torch.linalg.eigh(weights.t() @ weights)
    expected = theirs[f"eigenvalues_sorted_{key}"]
    assert float((values.flip(0) - expected).abs().max()) <= 1e-4 * float(expected.max())
    separated = theirs[f"well_separated_{key}"]
    cosines = (vectors.t().flip(0) * theirs[f"boundaries_sorted_{key}"]).sum(dim=1).abs()
    assert separated.any()
    assert float(cosines[separated].min()) >= 0.999


@pytest.mark.parametrize("key", ["all", "0_3"])
@pytest.mark.parametrize("family", ["stylegan", "stylegan2"])
def test_style_weights_are_those_that_sefa_factorises(family, key):
    theirs = Golden(f"sefa_{family}").outputs
    compare_with_sefa(family, theirs[f"layers_{key}"], theirs, key)


def test_style_weights_of_a_pggan_are_those_that_sefa_factorises():
    compare_with_sefa("pggan", [0], Golden("sefa_pggan").outputs, "all")


@pytest.mark.parametrize("family", ["stylegan", "stylegan2"])
def test_a_missing_mean_of_w_is_measured(family):
    tensors = state(family)
    del tensors["truncation.w_avg"]
    measured = build(tensors, ANYWHERE)
    assert torch.equal(measured.w_avg, measure_w_avg(generator(family)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(dtype):
    rounded = {name: tensor.to(dtype) for name, tensor in state("stylegan").items()}
    exact = build({name: tensor.float() for name, tensor in rounded.items()}, ANYWHERE).state_dict()
    for name, tensor in build(rounded, ANYWHERE).state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, exact[name])


@pytest.mark.parametrize(("family", "lod"), [("pggan", "lod"), ("stylegan", "synthesis.lod")])
def test_a_network_that_is_not_fully_grown_is_refused(family, lod):
    with pytest.raises(CheckpointError, match=r"full size: .*lod is 1\.5"):
        build(state(family) | {lod: torch.tensor(1.5)}, ANYWHERE)


def replaced(family, name):
    """Returns the family's tensors, with one missing, of another type, of another shape, or not finite."""
    tensors = state(family)
    tensor = tensors.pop(name)
    yield tensors
    for value in [
        0.5,
        tensor.int(),
        tensor[None],
        tensor.flatten()[:0],
        tensor[:-1],
        math.nan * tensor,
    ]:
        yield tensors | {name: value}


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("pggan", "layer0.bias"),
        ("pggan", "layer1.bias"),
        ("pggan", "layer4.weight"),
        ("pggan", "output3.bias"),
        ("stylegan", "mapping.dense0.weight"),
        ("stylegan", "truncation.w_avg"),
        ("stylegan", "synthesis.layer0.const"),
        ("stylegan", "synthesis.layer3.style.weight"),
        ("stylegan", "synthesis.layer4.blur.kernel"),
        ("stylegan", "synthesis.layer5.apply_noise.noise"),
        ("stylegan", "synthesis.layer8.weight"),
        ("stylegan", "synthesis.output5.weight"),
    ],
)
def test_tensors_that_are_missing_or_do_not_fit_are_refused(family, name):
    for i, tensors in enumerate(replaced(family, name)):
        if i == 0 and name == "truncation.w_avg":
            continue  # it is measured
        with pytest.raises(CheckpointError) as caught:
            build(tensors, ANYWHERE)
        if i < 2:
            assert name in str(caught.value)


def test_blocks_that_ask_for_a_huge_image_are_refused():
    tensors = {f"layer{i}.weight": torch.ones(1, 1, 3, 3) for i in range(40)} | {
        "layer0.weight": torch.ones(1, 1, 4, 4)
    }
    tensors |= {f"layer{i}.bias": torch.ones(1) for i in range(40)}
    tensors |= {
        "output19.weight": torch.ones(3, 1, 1, 1),
        "output0.weight": torch.ones(3, 1, 1, 1),
        "output19.bias": torch.ones(3),
    }
    with pytest.raises(CheckpointError, match="limit is 1024"):
        build(tensors, ANYWHERE)


def test_thin_tensors_do_not_make_a_wide_network():
    wide = 100_000
    tensors = state("pggan")
    tensors |= {"layer1.weight": torch.zeros(wide, 1, 3, 3), "layer1.bias": torch.zeros(wide)}
    tensors |= {"layer2.weight": torch.zeros(wide, 1, 3, 3), "layer2.bias": torch.zeros(wide)}
    with pytest.raises(CheckpointError, match="layer1"):
        build(tensors, ANYWHERE)
