"""The command: one sentence for each error, and a run that can be stopped and continued."""

import os
import signal

import numpy as np
import pytest
import torch
from PIL import Image

import spaceseed as ss
from spaceseed.training.__main__ import main
from spaceseed.training.config import Config
from spaceseed.training.trainer import Trainer

SMALL = "--resolution 8 --images 24 --batch 4 --z-dim 8 --capacity .05 --features none --report-every 12 --title Dots"


@pytest.fixture
def folder(tmp_path):
    rng = np.random.RandomState(0)
    for kind in ("cats", "dogs"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(rng.randint(0, 256, (8, 8, 3)).astype(np.uint8)).save(tmp_path / f"data/{kind}/{i}.png")
    return tmp_path


@pytest.fixture
def run(folder):
    """Runs the command on the folder's images."""

    def start(options="", small=SMALL):
        return main(["--data", str(folder / "data"), "--out", str(folder / "run"), *small.split(), *options.split()])

    return start


def test_a_training_ends_in_a_file_that_loads(run, folder, capsys):
    assert run("--condition both --licence CC0-1.0") == 0
    said = capsys.readouterr().out
    assert "12 training images.\nImages by class: cats 6, dogs 6.\n" in said
    assert "not used" not in said
    assert "spaceseed.load(" in said
    generator = ss.load(str(folder / "run/generator.safetensors"), device="cpu")
    assert (generator.card.title, generator.card.licence) == ("Dots", "CC0-1.0")
    assert generator.card.classes == ("class: cats", "class: dogs")
    assert generator.card.truncation == 0.7
    names = {path.name for path in (folder / "run").iterdir()}
    assert {"checkpoint.pt", "config.json", "metrics.csv", "plot.png", "preview-00000024.png"} <= names


def test_classes_that_are_renamed_are_refused_in_a_sentence(run, folder, capsys):
    assert run("--condition both --images 4") == 0
    (folder / "data/cats").rename(folder / "data/ferrets")
    capsys.readouterr()
    assert run("--condition both --images 8") == 2
    said = capsys.readouterr()
    assert "Images by class: dogs 6, ferrets 6." in said.out
    assert said.err.startswith("error: The labels of the images are not those of the run in ")
    assert said.err.endswith("missing (class: cats) and new (class: ferrets); a new run needs a new folder.\n")


def test_labels_that_are_not_used_are_told_so(run, capsys):
    assert run("--images 4") == 0
    said = capsys.readouterr().out
    assert "Images by class: cats 6, dogs 6.\nThe labels are not used without --condition.\n" in said


def test_figures_are_measured_unless_told_otherwise(run, folder):
    assert run(small=SMALL.replace("--features none", "").replace("24", "8")) == 0
    assert "Frechet distance, ImageNet features, N = 12" in (folder / "run/metrics.csv").read_text()


def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_goes_on(run, folder, capsys, monkeypatch):
    step = Trainer._step

    def interrupted(trainer):
        if trainer.seen == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return step(trainer)

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", interrupted)
        assert run() == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert "Stopped at 12 of 24 images; the same command continues from there." in capsys.readouterr().out
    assert run() == 0
    state = torch.load(folder / "run/checkpoint.pt", weights_only=True)
    assert state["seen"] == 24


def test_a_loss_that_is_not_finite_ends_in_a_sentence(run, folder, capsys):
    assert run("--r1-gamma 1e38") == 1
    said = capsys.readouterr().err.splitlines()
    cause = "the discriminator's gradient penalty is not finite"
    assert said[-1] == f"error: Training stopped after 0 images, because {cause}; the last checkpoint is unchanged."
    assert "Traceback" not in "".join(said)
    assert not (folder / "run/checkpoint.pt").exists()


def test_a_second_ctrl_c_ends_at_once(run, monkeypatch):
    def stuck(trainer):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Trainer, "_step", stuck)
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes ignore it by default
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, inherited)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--resolution 12", "resolution = 12 is not allowed: it must be a power of two from 8 to 1024."),
        ("--batch 1", "batch = 1 is not allowed"),
        ("--learning-rate nan", "learning_rate = nan is not allowed"),
        ("--network dcgan --condition embed", "condition = 'embed' is not allowed"),
        ("--network dcgan --grow-from 8", "grow_from = 8 is not allowed"),
        ("--objective egan --mutations hinge --parents 0", "parents = 0 is not allowed"),
        ("--resolution 64", "12 of 12 images had a side below 64 pixels"),
        ("--data nowhere", "nowhere is not a folder."),
        ("--licence " + "x" * 300, "licence = "),
        ("--out /dev/null/run", "/dev/null/run cannot be used: Not a directory."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(options, sentence, run, folder, capsys):
    assert run(options) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (folder / "run/checkpoint.pt").exists()


@pytest.mark.parametrize("options", ["--objective wasserstein", "--batch many", "--colour"])
def test_options_that_do_not_exist_are_refused_briefly(options, run, capsys):
    with pytest.raises(SystemExit) as ended:
        run(options)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") <= 2


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "checkpoint.pt is damaged; delete it"),
        (lambda path: path.write_text("no checkpoint"), "checkpoint.pt is damaged; delete it"),
        (lambda path: path.write_bytes(b""), "checkpoint.pt is damaged; delete it"),
        (lambda path: torch.save({"generator": torch.zeros(2)}, path), "checkpoint.pt is of another version"),
    ],
)
def test_a_checkpoint_that_cannot_be_loaded_is_named(spoil, sentence, run, folder, capsys):
    assert run("--images 4") == 0
    spoil(folder / "run/checkpoint.pt")
    assert run("--images 8") == 2
    assert sentence in capsys.readouterr().err


def test_a_run_is_not_continued_with_other_settings(run, capsys):
    assert run("--images 4") == 0
    assert run("--images 4 --seed 1") == 2
    assert "seed = 1 is not allowed: it must be 0, as in the run in" in capsys.readouterr().err


def test_the_command_without_options_uses_the_settings_defaults():
    from spaceseed.training.__main__ import _config, _parser

    assert _config(vars(_parser().parse_args(["--data", "a", "--out", "b"]))) == Config()
