"""Several processes train the same networks on different data, and continue a run as one process does."""

import os
import subprocess
import sys

import pytest
import torch

from tests.conftest import free_port

pytestmark = pytest.mark.slow

# Each process trains, is stopped and continues. It saves its result for the test.
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
import torch
from spaceseed.errors import TrainingError
from spaceseed.training.config import Config, Evolution
from spaceseed.training.data.images import ImageSet
from spaceseed.training.machine import Machine
from spaceseed.training.losses import LOSSES
from spaceseed.training.trainer import Trainer

torch.set_num_threads(1)
folder = Path(sys.argv[1])
images = ImageSet(np.random.RandomState(0).randint(0, 256, (16, 8, 8, 3)).astype(np.uint8))
machine = Machine("float32")
layer = torch.nn.Linear(3, 2)
for parameter in layer.parameters():
    parameter.grad = torch.full_like(parameter, float(machine.rank))
machine.average_gradients(layer.parameters())
left = {"gradients": [p.grad for p in layer.parameters()], "gathered": machine.gather(machine.rank)}
settings = dict(resolution=8, images=48, batch=4, z_dim=8, capacity=0.05, report_every=24, checkpoint_every=24)
recipes = {"plain": {"augment": "ada"}, "egan": {"objective": "egan", "evolution": Evolution(parents=2, d_steps=2)}}

def train(name, stop):
    trainer = Trainer(Config(**settings, **recipes[name]), images, folder / f"{name}{stop}")
    left[f"data {name}"] = trainer.reals(4)[0]
    step = trainer._step
    def watched():
        trainer.stopped = stop and trainer.machine.rank == 1 and trainer.seen >= 16  # one process alone is told
        return step()
    trainer._step = watched
    trainer.run()
    return trainer

for name in recipes:
    for stop in (False, True):
        trainer = train(name, stop)
        if stop:
            left[f"stopped {name}"] = trainer.seen
            trainer = Trainer(trainer.config, images, folder / f"{name}True")
            trainer.run()
        left[f"{name} {stop}"] = {
            "generators": [p.network.state_dict() for p in trainer.parents],
            "critics": trainer.critics.state_dict(),
            "seen": trainer.seen,
        }
broken = Trainer(Config(**settings), images, folder / "broken")
game = LOSSES["nonsaturating"]

def breaks(real, fake):
    return game.discriminator(real, fake) * (float("nan") if machine.rank == 1 and broken.seen >= 32 else 1.0)

LOSSES["nonsaturating"] = replace(game, discriminator=breaks)
try:
    broken.run()
except TrainingError as error:
    left["broken"] = str(error)
torch.save(left, folder / f"left{machine.rank}.pt")
"""


def tensors(part):
    if isinstance(part, torch.Tensor):
        return [part]
    return (
        [t for value in (part.values() if isinstance(part, dict) else part) for t in tensors(value)]
        if isinstance(part, dict | list | tuple)
        else []
    )


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """Returns the results of two processes."""
    folder = tmp_path_factory.mktemp("two")
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    common = address | {"WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in started:
            problem = process.communicate(timeout=240)[1]
            assert process.returncode == 0, problem[-3000:]
    finally:
        for process in started:
            process.kill()
    return [torch.load(folder / f"left{rank}.pt", weights_only=True) for rank in range(2)]


def test_gradients_are_means_over_processes(left):
    for its in left:
        assert all((gradient == 0.5).all() for gradient in its["gradients"])
        assert its["gathered"] == [0, 1]


@pytest.mark.parametrize("recipe", ["plain", "egan"])
def test_processes_agree_on_everything_but_their_data(left, recipe):
    first, second = (its[f"{recipe} False"] for its in left)
    assert first["seen"] == second["seen"] == 48
    assert not torch.equal(left[0][f"data {recipe}"], left[1][f"data {recipe}"])
    pairs = list(zip(tensors(first["critics"]), tensors(second["critics"]), strict=True))
    for mine, other in zip(first["generators"], second["generators"], strict=True):
        pairs += [(mine[name], other[name]) for name in mine if name != "mapping.w_avg"]  # depends on a process's own z
    assert len(pairs) > 50
    assert all(torch.equal(mine, other) for mine, other in pairs)


@pytest.mark.parametrize("recipe", ["plain", "egan"])
def test_all_processes_stop_together_and_the_run_continues(left, recipe):
    assert left[0][f"stopped {recipe}"] == left[1][f"stopped {recipe}"] < 48
    whole, parts = (tensors(left[0][f"{recipe} {stop}"]) for stop in (False, True))  # of the process that saves
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_a_loss_that_is_not_finite_in_one_process_stops_all(left):
    for its in left:
        assert its["broken"].startswith(
            "Training stopped after 32 images, because the discriminator's loss is not finite"
        )
