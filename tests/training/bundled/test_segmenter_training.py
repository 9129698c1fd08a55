"""Training of the bundled segmenter: faces move together with their masks, and the network learns."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")

from spaceseed.models.judges.segmenter import Segmenter, read_avatars
from spaceseed.training.bundled.masks import CLASSES, Masks
from spaceseed.training.bundled.segmenter import overlaps, save, shown, train


@pytest.fixture(scope="module")
def data():
    """Grey pictures with one bright square each: class 1 on class 0."""
    rng = np.random.default_rng(0)
    images, labels = np.full((48, 32, 32, 3), 60, dtype=np.uint8), np.zeros((48, 32, 32), dtype=np.uint8)
    for i, (top, left) in enumerate(rng.integers(4, 18, (48, 2))):
        images[i, top : top + 10, left : left + 10] = 220
        labels[i, top : top + 10, left : left + 10] = 1
    return Masks(images, labels)


def test_masks_move_with_their_faces(data):
    images = torch.from_numpy(data.images).permute(0, 3, 1, 2).float() / 127.5 - 1
    labels = torch.from_numpy(data.labels).long()
    pictures, shares = shown(images, labels, torch.Generator().manual_seed(0), moving=True)
    assert pictures.shape == images.shape
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(48, 32, 32))
    assert (shares.argmax(dim=1) != labels).any()
    bright = pictures.mean(dim=1) > 0.1
    assert (bright == (shares[:, 1] > 0.5)).float().mean() > 0.97
    again = shown(images, labels, torch.Generator().manual_seed(0), moving=True)
    assert torch.equal(pictures, again[0])
    pictures, shares = shown(images, labels, torch.Generator().manual_seed(0), moving=False)
    assert torch.equal(shares[:, 1], labels.float())
    assert not torch.equal(pictures, images)


def test_it_learns_and_is_saved_in_half_precision(data, tmp_path):
    network = train(data, epochs=2, still=1, batch=4, rate=8e-3, seed=0)
    found = overlaps(Segmenter(network, CLASSES), Masks(data.images[:8], data.labels[:8]))
    assert found["background"] > 0.8
    assert found["skin"] > 0.3
    save(network, tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    assert set(saved) == set(network.state_dict())
    assert saved["last.weight"].dtype == torch.float16
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    same = Segmenter(network, CLASSES).segment(picture) == read_avatars(tmp_path).segment(picture)
    assert same.float().mean() > 0.99
