import random

import numpy as np
import pytest
import torch

pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")

from spaceseed.models.judges import clip as judge_module
from spaceseed.training.bundled.augment import augment
from spaceseed.training.bundled.avatars import Renders, render, sample
from spaceseed.training.bundled.classifier import accuracies
from spaceseed.training.bundled.classifier import train as train_classifier
from spaceseed.training.bundled.judge import auc, examine, soft_clip_loss, train
from spaceseed.training.bundled.prompts import PROMPTS


@pytest.fixture(scope="module")
def faces():
    avatars = [sample(random.Random(seed)) for seed in range(40)]
    return Renders(np.stack([render(avatar) for avatar in avatars]), avatars)


def test_auc_is_the_chance_that_a_match_outscores_another():
    rng = np.random.RandomState(0)
    scores, matching = rng.randint(0, 6, 50).astype(float), rng.rand(50) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[matching] for b in scores[~matching]]
    assert auc(scores, matching) == pytest.approx(np.mean(pairs))


def test_the_loss_is_least_when_similarity_falls_with_what_is_missing():
    missing = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    asked = torch.tensor([2.0, 1.0])
    wanted = -8 * missing / asked.sqrt()
    best = soft_clip_loss(wanted, missing, asked)
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        assert soft_clip_loss(wanted + torch.randn(3, 2, generator=generator), missing, asked) > best


def test_augmentation_is_seeded_small_and_different_for_each_image(faces):
    images = torch.from_numpy(faces.images[:1]).permute(0, 3, 1, 2).float().div(127.5).sub(1).repeat(4, 1, 1, 1)
    first, second = (augment(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.abs().max() <= 1
    assert 0.01 < (first - images).abs().mean() < 0.3
    assert (first[0] - first[1]).abs().mean() > 0.01


def test_a_judge_trains_saves_and_loads_through_open_clip(faces, tmp_path, monkeypatch):
    monkeypatch.setattr("spaceseed.training.bundled.judge.VOCABULARY_CAPTIONS", 500)
    model = train(faces, tmp_path, steps=2, batch=8, rate=1e-3, seed=0)
    assert {path.name for path in tmp_path.iterdir()} == {
        "bpe.txt.gz",
        "open_clip_config.json",
        "open_clip_model.safetensors",
    }
    monkeypatch.setattr(judge_module, "ASSETS", tmp_path)
    judge = judge_module.load_judge("avatars")
    loaded = dict(judge.model.named_parameters())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(loaded[name], parameter, rtol=1e-3, atol=1e-6)
        assert loaded[name].dtype == torch.float32
    rows = examine(judge, faces, PROMPTS[:3])
    assert [row["prompt"] for row in rows] == [prompt.text for prompt in PROMPTS[:3]]


def test_training_repeats_with_its_seed(faces):
    first, second = (train_classifier(faces, epochs=1, batch=8, rate=1e-3, seed=0) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert set(accuracies(first, faces)) == set(first.attributes)
