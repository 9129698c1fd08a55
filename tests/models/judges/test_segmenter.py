"""Segmenters: labels and probabilities of any images, and the bundled network on faces that it has never seen."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.images import from_uint8
from spaceseed.models.judges import segmenter as module
from spaceseed.models.judges.segmenter import Segmenter, UNet, load_segmenter

# Faces 0 to 23 of the split "held_out", 6 in a row, and their masks: indices into the classes.
DATA = Path(__file__).parents[2] / "data" / "avatar_masks"
SIDE = 64


@pytest.fixture(scope="module")
def segmenter():
    return load_segmenter("avatars")


def cells(file):
    grid = np.asarray(Image.open(DATA / file))
    rows, columns = grid.shape[0] // SIDE, grid.shape[1] // SIDE
    return grid.reshape(rows, SIDE, columns, SIDE, -1).swapaxes(1, 2).reshape(rows * columns, SIDE, SIDE, -1)


@pytest.fixture(scope="module")
def images():
    return from_uint8(cells("faces.png"))


@pytest.fixture(scope="module")
def masks():
    return torch.from_numpy(cells("masks.png")[..., 0]).long()


class Brightest(nn.Module):
    """Three logits: how red, green and blue a pixel is. Two pixels of the image make one of the map."""

    def forward(self, x):
        self.seen = x
        return 50 * F.avg_pool2d(x, 2)


def overlaps(found, truth, classes):
    both = [((found == k) & (truth == k)).sum() for k in range(classes)]
    either = [((found == k) | (truth == k)).sum() for k in range(classes)]
    return torch.tensor(both) / torch.tensor(either)


def test_faces_never_seen_are_segmented(segmenter, images, masks):
    assert segmenter.classes == (
        "background",
        "skin",
        "hair",
        "glasses",
        "beard",
        "eyes",
        "brows",
        "mouth",
        "clothes",
    )
    found = overlaps(segmenter.segment(images), masks, len(segmenter.classes))
    assert found.mean() >= 0.95
    assert found.min() >= 0.8  # brows, which are as thin as a pixel


def test_labels_have_the_images_own_size(segmenter, images, masks):
    for height, width in ((32, 32), (128, 128), (96, 48), (1, 1), (7, 200)):
        sized = F.interpolate(images[:2], (height, width), mode="bilinear", antialias=True)
        labels = segmenter.segment(sized)
        assert labels.shape == (2, height, width)
        assert labels.dtype == torch.int64
        assert segmenter.probabilities(sized).shape == (2, 9, height, width)
    large = segmenter.segment(F.interpolate(images, scale_factor=2, mode="bilinear"))
    assert (large[:, ::2, ::2] == masks).float().mean() > 0.95


def test_probabilities_sum_to_one_and_the_largest_is_the_label(segmenter, images):
    probabilities = segmenter.probabilities(images)
    assert probabilities.shape == (24, 9, SIDE, SIDE)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(24, SIDE, SIDE))
    assert torch.equal(probabilities.argmax(dim=1), segmenter.segment(images))


def test_results_do_not_depend_on_the_batch(segmenter, images, monkeypatch):
    alone = torch.cat([segmenter.probabilities(image[None]) for image in images[:4]])
    torch.testing.assert_close(segmenter.probabilities(images[:4]), alone, rtol=0, atol=1e-5)
    together = segmenter.segment(images)
    monkeypatch.setattr(module, "MAX_VALUES", 5 * 9 * SIDE**2)  # five images at a time
    assert (segmenter.segment(images) == together).float().mean() > 0.9999
    assert segmenter.segment(images[:0]).shape == (0, SIDE, SIDE)


def test_it_is_small_and_frozen_and_gradients_reach_the_images(segmenter, images):
    parameters = list(segmenter.network.parameters())
    assert (module.ASSETS / "model.safetensors").stat().st_size < 10**6
    assert not segmenter.network.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in parameters)
    pictures = images[:2].clone().requires_grad_()
    assert not segmenter.segment(pictures).requires_grad
    segmenter.probabilities(pictures)[:, segmenter.classes.index("hair")].sum().backward()
    assert pictures.grad is not None
    assert (pictures.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_what_the_screen_clips_does_not_count(segmenter, images):
    assert torch.equal(segmenter.segment(images * 3), segmenter.segment((images * 3).clamp(-1, 1)))


def test_faces_of_the_generator_have_what_the_classifier_says(segmenter):
    G = ss.load("avatars")
    drawn = G.synthesize(G.map(ss.latents_from_seeds(range(32), G.z_dim), truncation=0.7))
    words, labels = ss.load_classifier("avatars").words(drawn), segmenter.segment(drawn)
    for kind, none in (("glasses", "none"), ("beard", "none"), ("hair", "bald")):
        shown = (labels == segmenter.classes.index(kind)).float().mean(dim=(1, 2)) > 0.005
        wanted = torch.tensor([word[kind] != none for word in words])
        assert (shown == wanted).float().mean() > 0.9, kind


def test_it_says_where_it_is_from(segmenter):
    assert (segmenter.name, segmenter.domain) == ("avatars", "drawn faces")
    assert len(segmenter.sha256) == 64
    assert segmenter.device == torch.device("cpu")
    segmenter.to("cpu")


def test_any_network_makes_a_segmenter():
    network = Brightest()
    mine = Segmenter(network, ["red", "green", "blue"], mean=(0.5, 0.5, 0.5), std=(2.0, 2.0, 2.0))
    image = torch.full((1, 3, 8, 8), -1.0)
    image[:, 0, :4], image[:, 2, 4:] = 1.0, 1.0
    assert torch.equal(mine.segment(image)[0], torch.tensor([0, 0, 0, 0, 2, 2, 2, 2])[:, None].expand(8, 8))
    assert network.seen.unique().tolist() == [-0.75, 0.25]
    assert (mine.name, mine.sha256) == (None, "")
    Segmenter(network, "rgb", resolution=32).segment(image)
    assert network.seen.shape == (1, 3, 32, 32)


def test_a_unet_has_a_logit_for_each_class_and_pixel():
    assert UNet(5, (4, 6, 8)).eval()(torch.zeros(2, 3, 16, 24)).shape == (2, 5, 16, 24)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(3, 64, 64),
        torch.zeros(1, 1, 64, 64),
        torch.zeros(1, 3, 0, 8),
        torch.full((1, 3, 8, 8), torch.nan),
        "images",
    ],
)
def test_images_that_do_not_fit_are_named(segmenter, images):
    for look in (segmenter.segment, segmenter.probabilities):
        with pytest.raises(ArgumentError, match="images"):
            look(images)


@pytest.mark.parametrize("name", ["avatar", "", None, 3, ["avatars"]])
def test_unknown_names_are_refused(name):
    with pytest.raises(ArgumentError, match="one of 'avatars', 'faces', 'scenes'"):
        load_segmenter(name)


def test_a_device_that_is_not_here_is_named():
    with pytest.raises(ArgumentError, match="device = 'gpu'"):
        load_segmenter(device="gpu")
