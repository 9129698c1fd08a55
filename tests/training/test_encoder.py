"""Training of encoders: it learns, continues exactly, and says what is wrong."""

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.judges.encoder import load_encoder
from spaceseed.training.__main__ import main
from spaceseed.training.data.images import ImageSet
from spaceseed.training.encoder import EncoderConfig, EncoderTrainer, train_encoder
from tests.inversion.conftest import bounded
from tests.models import families

CONFIG = EncoderConfig(images=64, batch=8, learning_rate=0.01, checkpoint_every=16)


def pixels_apart(images, others):
    return (images - others).square().mean(dim=(1, 2, 3))


def trainer(config=CONFIG, images=None):
    return EncoderTrainer(bounded(), pixels_apart, config, images)


@torch.no_grad()
def error(encoder):
    """Returns the squared error of the styles of new images, in variances of w."""
    generator = bounded()
    ws = generator.map(torch.randn(200, 8, generator=torch.Generator().manual_seed(9)))
    return float(((encoder(generator.synthesize(ws).clamp(-1, 1)) - ws) / encoder.spread).square().mean())


def pictures():
    return ImageSet(np.random.RandomState(0).randint(256, size=(10, 16, 16, 3), dtype=np.uint8))


@pytest.mark.parametrize("images", [None, pictures()])
def test_it_learns_styles_that_it_was_not_shown(images, tmp_path):
    config = EncoderConfig(images=3200, batch=16, known=0.9)
    its = trainer(config, images)
    before = error(its.encoder)
    parts = list(train_encoder(its, tmp_path, config))
    assert error(its.encoder) < 0.8 * before
    assert [set(parts[i]) for i in (0, -1)] == [{"styles"}, {"styles", "perceptual", "pixels", "natural"}]
    assert load_encoder(tmp_path / "encoder.safetensors").header.num_ws == 6


def test_an_untrained_encoder_answers_the_mean_w():
    its = trainer()
    z = torch.randn(10_000, 8, generator=torch.Generator().manual_seed(0))
    w = bounded().map(z)[:, 0]
    torch.testing.assert_close(its.encoder(torch.zeros(1, 3, 16, 16))[0, 0], w.mean(dim=0), rtol=1e-3, atol=1e-4)


def test_an_interrupted_training_continues_exactly(tmp_path):
    list(train_encoder(trainer(), tmp_path / "whole", CONFIG))
    steps = train_encoder(trainer(), tmp_path / "parts", CONFIG)
    for _ in range(3):
        next(steps)
    steps.close()
    list(train_encoder(trainer(), tmp_path / "parts", CONFIG))
    whole, parts = (load_encoder(tmp_path / name / "encoder.safetensors").state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_checkpoints_of_others_and_damaged_ones_are_refused(tmp_path):
    list(train_encoder(trainer(), tmp_path, CONFIG))
    other = EncoderTrainer(families.small("pggan"), pixels_apart, CONFIG)
    with pytest.raises(CheckpointError, match="another generator"):
        next(train_encoder(other, tmp_path, EncoderConfig(images=128)))
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="damaged"):
        next(train_encoder(trainer(), tmp_path, CONFIG))


def test_models_with_classes_are_refused():
    with pytest.raises(ArgumentError, match="without classes"):
        EncoderTrainer(families.small("stylegan2 with classes"), pixels_apart, CONFIG)


def test_the_command_trains_and_continues(tmp_path, capsys):
    save_generator(families.small("stylegan2"), tmp_path / "g.safetensors", title="tiny")
    command = ["--encoder-for", str(tmp_path / "g.safetensors"), "--out", str(tmp_path / "run"), "--batch", "4"]
    assert main([*command, "--images", "8"]) == 0
    assert main([*command, "--images", "12"]) == 0
    assert "spaceseed.load_encoder" in capsys.readouterr().out
    encoder = load_encoder(tmp_path / "run" / "encoder.safetensors")
    assert encoder.header.model == "g.safetensors"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--encoder-for", "no-such-model"], "name"),
        (["--images", "0"], "images"),
        (["--batch", "1"], "batch"),
        (["--data", "no-such-folder"], "not a folder"),
    ],
)
def test_what_cannot_be_trained_is_named(tmp_path, capsys, arguments, words):
    save_generator(families.small("stylegan2"), tmp_path / "g.safetensors", title="tiny")
    command = ["--encoder-for", str(tmp_path / "g.safetensors"), "--out", str(tmp_path / "run"), *arguments]
    assert main(command) == 2
    assert words in capsys.readouterr().err
