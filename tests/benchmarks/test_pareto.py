"""The comparison of fronts."""

import pytest
import torch

from benchmarks.pareto import METHODS, hypervolume


class Flat:
    """Networks whose embedding of a vector is the vector itself."""

    def __init__(self):
        self.judge, self.spaces, self.asked = self, {"z": self}, []
        self.dims = 6

    def embed_text(self, texts):
        return torch.eye(6)[: len(texts)]

    def embed(self, _space, vectors):
        self.asked.append(len(vectors))
        return torch.nn.functional.normalize(vectors, dim=1)

    def draw(self, seeds):
        return torch.randn(len(seeds), self.dims, generator=torch.Generator().manual_seed(len(seeds)))


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_every_method_spends_its_images_and_finds_a_better_front(method):
    networks = Flat()
    few, many = (hypervolume(networks, ("a", "b"), method, evaluations, seed=0) for evaluations in (64, 640))
    assert 0 < few < many < 1
    assert sum(networks.asked) == 64 + 640 + 2 * 256
