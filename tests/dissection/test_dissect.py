import pytest
import torch
from torch import nn

import spaceseed.dissection.dissect as module
from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.draft import Draft
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.segmenter import Segmenter
from tests.dissection.oracle import BOTH, CLASSES, GREEN, IDLE, RED, Shapes, colours
from tests.models.families import FAMILIES


class Halves(nn.Module):
    """Sees the lower half of each image as another class."""

    def forward(self, images):
        lower = (torch.arange(images.shape[-2]) >= images.shape[-2] // 2).float()[:, None].expand(images.shape[-2:])
        return torch.stack([1 - lower, lower]).expand(len(images), -1, -1, -1)


def test_units_are_found_for_what_they_draw(units):
    assert units.top("red", 1) == (RED,)
    assert units.top("green", 1) == (GREEN,)
    assert units.iou[RED, 1] > 0.6
    assert units.iou[GREEN, 2] > 0.6
    assert 0.1 < units.iou[BOTH, 1] < units.iou[RED, 1]
    assert units.iou[IDLE].max() < 0.2 or units.iou[IDLE].argmax() == 0


def test_a_table_says_what_it_was_made_of(units):
    assert units.classes == CLASSES
    assert (units.model, units.layer, units.segmenter) == ("shapes", "shapes", "colours")
    assert (units.count, units.seed, units.truncation) == (40, 0, 1.0)
    assert units.iou.shape == units.values.shape == (4, 3)
    assert units.thresholds.shape == units.high.shape == (4,)


def test_values_are_the_mean_activation_where_the_class_is(units):
    assert units.values[RED, 1] == pytest.approx(1, abs=1e-5)
    assert units.values[GREEN, 2] == pytest.approx(2, abs=1e-5)
    assert units.values[RED, 2] == pytest.approx(0, abs=1e-5)


def test_the_strongest_images_are_named(shapes, units):
    z = latents_from_seeds(units.seeds[GREEN], shapes.z_dim)
    assert (z[:, 1] > 0).all()
    assert len(set(units.seeds[IDLE].tolist())) == 4


@pytest.mark.parametrize("size", [1, 3, 40])
def test_the_size_of_batches_makes_no_difference(monkeypatch, shapes, segmenter, units, size):
    monkeypatch.setattr("spaceseed.dissection.sample.batch_size", lambda _: size)
    monkeypatch.setattr(module, "batch_size", lambda _: size)
    again = dissect(shapes, segmenter, "shapes", 40)
    assert torch.equal(again.iou, units.iou)
    assert torch.equal(again.thresholds, units.thresholds)
    assert torch.allclose(again.values, units.values)
    assert torch.equal(again.seeds, units.seeds)


def test_a_share_of_places_can_be_asked_for(shapes, segmenter):
    table = dissect(shapes, segmenter, "shapes", 40, share=0.1)
    assert table.top("red", 1) == (RED,)
    assert 0.5 < table.thresholds[IDLE] < 1.5


class Reweighted(Shapes):
    """Other weights under the same name."""

    def __init__(self):
        super().__init__()
        self.weight.data += 1


class StoppedError(Exception):
    pass


def test_work_that_was_stopped_goes_on(monkeypatch, tmp_path, shapes, segmenter, units):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0)
    monkeypatch.setattr("spaceseed.dissection.dissect.batch_size", lambda _: 8)
    draft, told = tmp_path / "draft", []

    def stop(share):
        told.append(share)
        if share > 0.5:
            raise StoppedError

    with pytest.raises(StoppedError):
        dissect(shapes, segmenter, "shapes", 40, draft=draft, progress=stop)
    assert 0 < Draft.open(draft, torch.device("cpu")).done < 40
    again = []
    table = dissect(shapes, segmenter, "shapes", 40, draft=draft, progress=again.append)
    assert again[0] > 0.5
    assert again[-1] == 1
    assert torch.equal(table.iou, units.iou)
    assert torch.equal(table.seeds, units.seeds)
    assert torch.allclose(table.values, units.values)
    assert not draft.exists()


def test_a_draft_of_other_work_is_refused(monkeypatch, tmp_path, shapes, segmenter):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0)
    draft = tmp_path / "draft"

    def stop(share):
        if share > 0.5:
            raise StoppedError

    with pytest.raises(StoppedError):
        dissect(shapes, segmenter, "shapes", 40, draft=draft, progress=stop)
    with pytest.raises(DissectionError, match="other work"):
        dissect(shapes, segmenter, "shapes", 41, draft=draft)
    with pytest.raises(DissectionError, match="other work"):
        dissect(Reweighted(), segmenter, "shapes", 40, draft=draft)
    draft.write_bytes(draft.read_bytes()[:-9])
    with pytest.raises(DissectionError, match="damaged"):
        dissect(shapes, segmenter, "shapes", 40, draft=draft)


def test_progress_rises_to_the_end(shapes, segmenter):
    told = []
    dissect(shapes, segmenter, "shapes", 20, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_style_channels_are_found_for_what_they_change(shapes, segmenter):
    table = dissect(shapes, segmenter, "colours", 24)
    assert table.top("red", 1) == (0,)
    assert table.iou[0, 1] == 1
    assert table.iou[1].argmax() == 2
    assert not table.iou[2].any()
    assert table.thresholds[0] == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_families_and_layers_can_be_dissected(family):
    torch.manual_seed(0)
    generator = FAMILIES[family]().requires_grad_(False)
    labels = torch.eye(generator.num_classes)[0] if generator.num_classes else None
    segmenter = Segmenter(Halves(), ("upper", "lower"))
    for layer in (generator.layers[0], generator.layers[-1], *generator.styles[:1]):
        table = dissect(generator, segmenter, layer, 2, labels=labels)
        assert len(table) >= 1
        assert table.iou.isfinite().all()


def test_a_segmenter_of_something_else_is_refused(shapes):
    class Nothing(nn.Module):
        def forward(self, images):
            return torch.eye(3)[0][None, :, None, None].expand(len(images), -1, *images.shape[-2:])

    with pytest.raises(DissectionError, match="nothing but nothing in the images"):
        dissect(shapes, Segmenter(Nothing(), CLASSES, name="colours"), "shapes", 10)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"layer": "b999"}, "layer"),
        ({"count": 0}, "count"),
        ({"count": 100_001}, "count"),
        ({"seed": 2**32 - 1}, "seed"),
        ({"share": 0.0}, "share"),
        ({"truncation": 9}, "truncation"),
        ({"labels": torch.ones(3)}, "labels"),
        ({"segmenter": "avatars"}, "segmenter"),
        ({"draft": "no/such/folder/draft"}, "draft"),
    ],
)
def test_bad_arguments_are_named(change, name):
    given = {"generator": Shapes(), "segmenter": colours(), "layer": "shapes", "count": 4} | change
    with pytest.raises(ArgumentError, match=name):
        dissect(**given)
