"""A layer is dissected while the app runs: once for all, and only if nobody stops it."""

import pytest
import torch
from torch import nn

from spaceseed.models.judges.segmenter import Segmenter
from spaceseed.ui.dissect import events, measuring
from spaceseed.ui.dissect.measuring import measure, segmenter_of
from spaceseed.ui.state.session import Session
from tests.ui.standins import find_of

LAYER = "b8.conv1"


class Half(nn.Module):
    """Calls the left half of an image glasses, or nothing of it."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def forward(self, images):
        logits = torch.zeros(len(images), 2, *images.shape[2:])
        logits[:, 1, :, : images.shape[-1] // 2] = 1.0 if self.seen else -1.0
        return logits


@pytest.fixture
def asker(networks, session, table, find, monkeypatch):
    """A visitor at a layer of which nothing is known; two batches are enough to learn it."""
    monkeypatch.setattr(measuring, "COUNT", 20)
    monkeypatch.setattr(measuring, "_segmenter", lambda name, device: Segmenter(Half(True), ["none", "glasses"]))
    events.open_find(networks, session, find(7))
    events.choose_layer(networks, session, LAYER)
    return session


def test_a_layer_is_dissected_once_for_all(networks, generator, asker):
    *lines, (words, stop) = measure(networks, asker)
    assert (words, stop.visible) == ("", False)
    assert lines[0][0] == "Dissecting: 0%"
    assert lines[0][1].visible
    table = networks.units.table(generator, LAYER)
    assert (table.count, table.classes) == (20, ("none", "glasses"))
    assert not events.controls(networks, asker)["measure"].visible
    other = Session.on(generator)
    events.choose_layer(networks, other, LAYER)
    assert [words for words, _ in measure(networks, other)] == [""]


def test_stopped_it_leaves_nothing_behind(networks, generator, asker):
    lines = measure(networks, asker)
    next(lines)
    asker.tasks.end(measuring.TASK)
    assert list(lines)[-1][0] == "Stopped: nothing has changed."
    assert networks.units.table(generator, LAYER) is None


def test_where_a_segmenter_sees_nothing_a_sentence_says_so(networks, asker, monkeypatch):
    monkeypatch.setattr(measuring, "_segmenter", lambda name, device: Segmenter(Half(False), ["none", "glasses"]))
    with pytest.raises(ValueError, match="No segmenter here knows"):
        list(measure(networks, asker))


def test_models_with_classes_are_dissected_for_those_chosen(tiny_networks, newcomer, moved, asker, monkeypatch):
    generator = moved("tiny-classes")
    events.open_find(tiny_networks, newcomer, find_of(tiny_networks, "tiny-classes"))
    events.choose_layer(tiny_networks, newcomer, generator.layers[1])
    list(measure(tiny_networks, newcomer))
    labels = measuring.labels_of(tiny_networks, newcomer)
    assert labels.tolist() == [1, 0, 0, 0, 0]
    assert tiny_networks.units.table(generator, generator.layers[1], labels) is not None
    assert tiny_networks.units.table(generator, generator.layers[1]) is None
    monkeypatch.setattr("spaceseed.ui.state.dissecting.COUNTS", 0.0)
    assert events.controls(tiny_networks, newcomer)["thing"].value == "glasses"
    assert all(unit.path for unit in list(events.show_units(tiny_networks, newcomer))[-1][1])


@pytest.mark.parametrize(("model", "name"), [("avatars", "avatars"), ("tiny-biggan", "scenes")])
def test_the_segmenter_suits_what_the_model_draws(tiny_networks, model, name):
    assert segmenter_of(tiny_networks.generator(model)) == name
