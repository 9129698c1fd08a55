"""Training goes on where it was interrupted, grows without a jump, and improves on noise."""

import numpy as np
import pytest
import torch

from spaceseed.training import gan
from spaceseed.training.gan import Config, Stage, Trainer

SMALL = {"z_dim": 8, "w_dim": 8, "mapping_layers": 1, "batch": 4, "r1_interval": 2}


@pytest.fixture(autouse=True)
def few_channels(monkeypatch):
    monkeypatch.setattr(gan, "CHANNELS", {4: 8, 8: 8, 16: 4})


@pytest.fixture
def images():
    rng = np.random.RandomState(0)
    return rng.randint(0, 256, (16, 16, 16, 3)).astype(np.uint8)


def weights(trainer):
    return {name: value.clone() for name, value in trainer.average.state_dict().items()}


def test_interrupted_training_equals_uninterrupted_training(images, tmp_path):
    whole = Trainer(Config(stages=(Stage(8, 24, 0.1), Stage(16, 48, 0.1)), **SMALL), images, tmp_path / "whole")
    whole.run(report_every=8)
    for until in (16, 32, 48):  # a new trainer each time, before, in and after growing
        stages = (Stage(8, min(24, until), 0.1), *([Stage(16, until, 0.1)] if until > 24 else []))
        parts = Trainer(Config(stages=stages, **SMALL), images, tmp_path / "parts")
        parts.run(report_every=8)
    for name, value in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], value, msg=name)


def test_growing_changes_neither_images_nor_verdicts(images, tmp_path):
    trainer = Trainer(Config(stages=(Stage(8, 32, 0.1),), **SMALL), images, tmp_path)
    trainer.run(report_every=8)
    ws = trainer.average.map(torch.randn(3, 8, generator=torch.Generator().manual_seed(1)))
    small, verdict = trainer.average.synthesize(ws), trainer.discriminator(trainer.average.synthesize(ws)).logits
    trainer._grow(16)
    grown = trainer.average.synthesize(ws.repeat(1, 2, 1)[:, : trainer.average.num_ws])
    coarse = torch.nn.functional.avg_pool2d(grown, 2)
    assert (coarse - small)[:, :, 1:-1, 1:-1].abs().mean() < 0.2 * small.std()
    torch.testing.assert_close(
        trainer.discriminator(torch.nn.functional.interpolate(small, scale_factor=2, mode="nearest")).logits,
        verdict,
        atol=1e-4,
        rtol=1e-4,
    )


def test_the_step_size_falls_only_in_the_last_quarter(images, tmp_path):
    trainer = Trainer(Config(stages=(Stage(8, 64, 0.1, decay=True),), **SMALL), images, tmp_path)
    rates = []
    for _ in range(16):
        trainer._step(trainer.config.stages[0])
        rates.append(trainer.optimizer_g.param_groups[0]["lr"])
    full = trainer.config.learning_rate
    assert rates[:12] == [full] * 12
    assert rates[12:] == sorted(rates[12:], reverse=True)
    assert rates[-1] < full / 3


def test_one_colour_is_learnt(tmp_path):
    images = np.zeros((8, 8, 8, 3), np.uint8)
    images[..., 0] = 230
    trainer = Trainer(Config(stages=(Stage(8, 800, 0.1),), **SMALL), images, tmp_path)
    before = trainer.average.synthesize(trainer.average.map(torch.zeros(1, 8)))
    after = trainer.run(report_every=800).synthesize(trainer.average.map(torch.randn(16, 8)))
    red, others = after[:, 0].mean(), after[:, 1:].mean()
    assert red > 0
    assert others < 0
    assert before.std() > 0


def test_a_report_names_the_figures_of_the_averaged_generator(images, tmp_path, capsys):
    trainer = Trainer(Config(stages=(Stage(8, 8, 0.1),), **SMALL), images, tmp_path)
    trainer.run(8, lambda generator: {"resolution": generator.resolution})
    assert "resolution 8.000" in capsys.readouterr().out
