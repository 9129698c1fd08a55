"""Directions of photographs, as far as they can be tested without the networks that score them."""

import torch

from spaceseed.directions.discovery import find_directions
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.bundled import photographs
from spaceseed.training.bundled.face_networks import SIDE, START, _odds, _turn, cropped


def test_directions_apart_move_along_none_of_the_others(monkeypatch):
    monkeypatch.setattr(photographs, "DRAWS", 2_000)
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    found = find_directions(generator, "sefa", count=3)
    lean = found.vectors + 0.4 * found.vectors.roll(1, dims=0)
    leaning = torch.nn.functional.normalize(lean, dim=1)
    apart = photographs.apart(generator, leaning, found.names)
    crossed = apart.vectors @ leaning.T
    assert (crossed - crossed.diag().diag()).abs().max() < 1e-5
    assert crossed.diag().min() > 0.7
    assert apart.names == found.names
    assert apart.method == "attributes"
    assert apart.scales.min() > 0


def test_samples_are_scored_as_they_were_drawn():
    torch.manual_seed(0)
    generator = StyleGAN2(8, 6, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)
    w, scores = photographs.scored(generator, lambda images: {"red": images[:, 0].mean(dim=(1, 2))}, 60)
    redder = photographs.between_ends(w, scores["red"])
    ws = w[:, None].expand(-1, generator.num_ws, -1)
    more, less = (generator.synthesize(ws + side * redder)[:, 0].mean() for side in (1, -1))
    assert more > less


def test_the_face_is_cut_out_and_scaled():
    images = torch.full((1, 3, 100, 100), -1.0)
    top, left, side = (round(100 * part) for part in (*START, SIDE))
    images[..., top : top + side, left : left + side] = 3.0  # out of range, as generated pixels may be
    face = cropped(images, 32)
    assert face.shape == (1, 3, 32, 32)
    torch.testing.assert_close(face, torch.ones_like(face))


def test_a_nose_right_of_the_middle_turns_the_head_to_the_right():
    points = torch.tensor([[[0.0, 0.0], [4.0, 0.0], [3.0, 1.0]]])
    assert _turn(points, 2, 0, 1).tolist() == [0.5]


def test_odds_of_a_sure_network_stay_finite():
    logarithms = torch.tensor([0.0, -1e-9, -50.0, torch.tensor(0.5).log().item()])
    odds = _odds(logarithms)
    assert odds.isfinite().all()
    assert odds[3].abs() < 1e-5
    assert odds[0] > 10
    assert odds[2] < -40
