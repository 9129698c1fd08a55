"""The studies of training run from end to end, go on where they stopped, and compare what they say they compare."""

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import convergence, evolving
from benchmarks.training_runs import SIDE, Study, at, reached
from spaceseed.images import from_uint8
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.training.bundled.avatars import ATTRIBUTES
from spaceseed.training.bundled.redrawn import broken
from spaceseed.training.data.images import ImageSet
from spaceseed.training.data.labels import Labels


def noise(count):
    rng = np.random.RandomState(0)
    values = np.stack([rng.randint(len(words), size=count) for words in ATTRIBUTES.values()], axis=1)
    return ImageSet(rng.randint(256, size=(count, SIDE, SIDE, 3)).astype(np.uint8), Labels(dict(ATTRIBUTES), values))


@pytest.fixture
def results(tmp_path, monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.setattr("spaceseed.training.report.plot", lambda *_: None)  # a second for each of many reports

    def run(study, *options):
        name = study.__name__.rpartition(".")[2]
        monkeypatch.setattr(study, "faces", lambda _split, _folder, count=None: noise(count or 32))
        out = ["--out", str(tmp_path), "--runs", str(tmp_path / name)]
        monkeypatch.setattr(sys, "argv", [study.__name__, "--quick", *out, *options])
        study.main()
        assert (tmp_path / f"{name}.md").read_text().count("\n| ") > 3
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        return json.loads((tmp_path / f"{name}.json").read_text())

    yield run
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_evolving(results):
    figures = results(evolving)
    assert set(figures["histories"]) == set(evolving.arms(96))
    assert figures["at"]["images"] == 96
    assert sum(mean for mean, _ in figures["won"]["share"].values()) == pytest.approx(1, abs=1e-3)
    assert all(0 <= row["broken"][0] <= 1 for row in figures["compared"]["cpu"].values())
    assert results(evolving, "--report") == figures


@pytest.mark.slow
def test_convergence(results, monkeypatch):
    kept = ("ADA, 50 faces", "bfloat16", "growing from 8", "built like a DCGAN", "auxiliary head")
    monkeypatch.setattr(convergence, "CHANGES", {name: convergence.CHANGES[name] for name in kept})
    figures = results(convergence)
    for name, images in (("DCGAN", 96), ("DCGAN, 50 faces", 384), ("StyleGAN2", 80)):
        base = figures["arms"][name]
        assert (base["images_share"]["mean"], base["time_share"]["mean"], base["cost_of_an_image"][0]) == (1, 1, 1)
        assert base["images_to_target"]["mean"] <= base["images"] == images
    assert set(figures["arms"]) == {*convergence.BASES, *kept}
    assert set(figures["full_size"]) == {"bfloat16", "auxiliary head"}


def test_every_arm_changes_one_thing_but_for_another_network():
    lengths = {"images", "report_every", "checkpoint_every"}

    def changed(config, base):
        return {name for name, value in vars(config).items() if value != getattr(base, name)}

    arms = convergence.arms(24_000)
    for name, (base, change, _) in convergence.CHANGES.items():
        assert changed(arms[name], arms[base]) - lengths == set(change)
        assert len(change) == 1 or "network" in change
    egan, *others = (config for config in evolving.arms(6_000).values() if config.network == "dcgan")
    assert all(changed(config, egan) in ({"objective", *lengths}, {"evolution", *lengths}) for config in others)


def test_interrupted_study_goes_on_and_trains_nothing_twice(tmp_path):
    images, looks = noise(32), []

    def measure(_generator, _labelled):
        looks.append(1)
        if len(looks) == 2:
            raise KeyboardInterrupt
        return {"frechet_distance": 1.0}

    arms = {"minimax": evolving.arms(96, small=True)["minimax"]}
    study = Study(arms, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        study.train(1, images, measure)
    assert study.histories() == {}
    study.train(1, images, measure)
    study.train(1, images, measure)
    (history,) = study.histories()["minimax"]
    assert len(looks) == len(history["images"]) + 1  # the one that was interrupted
    assert (np.diff(history["images"]) > 0).all()
    assert (np.diff(history["cpu"]) > 0).all()


def test_figures_between_reports_are_interpolated():
    history = {"images": [100.0, 200.0, 300.0], "cpu": [1.0, 3.0, 4.0], "frechet_distance": [50.0, 30.0, 40.0]}
    history = {name: np.array(values) for name, values in history.items()}
    assert at([history], "images", 150)["frechet_distance"] == [40.0]
    assert at([history], "cpu", 2)["images"] == [150.0]
    assert reached(history, "frechet_distance", 40) == {"images": 150.0, "cpu": 2.0}
    assert reached(history, "frechet_distance", 60) == {"images": 100.0, "cpu": 1.0}
    assert np.isnan(reached(history, "frechet_distance", 20)["images"])


def test_noise_is_broken_and_renders_are_not():
    import random

    from spaceseed.training.bundled.avatars import render, sample

    drawn = from_uint8(np.stack([render(sample(random.Random(seed)), SIDE) for seed in range(16)]))
    noisy = torch.rand(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    classifier = load_classifier("avatars")
    assert broken(drawn, classifier) == 0
    assert broken(noisy, classifier) == 1
