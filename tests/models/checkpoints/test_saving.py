"""A saved generator can be loaded, and is the same."""

import pytest
import torch

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.networks.pairs import NETWORKS, build
from tests.models import families

GROUPS = {"hair": ("short", "long"), "mood": ("glad", "sad", "angry")}


def draw(generator, labels=None):
    with torch.no_grad():
        return generator.synthesize(generator.map(ss.latents_from_seeds([3, 4], generator.z_dim), labels))


@pytest.mark.parametrize("network", NETWORKS)
def test_an_exported_generator_draws_the_same_when_loaded(network, tmp_path):
    pair = build(network, 16, z_dim=8, capacity=0.05, seed=0)
    generator = pair.finished(pair.generator).eval()
    save_generator(
        generator, tmp_path / "mine.safetensors", title="Mine", licence="CC0-1.0", terms="Free.", truncation=0.5
    )
    loaded = ss.load(str(tmp_path / "mine.safetensors"), device="cpu")
    torch.testing.assert_close(draw(loaded), draw(generator), rtol=1e-5, atol=1e-5)
    assert (loaded.card.title, loaded.card.licence, loaded.card.terms) == ("Mine", "CC0-1.0", "Free.")
    assert loaded.card.family == type(loaded).__name__ == type(generator).__name__


@pytest.mark.parametrize("family", [name for name in families.FAMILIES if name != "biggan"])
def test_every_family_is_saved_and_drawn_again(family, tmp_path):
    generator = families.small(family)
    classes = {"class": tuple(map(str, range(generator.num_classes)))} if generator.num_classes else None
    save_generator(generator, tmp_path / "g.safetensors", title="Mine", groups=classes)
    loaded = ss.load(str(tmp_path / "g.safetensors"), device="cpu")
    assert loaded.settings == generator.settings
    labels = torch.eye(generator.num_classes)[:2] if generator.num_classes else None
    torch.testing.assert_close(draw(loaded, labels), draw(generator, labels))


def test_what_tensors_do_not_show_is_saved(tmp_path):
    generator = StyleGAN2(3, 3, {4: 4, 8: 2}, mapping_layers=1, num_classes=2, joint_labels=True, clamp=0.1).eval()
    save_generator(generator, tmp_path / "g.safetensors", title="Mine", groups={"hair": ("short", "long")})
    loaded = ss.load(str(tmp_path / "g.safetensors"), device="cpu")
    assert loaded.settings == {"clamp": 0.1, "joint_labels": True}
    torch.testing.assert_close(draw(loaded, torch.eye(2)), draw(generator, torch.eye(2)))


def test_a_biggan_is_not_saved(tmp_path):
    generator = families.small("biggan")
    groups = {"class": tuple(map(str, range(generator.num_classes)))}
    with pytest.raises(ArgumentError, match="family"):
        save_generator(generator, tmp_path / "g.safetensors", title="Mine", groups=groups)
    assert not (tmp_path / "g.safetensors").exists()


def test_labels_keep_their_names_and_groups(tmp_path):
    generator = build("stylegan2", 16, z_dim=8, capacity=0.05, label_groups=GROUPS, condition="embed").generator
    save_generator(generator, tmp_path / "mine.safetensors", title="Mine", groups=GROUPS)
    loaded = ss.load(str(tmp_path / "mine.safetensors"), device="cpu")
    assert loaded.card.classes == ("hair: short", "hair: long", "mood: glad", "mood: sad", "mood: angry")
    assert loaded.card.groups == (2, 3)
    labels = torch.tensor([[1.0, 0, 0, 1, 0], [0, 0, 0, 0, 1]])
    torch.testing.assert_close(draw(loaded, labels), draw(generator, labels), rtol=1e-5, atol=1e-5)


def test_half_precision_takes_half_the_room(tmp_path):
    generator = build("stylegan2", 16, z_dim=32, seed=0).generator
    for name, dtype in (("full", torch.float32), ("half", torch.float16)):
        save_generator(generator, tmp_path / name, title="Mine", dtype=dtype)
    assert (tmp_path / "half").stat().st_size == pytest.approx((tmp_path / "full").stat().st_size / 2, rel=0.05)
    torch.testing.assert_close(draw(ss.load(str(tmp_path / "half"))), draw(generator), rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("title", {"title": ""}),
        ("title", {"title": "x" * 300}),
        ("licence", {"title": "Mine", "licence": "two\nlines"}),
        ("truncation", {"title": "Mine", "truncation": 2.0}),
        ("groups", {"title": "Mine", "groups": GROUPS}),
    ],
)
def test_what_readers_would_refuse_is_not_written(name, fields, tmp_path):
    generator = build("stylegan2", 8, z_dim=8, capacity=0.05).generator
    with pytest.raises(ArgumentError) as refused:
        save_generator(generator, tmp_path / "mine.safetensors", **fields)
    assert refused.value.name == name
    assert not list(tmp_path.iterdir())
