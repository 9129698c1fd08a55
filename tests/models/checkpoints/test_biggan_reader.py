"""The reader of BigGAN-deep: which files it refuses, each with one sentence."""

import json
import shutil

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.checkpoints.biggan import build, matches
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.generators.biggan import BigGAN
from tests.models.golden import DATA

CASE = DATA / "hf_biggan_deep"
CONFIG = json.loads((CASE / "config.json").read_text())
BLOCK = "generator.layers.0.conv_0"


@pytest.fixture
def folder(tmp_path):
    for name in ("pytorch_model.bin", "config.json"):
        shutil.copyfile(CASE / name, tmp_path / name)
    return tmp_path


def test_read_generator_recognises_the_format():
    assert isinstance(read_generator(CASE / "pytorch_model.bin"), BigGAN)


def test_other_files_do_not_match():
    assert not matches({"g_ema": {}}, CASE)
    assert not matches([1, 2], CASE)


def test_half_precision_becomes_single(folder):
    content = {name: tensor.half() for name, tensor in read_container(folder / "pytorch_model.bin").items()}
    generator = build(content, folder / "pytorch_model.bin")
    assert {tensor.dtype for tensor in generator.state_dict().values()} == {torch.float32}


def test_the_spectral_norm_is_the_stored_one(folder):
    content = read_container(folder / "pytorch_model.bin")
    weight, u, v = (content[f"{BLOCK}.weight_{part}"] for part in ("orig", "u", "v"))
    generator = build(content, folder / "pytorch_model.bin")
    expected = weight / torch.dot(u, weight.flatten(1) @ v)
    torch.testing.assert_close(generator.synthesis.layers[0].conv_0.weight.data, expected)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (None, "need their config.json"),
        ("", "not that of a BigGAN"),
        ("[]", "not that of a BigGAN"),
        ("{" * 100_000, "not that of a BigGAN"),
        (json.dumps(CONFIG | {"layers": CONFIG["layers"][:-1]}), "6 blocks, and the configuration has 5"),
        (json.dumps(CONFIG | {"layers": [["yes", 1, 1]] * 6}), "not that of a BigGAN"),
        (json.dumps(CONFIG | {"layers": [[True, 1, 1]] * 101}), "not that of a BigGAN"),
        (json.dumps(CONFIG | {"eps": -1}), "not that of a BigGAN"),
        (json.dumps(CONFIG | {"eps": "NaN"}), "not that of a BigGAN"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(folder, config, sentence):
    (folder / "config.json").unlink()
    if config is not None:
        (folder / "config.json").write_text(config)
    content = read_container(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=sentence):
        build(content, folder / "pytorch_model.bin")


def test_sizes_in_the_config_are_not_trusted(folder):
    wrong = CONFIG | {"z_dim": 10**9, "channel_width": 10**9, "attention_layer_position": 0, "n_stats": 10**9}
    wrong["layers"] = [[upsamples, 10**9, 10**9] for upsamples, _, _ in CONFIG["layers"]]
    (folder / "config.json").write_text(json.dumps(wrong))
    generator = build(read_container(folder / "pytorch_model.bin"), folder / "pytorch_model.bin")
    assert (generator.z_dim, generator.resolution) == (CONFIG["z_dim"], CONFIG["output_dim"])


def test_a_huge_image_is_refused():
    tensors = BigGAN(1, 1, 1, [8] * 10, [False] * 9, num_stats=2).state_dict()
    with pytest.raises(CheckpointError, match="more than 1024 pixels"):
        BigGAN.like(tensors, [True] * 9, 1e-4)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("generator.bn.running_vars", None, "lack"),
        (f"{BLOCK}.weight_u", None, f"lacks the tensor {BLOCK}.weight_u"),
        (f"{BLOCK}.weight_v", torch.ones(3), f"vectors of {BLOCK} do not fit"),
        (f"{BLOCK}.weight_u", torch.zeros(16), "infinite or not a number"),
        (f"{BLOCK}.bias", torch.full((16,), torch.nan), "infinite or not a number"),
        (f"{BLOCK}.bias", torch.ones(16, dtype=torch.int64), "instead of floating-point"),
        (f"{BLOCK}.bias", torch.ones(15), "shape"),
        (f"{BLOCK}.weight_orig", torch.ones(16), f"vectors of {BLOCK} do not fit"),
        (f"{BLOCK}.weight_orig", torch.tensor(1.0), f"vectors of {BLOCK} do not fit"),
        ("generator.conv_to_rgb.bias", torch.tensor(1.0), "does not fit"),
        ("generator.layers.6.conv_3.bias", "text", "lacks the tensor"),
        ("generator.surprise", torch.ones(2), "does not have"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(folder, name, value, sentence):
    content = dict(read_container(folder / "pytorch_model.bin"))
    content[name] = value
    if value is None:
        del content[name]
    with pytest.raises(CheckpointError, match=sentence):
        build(content, folder / "pytorch_model.bin")
