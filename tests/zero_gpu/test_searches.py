"""Searches on GPUs that are lent: one lease each, few bytes through its pipes, and no trouble loses what was found."""

import os
import signal
import time
from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search import tab
from spaceseed.ui.search.algorithms import ALGORITHMS
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import climb
from spaceseed.ui.search.controls import ASKED as PLACED
from spaceseed.ui.search.hunt import Drawn, Known, Step
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.search.stream import first_steps, steps
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import LeaseError
from spaceseed.ui.state.session import Session

WISH = "a woman with red hair, no glasses"


@pytest.fixture
def visitor(space):
    networks, _ = space
    return Session.on(networks.generator("avatars"))


def ask(visitor, **values):
    """The settings as the page shows them first, with some changed."""
    common = {name: field.default for name, field in SearchSettings.model_fields.items() if name not in PLACED}
    own = {title: {n: f.default for n, f in algorithm.model_fields.items()} for title, algorithm in ALGORITHMS.items()}
    values = common | own | {"algorithm": next(iter(ALGORITHMS)), "prompt": WISH} | values
    return tab.ask(visitor, visitor.workspace.view, Picked({}, None), values, None)


def searched(networks, visitor, job):
    """Runs a search to its end; returns it, and what the page was shown."""
    begun = None
    shown = []
    for values in first_steps(networks, visitor, job):
        begun = values.get("begun") or begun
        shown.append(values)
    shown += steps(networks, visitor, begun)
    return begun, shown


def test_a_search_is_one_lease_from_the_first_image_to_the_last(space, scheduler, visitor):
    networks, _ = space
    state, shown = searched(networks, visitor, ask(visitor, generations=6))
    [lease] = scheduler.leases.values()
    assert lease.ended == "released"
    assert gpu.START_SECONDS < lease.seconds <= gpu.MAX_SECONDS
    assert state.latest.number == 6
    assert state.status.startswith("Done: ")
    wall = [values["wall"] for values in shown if "wall" in values][-1]
    assert all(tile.path for tile in wall.tiles)
    assert all(tile.path for tile in [values["top"] for values in shown if "top" in values][-1].tiles)


def test_it_finds_what_a_search_here_finds(space, scheduler, visitor, monkeypatch):
    networks, _ = space
    lent, _ = searched(networks, visitor, ask(visitor, generations=4))
    monkeypatch.setattr(gpu, "_lease", None)
    here, _ = searched(networks, visitor, ask(visitor, generations=4))
    assert lent.lines == here.lines
    for a, b in zip(lent.latest.top, here.latest.top, strict=True):
        assert torch.equal(a.vector, b.vector)
        assert a.image == b.image
    assert torch.equal(lent.hunt.optimizer.ask(), here.hunt.optimizer.ask())
    assert lent.memory["belongs_to"] == here.memory["belongs_to"]


def test_a_search_that_outlives_its_lease_goes_on_in_another(space, scheduler, visitor, monkeypatch):
    networks, _ = space
    monkeypatch.setattr(gpu, "MAX_SECONDS", gpu.START_SECONDS + 2)
    state, _ = searched(networks, visitor, ask(visitor, generations=60, patience=0))
    assert state.latest.number == 60
    assert len(scheduler.leases) > 1
    assert state.lines["best"] == sorted(state.lines["best"])
    assert not scheduler.open


def test_stop_gives_the_lease_back(space, scheduler, visitor):
    networks, _ = space
    job = ask(visitor, generations=1000, patience=0)
    begun = None
    for values in first_steps(networks, visitor, job):
        begun = values.get("begun") or begun
    for _ in steps(networks, visitor, begun):
        if begun.latest and begun.latest.number > 3:
            job.ticket.stopped = True
    assert begun.status.startswith("Stopped after round ")
    assert not scheduler.open


@pytest.mark.parametrize("leave", ["stop", "close"])
def test_nobody_who_leaves_waits_for_a_gpu_or_keeps_it(space, scheduler, visitor, leave):
    networks, _ = space
    scheduler.busy_seconds = 5.0
    job = ask(visitor, generations=1000, patience=0)
    starting = first_steps(networks, visitor, job)
    for values in starting:
        if "Waiting for a GPU" in str(values):
            break
    if leave == "stop":
        job.ticket.stopped = True
        list(starting)
    else:
        starting.close()
    assert not scheduler.leases  # it was not lent yet
    while not scheduler.leases:
        time.sleep(0.1)
    assert scheduler.endings() == ["released"]


def test_a_page_that_is_closed_gives_the_lease_back(space, scheduler, visitor):
    networks, _ = space
    job = ask(visitor, generations=1000, patience=0)
    *_, last = first_steps(networks, visitor, job)
    running = steps(networks, visitor, last["begun"])
    next(running)
    running.close()
    assert scheduler.endings() == ["released"]


def test_a_killed_worker_keeps_what_was_found_and_the_search_can_go_on(space, scheduler, visitor):
    networks, _ = space
    job = ask(visitor, generations=200, patience=0)
    *_, last = first_steps(networks, visitor, job)
    state = last["begun"]
    for _ in steps(networks, visitor, state):
        if state.latest and state.latest.number > 3 and scheduler.open:
            os.kill(scheduler.open[0].pid, signal.SIGKILL)
    rounds = state.latest.number
    assert state.status == (
        f"The GPU was taken back before the work was done. What was found in {rounds} rounds is kept."
    )
    assert len(state.recipes(8)) == 8
    assert not scheduler.open
    state.job = replace(state.job, settings=state.job.settings.model_copy(update={"generations": 3}))
    list(steps(networks, visitor, tab.go_on(visitor, state)))
    assert state.latest.number > rounds
    assert state.status.startswith("Done: ")


@pytest.mark.parametrize("trouble", [{"quota": 0}, {"times_out": True}, {"down": True}])
def test_a_search_without_a_gpu_says_so(space, scheduler, visitor, trouble):
    networks, _ = space
    for name, value in trouble.items():
        setattr(scheduler, name, value)
    with pytest.raises(LeaseError, match="GPU"):
        list(first_steps(networks, visitor, ask(visitor)))
    assert not scheduler.leases


class RedJudge:
    """Finds red alone beautiful."""

    name, matching = "red", None
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {}

    def embed_text(self, text):
        return (torch.tensor([[1.0, -0.5, -0.5]]) / 1.5**0.5).repeat(1 if isinstance(text, str) else len(text), 1)

    def embed_images(self, images):
        return torch.nn.functional.normalize(images.mean(dim=(2, 3)), dim=1) * 0.99


def test_little_goes_through_the_pipes_at_1024_pixels(space, scheduler, monkeypatch):
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {2**n: 4 for n in range(2, 11)}, mapping_layers=2).requires_grad_(False)
    generator.card = ModelCard("large", "Large", "StyleGAN2", 1024, "none", "", "test", 1, "0" * 64, 0.7, False)
    gpu.share(generator)
    monkeypatch.setitem(gpu._rates, "large", 0.5)  # here, where a CPU plays the GPU
    sizes, read = [], gpu._loads
    monkeypatch.setattr(gpu, "_loads", lambda data: sizes.append((len(data), read(data))) or sizes[-1][1])
    visitor = Session.on(generator)
    few = {"algorithm": "Differential evolution", "Differential evolution": {"population": 8}, "warm_start": 8}
    job = replace(ask(visitor, prompt="red", generations=4, **few), model="large")
    *_, state = begin(generator, RedJudge(), None, job, visitor)
    *_, state = climb(state, visitor, Turns(2, 1.0))
    assert state.status.startswith("Done")
    assert len(scheduler.leases) == 1
    rounds = [size for size, (_, item) in sizes if isinstance(item, Step)]
    first = sum(size for size, (_, item) in sizes if isinstance(item, Drawn | Known))
    assert len(rounds) == 4
    assert max(*rounds, first) < 2 * 10**6
    assert state.latest.top[0].image.width == 512
