"""Training continues exactly after an interruption, grows, and learns."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError, DataError, TrainingError
from spaceseed.training.config import Config, Evolution
from spaceseed.training.data.images import ImageSet
from spaceseed.training.data.labels import Labels
from spaceseed.training.losses import LOSSES
from spaceseed.training.trainer import Trainer

SMALL = Config(
    resolution=8, images=32, batch=4, z_dim=8, capacity=0.05, r1_interval=2, ema_images=10, report_every=16,
    checkpoint_every=8,
)  # fmt: skip
RECIPES = {
    "plain": {},
    "egan": {"objective": "egan"},
    "egan of two": {"objective": "egan", "evolution": Evolution(parents=2, d_steps=2)},
    "ada": {"augment": "ada"},
    "projected": {"projected": "beside", "images": 6, "batch": 2, "report_every": 4, "checkpoint_every": 2},
    "projected egan": {"projected": "only", "objective": "egan", "images": 6, "batch": 2, "report_every": 4},
    "growing": {"resolution": 16, "grow_from": 8},
    "growing pggan": {"resolution": 16, "grow_from": 8, "network": "pggan"},
    "growing egan": {"resolution": 16, "grow_from": 8, "objective": "egan", "evolution": Evolution(parents=2)},
    "dcgan": {"network": "dcgan"},
    "normalized": {"network": "normalized", "objective": "leastsquares", "r1_gamma": 0.0},
    "labels": {"condition": "both"},
    "half": {"precision": "bfloat16", "objective": "hinge"},
}


@pytest.fixture(autouse=True)
def plots(monkeypatch):
    """Replaces plotting, which takes longer than the rest of these tests. Returns the paths of plots."""
    paths = []
    monkeypatch.setattr("spaceseed.training.report.plot", lambda metrics, selections, path: paths.append(path))
    return paths


@pytest.fixture
def images():
    """Returns a function for 16 random images of a side, with two groups of labels."""

    def make(side):
        rng = np.random.RandomState(0)
        labels = Labels({"hair": ("short", "long"), "mood": ("a", "b", "c")}, rng.randint(0, 2, (16, 2)))
        return ImageSet(rng.randint(0, 256, (16, side, side, 3)).astype(np.uint8), labels)

    return make


def everything(trainer):
    """Returns all tensors of a checkpoint, by their path in it."""
    found = {}

    def walk(place, part):
        if isinstance(part, torch.Tensor):
            found[place] = part.clone()
        elif isinstance(part, dict | list | tuple):
            for key, value in part.items() if isinstance(part, dict) else enumerate(part):
                walk(f"{place}/{key}", value)

    walk("", trainer._state())
    return found


def assert_equal(first, second):
    assert first.keys() == second.keys()
    assert not [place for place in first if not torch.equal(first[place], second[place])]


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=name, marks=[pytest.mark.slow] * ("projected" in name or "egan" in name))
        for name, recipe in RECIPES.items()
    ],
)
def test_interrupted_training_equals_uninterrupted_training(recipe, images, tmp_path):
    config = replace(SMALL, **recipe)
    pictures = images(config.resolution)
    whole = Trainer(config, pictures, tmp_path / "whole")
    whole.run()
    stop = Trainer(config, pictures, tmp_path / "parts")
    step = stop._step

    def step_and_stop():
        stop.stopped = stop.seen >= config.images // 3
        return step()

    stop._step = step_and_stop
    stop.run()
    assert 0 < stop.seen < config.images

    def cut(_):
        raise PowerCutError

    with pytest.raises(PowerCutError):  # at the next report, some steps after the last checkpoint
        Trainer(config, pictures, tmp_path / "parts", cut).run()
    last = Trainer(config, pictures, tmp_path / "parts")
    assert 0 < last.seen < config.images
    last.run()
    assert_equal(everything(last), everything(whole))
    tables = [(tmp_path / name / "mutations.csv") for name in ("whole", "parts")]
    assert tables[0].exists() == tables[1].exists() == (config.objective == "egan")
    assert not tables[0].exists() or tables[0].read_text() == tables[1].read_text()
    times = [[row["images"] for row in table(tmp_path / name / "metrics.csv")] for name in ("whole", "parts")]
    assert times[0] == times[1]


@pytest.mark.parametrize("objective", ["nonsaturating", "egan"])
@pytest.mark.parametrize("loss", ["generator", "discriminator"])
def test_the_first_loss_that_is_not_finite_ends_the_training(objective, loss, images, tmp_path, monkeypatch):
    trainer = Trainer(replace(SMALL, objective=objective), images(8), tmp_path)
    game = LOSSES["nonsaturating"]

    def breaks(*logits):
        return getattr(game, loss)(*logits) * (float("nan") if trainer.seen >= 12 else 1.0)

    monkeypatch.setitem(LOSSES, "nonsaturating", replace(game, **{loss: breaks}))
    with pytest.raises(TrainingError, match=f"^Training stopped after 12 images, because the {loss}'s loss is not"):
        trainer.run()
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["seen"] == 8
    monkeypatch.undo()
    again = Trainer(trainer.config, images(8), tmp_path)
    assert all(tensor.isfinite().all() for tensor in everything(again).values())


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_finished_training_continues_with_more_images(images, tmp_path):
    config = replace(SMALL, decay=False)
    Trainer(config, images(8), tmp_path / "a").run()
    longer = Trainer(replace(config, images=48), images(8), tmp_path / "a")
    longer.run()
    whole = Trainer(replace(config, images=48), images(8), tmp_path / "b")
    whole.run()
    assert_equal(everything(longer), everything(whole))


def test_other_settings_and_other_images_are_refused(images, tmp_path):
    Trainer(SMALL, images(8), tmp_path)
    with pytest.raises(ArgumentError, match=r"objective .* as in the run"):
        Trainer(replace(SMALL, objective="hinge"), images(8), tmp_path)
    with pytest.raises(ArgumentError, match="8 pixels wide"):
        Trainer(SMALL, images(16), tmp_path / "other")
    with pytest.raises(ArgumentError, match="labels"):
        Trainer(replace(SMALL, condition="embed"), replace(images(8), labels=None), tmp_path / "other")


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({"hair": ("short", "long"), "mood": ("a", "b", "d")}, r"missing \(mood: c\) and new \(mood: d\)"),
        ({"hair": ("short", "long"), "mood": ("a", "b", "c", "d")}, r"new \(mood: d\)"),
        ({"hair": ("short", "long"), "mood": ("a", "b")}, r"missing \(mood: c\)"),
        ({"hair": ("long", "short"), "mood": ("a", "b", "c")}, "another order"),
        ({"mood": ("a", "b", "c"), "hair": ("short", "long")}, "another order"),
    ],
)
def test_labels_keep_their_meaning_from_start_to_start(groups, told, images, tmp_path):
    config = replace(SMALL, condition="both", images=4)
    Trainer(config, images(8), tmp_path).run()
    longer = replace(config, images=8)
    others = replace(images(8), labels=Labels(groups, np.zeros((16, 2), np.int64)))
    with pytest.raises(DataError, match=told) as caught:
        Trainer(longer, others, tmp_path)
    assert str(tmp_path) in str(caught.value)
    Trainer(longer, images(8), tmp_path).run()


def test_labels_that_are_not_used_may_change(images, tmp_path):
    Trainer(replace(SMALL, images=4), images(8), tmp_path).run()
    Trainer(replace(SMALL, images=8), replace(images(8), labels=None), tmp_path).run()


def test_the_global_generator_is_left_alone(images, tmp_path):
    before = torch.get_rng_state()
    Trainer(replace(SMALL, projected="beside", images=2, batch=2), images(8), tmp_path).run()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("network", ["stylegan2", "pggan"])
def test_the_average_grows_too(network, images, tmp_path):
    trainer = Trainer(replace(SMALL, resolution=16, grow_from=8, network=network), images(16), tmp_path)
    for _ in range(3):
        trainer._step()
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    assert trainer.average.resolution == 8
    small = trainer.average.synthesize(trainer.average.map(z))
    trainer._grow_to(16)
    average = trainer.average
    assert average.resolution == trainer.pair.generator.resolution == 16
    assert not any(p.requires_grad for p in average.parameters())
    coarse = torch.nn.functional.avg_pool2d(average.synthesize(average.map(z)), 2)
    assert (coarse - small)[:, :, 1:-1, 1:-1].abs().mean() < 0.2 * small.std()


def test_a_new_resolution_fades_in_over_half_its_stage(images, tmp_path):
    trainer = Trainer(replace(SMALL, resolution=16, grow_from=8, network="pggan", images=96), images(16), tmp_path)
    fades = {}
    while trainer.seen < 96:
        before = trainer.seen
        trainer._step()
        fades[before] = trainer.pair.fade
    assert {fade for seen, fade in fades.items() if seen < 32 or seen >= 64} == {1.0}
    assert [fades[seen] for seen in (32, 48, 60)] == pytest.approx([0, 0.5, 0.875])


def test_the_step_size_falls_only_in_the_last_quarter(images, tmp_path):
    trainer = Trainer(replace(SMALL, images=64), images(8), tmp_path)
    rates = []
    for _ in range(16):
        trainer._step()
        rates.append(trainer.parents[0].state_dict()["adam"]["param_groups"][0]["lr"])
    assert rates[:13] == [trainer.pair.learning_rate] * 13
    assert rates[12:] == sorted(rates[12:], reverse=True)
    assert rates[-1] < trainer.pair.learning_rate / 3


@pytest.mark.parametrize(
    "recipe",
    [{}, {"objective": "egan", "images": 160}, {"network": "pggan", "capacity": 0.1}],
    ids=["plain", "egan", "pggan"],
)
def test_one_colour_is_learnt(recipe, tmp_path):
    pixels = np.zeros((8, 8, 8, 3), np.uint8)
    pixels[..., 0] = 230
    config = replace(SMALL, **({"learning_rate": 0.01, "images": 320, "report_every": 320} | recipe))
    generator = Trainer(config, ImageSet(pixels), tmp_path).run()
    assert not generator.training
    drawn = generator.synthesize(generator.map(torch.randn(16, 8, generator=torch.Generator().manual_seed(0))))
    assert drawn[:, 0].mean() > 0.2
    assert drawn[:, 1:].mean() < -0.2


def test_a_report_has_the_figures_of_the_averaged_generator(images, tmp_path, capsys, plots):
    def measure(generator):
        assert not generator.training
        return {"Frechet distance, some features": float(generator.resolution)}

    Trainer(replace(SMALL, condition="auxiliary"), images(8), tmp_path, measure).run()
    rows = table(tmp_path / "metrics.csv")
    assert [(row["images"], row["Frechet distance, some features"]) for row in rows] == [("16", "8.0"), ("32", "8.0")]
    assert "Frechet distance, some features 8" in capsys.readouterr().out
    assert plots == 2 * [tmp_path / "plot.png"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.pt", "config.json", "metrics.csv", "preview-00000016.png", "preview-00000032.png",
    }  # fmt: skip


def test_labels_are_left_out_as_often_as_asked(images, tmp_path):
    said = {}
    for unlabelled in (0.0, 0.5, 1.0):
        trainer = Trainer(
            replace(SMALL, condition="both", label_dropout=unlabelled), images(8), tmp_path / str(unlabelled)
        )
        labels = torch.cat([trainer.latents(200)[1], trainer.reals(200)[1]])
        assert labels.shape == (400, 5)
        said[unlabelled] = labels.sum().item() / 800
    assert said[0.0] == 1
    assert said[1.0] == 0
    assert said[0.5] == pytest.approx(0.25, abs=0.08)  # neither dropped together with all groups nor alone
