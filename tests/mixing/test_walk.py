"""Walks pass through their finds, eased or not, in w or on arcs of z."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.mixing.walk import walk
from tests.mixing.finds import EDIT, G, find


class TestWalk:
    @pytest.mark.parametrize("way", ["z", "w"])
    @pytest.mark.parametrize("eased", [True, False])
    def test_it_passes_every_find_and_ends_one_step_before_the_first(self, way, eased):
        finds = [find(seed) for seed in (1, 2, 3)]
        ws = walk(G, finds, 12, way=way, eased=eased)
        assert ws.shape == (12, G.num_ws, 6)
        torch.testing.assert_close(ws[[0, 4, 8]], torch.cat([f.ws(G) for f in finds]), atol=1e-5, rtol=1e-4)
        steps = (ws.roll(-1, 0) - ws).flatten(1).norm(dim=1)
        assert (steps > 0).all()

    def test_without_a_loop_it_ends_at_the_last(self):
        ws = walk(G, [find(1), find(2)], 5, loop=False)
        torch.testing.assert_close(ws[[0, -1]], torch.cat([find(1).ws(G), find(2).ws(G)]))

    def test_easing_slows_down_at_the_finds(self):
        ws = walk(G, [find(1), find(2)], 21, loop=False)
        steps = ws.diff(dim=0).flatten(1).norm(dim=1)
        assert steps[0] < steps[10] / 3
        assert steps[-1] < steps[10] / 3

    def test_layers_not_named_stay_as_in_the_first(self):
        ws = walk(G, [find(1), find(2)], 6, layers=[0, 1])
        assert torch.equal(ws[:, 2:], find(1).ws(G)[:, 2:].expand(6, -1, -1))
        assert not torch.equal(ws[3, :2], ws[0, :2])

    @pytest.mark.parametrize(
        ("count", "options", "name"),
        [
            (1, {}, "recipes"),
            (33, {}, "recipes"),
            (2, {"frames": 10_000}, "frames"),
            (2, {"frames": 1}, "frames"),
            (2, {"way": "x"}, "way"),
        ],
    )
    def test_faults_are_named(self, count, options, name):
        with pytest.raises(ArgumentError) as caught:
            walk(G, [find(seed) for seed in range(count)], **({"frames": 10} | options))
        assert caught.value.name == name

    def test_edited_finds_have_no_way_through_z(self):
        with pytest.raises(ArgumentError, match="edited"):
            walk(G, [find(1), find(2, edits=(EDIT,))], 10, way="z")
