"""`read_generator` reads files of every family, and every invalid file raises one sentence."""

from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spaceseed.errors import CheckpointError
from spaceseed.models import checkpoints
from spaceseed.models.checkpoints import read_generator
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.persistence import PersistentObject
from spaceseed.models.generators.generator import latents_from_seeds
from tests.models.golden import DATA

ROOT = Path(__file__).parents[3]
FAMILIES = {
    "nv_sg2ada_cond/network.pkl": "StyleGAN2",
    "nv_sg2ada_cond/g_ema_state_dict.pt": "StyleGAN2",
    "nv_sg3_t/network.pkl": "StyleGAN3",
    "nv_sg3_r/network.pkl": "StyleGAN3",
    "rosinality_sg2/checkpoint.pt": "StyleGAN2",
    "rosinality_sg2/checkpoint_g_ema_only.pt": "StyleGAN2",
    "genforce_stylegan2/checkpoint.pth": "StyleGAN2",
    "genforce_stylegan2_label/flat.pth": "StyleGAN2",
    "genforce_stylegan/checkpoint.pth": "StyleGAN1",
    "genforce_pggan/flat.pth": "PGGAN",
    "hf_biggan_deep/pytorch_model.bin": "BigGAN",
}
DELETED = object()
CHANGES = {
    "deleted": lambda value: DELETED,
    "none": lambda value: None,
    "number": lambda value: 3,
    "negative": lambda value: -1,
    "vast": lambda value: 10**30,
    "not a number": lambda value: float("nan"),
    "text": lambda value: "text",
    "list": lambda value: [],
    "dictionary": lambda value: {},
    "empty": lambda value: torch.empty(0),
    "scalar": lambda value: torch.tensor(1.0),
    "flat": lambda value: value.flatten(),
    "first": lambda value: value[..., :1],
    "doubled": lambda value: torch.cat([torch.atleast_1d(value)] * 2),
    "wrapped": lambda value: value[None],
    "nan": lambda value: value * float("nan"),
    "zero": lambda value: value * 0,
    "integer": lambda value: value.long(),
}


@pytest.mark.parametrize("file", FAMILIES)
def test_reads_every_format(file):
    generator = read_generator(DATA / file)
    assert type(generator).__name__ == FAMILIES[file]
    assert not generator.training
    assert not any(parameter.requires_grad for parameter in generator.parameters())
    assert {tensor.dtype for tensor in generator.state_dict().values()} == {torch.float32}
    labels = torch.eye(generator.num_classes)[:1] if generator.num_classes else None
    image = generator.synthesize(generator.map(latents_from_seeds([0], generator.z_dim), labels))
    assert image.shape == (1, 3, generator.resolution, generator.resolution)
    assert image.isfinite().all()


def test_reads_the_bundled_generator():
    generator = read_generator(ROOT / "spaceseed" / "assets" / "avatars" / "generator.safetensors")
    assert (type(generator).__name__, generator.resolution, generator.num_classes) == ("StyleGAN2", 64, 0)


def places(node, path=()):
    """Returns the paths of tensors, numbers and parts of a network in a parsed file."""
    if isinstance(node, PersistentObject):
        node = node.state
    for key, value in node.items():
        if isinstance(value, torch.Tensor | int | float | PersistentObject) or str(key).startswith("_modules"):
            yield (*path, key)
        if isinstance(value, dict | PersistentObject):
            yield from places(value, (*path, key))


@cache
def parsed(file):
    content = read_container(DATA / file)
    if "G_ema" in content:
        content = {"G_ema": content["G_ema"]}
    return content, list(places(content))


def changed(node, path, change):
    if isinstance(node, PersistentObject):
        return replace(node, state=changed(node.state, path, change))
    key, *rest = path
    value = changed(node[key], rest, change) if rest else change(node[key])
    return {**node, key: value} if value is not DELETED else {k: v for k, v in node.items() if k != key}


@pytest.mark.parametrize("file", FAMILIES)
@hypothesis_settings(max_examples=30)
@given(data=st.data())
def test_anything_amiss_ends_in_a_sentence(file, data):
    content, found = parsed(file)
    path = data.draw(st.sampled_from(found))
    change = CHANGES[data.draw(st.sampled_from(sorted(CHANGES)))]

    def change_what_can_be(value):
        try:
            return change(value)
        except (TypeError, AttributeError, LookupError):  # a number has no shape to change
            return "text"

    content = changed(content, path, change_what_can_be)
    with pytest.MonkeyPatch.context() as patch, suppress(CheckpointError):  # any other exception is a bug
        patch.setattr(checkpoints, "read_container", lambda path: content)
        generator = read_generator(DATA / file)
        assert all(tensor.isfinite().all() for tensor in generator.state_dict().values())


@pytest.mark.parametrize(
    "content",
    [None, 3, "text", [], {}, {1: 2}, {"G_ema": None}, {"g_ema": []}, {"generator_smooth": 1}, torch.ones(3), (1, 2)],
)
def test_what_holds_no_generator_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(CheckpointError):
        read_generator(tmp_path / "model.pt")


FLAT = {file: family for file, family in FAMILIES.items() if not file.endswith(".pkl")}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
@pytest.mark.parametrize("file", FLAT)
def test_prefixes_of_wrappers_are_taken_off(tmp_path, monkeypatch, file, prefix):
    def wrapped(node):
        holds_tensors = any(isinstance(value, torch.Tensor) for value in node.values()) and "latent_avg" not in node
        start = prefix if holds_tensors else ""
        return {start + name: wrapped(value) if isinstance(value, dict) else value for name, value in node.items()}

    content = wrapped(read_container(DATA / file))
    assert any(prefix in str(path[-1]) for path in places(content))
    monkeypatch.setattr(checkpoints, "read_container", lambda path: content)
    ours = read_generator(DATA / file)
    monkeypatch.undo()
    theirs = read_generator(DATA / file)
    assert type(ours).__name__ == FLAT[file]
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


T = torch.zeros(1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"state": {0: {"exp_avg": T}}, "param_groups": [{"lr": 0.1}]}, "the state of an optimizer"),
        ({"down_blocks.0.x": T, "time_embedding.linear_1.weight": T}, "a diffusion model"),
        ({"state_dict": {"model.diffusion_model.time_embed.0.weight": T}, "epoch": 3}, "a diffusion model"),
        ({"unet.down_blocks.0.to_k.lora_A.weight": T}, "a LoRA"),
        ({"lora_unet_mid.lora_up.weight": T}, "a LoRA"),
        ({"encoder.conv_in.weight": T, "decoder.conv_in.weight": T}, "an autoencoder"),
        ({"logit_scale": T, "visual.proj": T}, "a CLIP model"),
        ({"module.logit_scale": T, "module.vision_model.x": T}, "a CLIP model"),
        ({"state_dict": {"encoder.input_layer.0.weight": T, "encoder.styles.0.convs.0.weight": T}}, "an encoder"),
        ({"b8.fromrgb.weight": T, "b4.out.weight": T}, "a discriminator"),
        ({"d": {"convs.0.0.weight": T, "final_linear.0.weight": T}}, "a discriminator"),
        ({"models": {"discriminator": {"layer0.weight": T, "input0.weight": T}}}, "a discriminator"),
        ({"layer4.0.conv1.weight": T, "fc.weight": T}, "a ResNet"),
        ({"Mixed_7c.branch1x1.conv.weight": T}, "an Inception network"),
        ({"model.embed_tokens.weight": T}, "a language model"),
        ({"epoch": 3, "net": {"blocks.0.weight": T}}, "tensors of an unknown network, such as 'blocks.0.weight'"),
        ({"epoch": 3}, "no named tensors"),
        ([T], "no named tensors"),
    ],
)
def test_a_refusal_says_what_the_file_holds(tmp_path, content, told):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=r"^model\.pt holds ") as caught:
        read_generator(tmp_path / "model.pt")
    assert told in str(caught.value)


def test_a_snapshot_without_its_generator_names_the_class_that_it_holds(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        network = read_container(DATA / "nv_sg3_t/network.pkl")["D"]
        patch.setattr(checkpoints, "read_container", lambda path: {"D": network})
        with pytest.raises(CheckpointError, match="a network of the class 'Discriminator'"):
            read_generator(DATA / "nv_sg3_t/network.pkl")
        patch.setattr(checkpoints, "read_container", lambda path: network)
        with pytest.raises(CheckpointError, match="class 'Discriminator', which is neither"):
            read_generator(DATA / "nv_sg3_t/network.pkl")
