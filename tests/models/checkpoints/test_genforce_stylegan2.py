"""StyleGAN2 as genforce/genforce saves it, compared with that project's output for two small random networks."""

from functools import cache

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.genforce_stylegan2 import build_stylegan2, is_stylegan2
from tests.models.golden import Golden

CASES = ("genforce_stylegan2", "genforce_stylegan2_label")
GOLDEN = {case: Golden(case) for case in CASES}


def state(case):
    return read_container(GOLDEN[case].folder / "checkpoint.pth")["generator_smooth"]


@cache
def official(case):
    return build_stylegan2(state(case)).requires_grad_(False)


def style(generator, ws, layer, row):
    """Returns the style that a layer's affine transform makes of a row of ws, [N, channels]."""
    return generator.synthesis.get_submodule(f"{layer}.affine")(ws[:, row])


def drawn(name, generator, inputs, few):
    z, labels = inputs["z"], inputs.get("label")
    ws = generator.map(z, labels)
    if name.startswith("style"):
        row = int(name.removeprefix("style"))
        return style(generator, ws, generator.layers[row], row)
    if name.startswith("output_style"):
        block = int(name.removeprefix("output_style"))
        return style(generator, ws, f"b{4 << block}.torgb", 2 * block + 1)
    truncated = generator.map(z, labels, truncation=0.7, truncation_cutoff=8)
    return {
        "w": lambda: ws[:, 0],
        "wp": lambda: ws,
        "wp_trunc07_8": lambda: truncated,
        "wp_trunc05_few": lambda: generator.map(z, labels, truncation=0.5, truncation_cutoff=few),
        "image": lambda: generator.synthesize(ws),
        "image_trunc07_8": lambda: generator.synthesize(truncated),
        "image_mixed": lambda: generator.synthesize(inputs["wp_mixed"]),
    }[name]()


@pytest.mark.parametrize(("case", "name"), [(case, name) for case in CASES for name in GOLDEN[case].facts["outputs"]])
def test_official_numbers(case, name):
    golden = GOLDEN[case]
    few = golden.facts["hyper_parameters"]["trunc_layers_few"]
    golden.check(name, drawn(name, official(case), golden.inputs, few))


@pytest.mark.parametrize("case", CASES)
def test_style_weights_are_those_that_sefa_factorises(case):
    generator, stored = official(case), state(case)
    last = generator.num_ws - 1
    for row in range(last):
        assert torch.equal(generator.style_weights(row), stored[f"synthesis.layer{row}.style.weight"])
    assert torch.equal(generator.style_weights(last), stored[f"synthesis.output{last // 2}.style.weight"])


def test_a_flat_state_dict_is_the_same():
    flat = read_container(GOLDEN["genforce_stylegan2_label"].folder / "flat.pth")
    assert is_stylegan2(flat)
    wrapped = official("genforce_stylegan2_label").state_dict()
    for name, tensor in build_stylegan2(flat).state_dict().items():
        assert torch.equal(tensor, wrapped[name])


@pytest.mark.parametrize("names", [(), ("synthesis.output0.weight",), ("synthesis.layer0.style.weight",)])
def test_other_networks_are_told_apart(names):
    assert not is_stylegan2(dict.fromkeys(names, torch.zeros(1)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mapping.dense0.weight", None),
        ("mapping.dense2.bias", torch.zeros([])),
        ("mapping.label_weight", torch.zeros(4, 0)),
        ("truncation.w_avg", None),
        ("synthesis.early_layer.const", torch.zeros(20, 4, 4)),
        ("synthesis.layer0.weight", None),
        ("synthesis.layer1.filter.kernel", None),
        ("synthesis.layer3.weight", torch.zeros(16, 20, 3)),
        ("synthesis.layer2.noise_strength", 0.5),
        ("synthesis.output1.style.bias", torch.zeros(20, dtype=torch.int32)),
        ("synthesis.upsample.kernel", None),
    ],
)
def test_tensors_that_are_missing_or_do_not_fit_are_named(name, value):
    tensors = dict(state("genforce_stylegan2_label"))
    if value is None:
        del tensors[name]
    else:
        tensors[name] = value
    with pytest.raises(CheckpointError, match=name):
        build_stylegan2(tensors)


@pytest.mark.parametrize("layer", ["mapping.dense1", "synthesis.layer1", "synthesis.output1"])
def test_a_layer_missing_in_the_middle_is_missed(layer):
    tensors = {k: v for k, v in state("genforce_stylegan2_label").items() if not k.startswith(f"{layer}.")}
    with pytest.raises(CheckpointError, match=layer):
        build_stylegan2(tensors)


def test_blocks_that_do_not_fit_are_refused():
    tensors = dict(state("genforce_stylegan2_label"))
    tensors["synthesis.layer3.weight"] = torch.zeros(16, 19, 3, 3)
    with pytest.raises(CheckpointError, match=r"b16\.conv0\.weight"):
        build_stylegan2(tensors)
