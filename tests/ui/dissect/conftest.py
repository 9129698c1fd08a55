"""What tests of the Dissect tab share."""

import pytest
import torch

from spaceseed.dissection.units import UnitTable
from spaceseed.ui.shell.switching import switch

LAYER = "b16.conv1"


@pytest.fixture
def table(networks, generator, monkeypatch):
    """A table of units of the bundled generator, in place of the bundled one: what is strong is easily seen."""
    units, rng = 128, torch.Generator().manual_seed(0)
    iou = torch.rand(units, 3, generator=rng) / 2
    iou[:, 2] = 0.01
    made = UnitTable(
        model="avatars",
        sha256=generator.card.sha256,
        layer=LAYER,
        segmenter="avatars",
        classes=("background", "glasses", "snow"),
        count=4,
        seed=0,
        truncation=1.0,
        iou=iou,
        thresholds=torch.full((units,), 0.5),
        values=torch.full((units, 3), 5.0),
        high=torch.full((units,), 5.0),
        seeds=torch.randint(100, (units, 4), generator=rng),
    )
    monkeypatch.setattr("spaceseed.ui.state.dissecting.bundled_layers", lambda generator: ())
    monkeypatch.setattr(networks.units, "_measured", {})
    monkeypatch.setattr(networks.units, "_pictures", {})
    networks.units.add(generator, made)
    return made


@pytest.fixture
def moved(tiny_networks, newcomer):
    """Changes the newcomer's model."""

    def to(model):
        list(switch(tiny_networks, newcomer, model))
        return tiny_networks.generator(model)

    return to
