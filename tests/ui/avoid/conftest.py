"""Visitors who mark what is bad, on tiny models of random weights."""

from itertools import count
from types import SimpleNamespace

import pytest

from spaceseed.ui.avoid import examples, learning, wall
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state import workspace
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from tests.ui.avoid.lessons import BrightJudge
from tests.ui.standins import stand_in


@pytest.fixture
def bright_networks(monkeypatch):
    """Those that all visitors share, with a judge that knows nothing but brightness, and chance that repeats."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(Networks, "judge", lambda self, model, progress=None: BrightJudge())
    chance = count()
    luck = SimpleNamespace(randbelow=lambda _: next(chance), randbits=lambda _: 0)
    for module in (examples, wall, workspace):
        monkeypatch.setattr(module, "secrets", luck)
    monkeypatch.setattr(learning, "DRAWN", 200)
    monkeypatch.setattr(learning, "DRAWN_REAL", 1_000)
    stand_in(monkeypatch)
    return Networks("avatars")


@pytest.fixture
def learner(bright_networks):
    """One who works with a tiny model of random weights."""
    learner = Session.on(bright_networks.generator("avatars"))
    list(switch(bright_networks, learner, "tiny-stylegan2"))
    return learner
