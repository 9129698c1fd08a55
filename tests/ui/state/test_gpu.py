"""On ZeroGPU networks work in calls that could run in another process; a stand-in for its package sees to that here."""

import pickle
import sys
from types import SimpleNamespace

import pytest
import torch

from spaceseed.devices import is_zero_gpu
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ui.state.gpu import asked, lend_to_generator, lend_to_judge
from spaceseed.ui.state.networks import Networks


@pytest.fixture
def calls(monkeypatch):
    """What was asked of the GPU: (seconds, bytes handed over) of each call."""
    made = []

    def gpu(duration):
        def decorate(function):
            def call(*args):
                handed = pickle.dumps(args)
                made.append((duration(*args), len(handed)))
                with torch.enable_grad():  # a worker knows nothing of its caller's mode
                    return pickle.loads(pickle.dumps(function(*pickle.loads(handed))))

            return call

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return made


def make_generator():
    torch.manual_seed(0)
    return StyleGAN2(8, 8, {4: 8, 8: 4}, mapping_layers=2).requires_grad_(False)


class Judge:
    def __init__(self):
        self.model, self.device = torch.nn.Linear(3, 2), torch.device("cpu")

    def embed_images(self, images):
        return self.model(images.mean(dim=(2, 3)))


def test_images_drawn_on_a_lent_gpu_are_the_same(calls):
    plain, lent = make_generator(), lend_to_generator(make_generator())
    ws = plain.map(latents_from_seeds([1, 2], 8))
    assert torch.equal(lent.synthesize(ws, noise="none"), plain.synthesize(ws, noise="none"))
    [(seconds, handed)] = calls
    assert 1 <= seconds <= 120
    assert handed < 10_000  # styles go over, weights do not


def test_random_noise_and_edits_work_too(calls):
    plain, lent = make_generator(), lend_to_generator(make_generator())
    ws = plain.map(latents_from_seeds([1], 8))
    images = [g.synthesize(ws, noise="random", rng=torch.Generator().manual_seed(3)) for g in (plain, lent)]
    assert torch.equal(*images)
    edits = {"b4.conv1": lambda x: 2 * x}
    assert torch.equal(lent.synthesize(ws, edits=edits), plain.synthesize(ws, edits=edits))
    assert len(calls) == 1


def test_a_judge_looks_on_a_lent_gpu(calls):
    judge = Judge()
    images = torch.rand(2, 3, 8, 8)
    expected = judge.embed_images(images).detach()
    seen = lend_to_judge(judge).embed_images(images)
    assert torch.equal(seen, expected)
    assert not seen.requires_grad
    assert len(calls) == 1


def test_the_app_draws_on_lent_gpus(calls):
    networks = Networks("avatars")
    generator = networks.generator("avatars")
    assert networks.generator("avatars") is generator
    generator.synthesize(generator.map(latents_from_seeds([1], generator.z_dim)))
    networks.judge("avatars").embed_images(torch.zeros(1, 3, 64, 64))
    assert len(calls) == 2


def test_more_work_asks_for_more_seconds_up_to_a_bound():
    assert asked(0) < asked(16 * 1024**2) < asked(64 * 1024**2) <= 120
    assert asked(10**12) == 120


def test_elsewhere_nothing_is_changed(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    generator, judge = make_generator(), Judge()
    lend_to_generator(generator)
    lend_to_judge(judge)
    assert "synthesize" not in vars(generator)
    assert "embed_images" not in vars(judge)
    assert not is_zero_gpu()
