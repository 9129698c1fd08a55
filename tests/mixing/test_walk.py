"""Walks pass through their finds, eased or not, in w or on arcs of z."""

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.mixing.detours import arc, choose_detours, line
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


def above(limit):
    """A penalty of latents whose first number is above a limit."""
    return lambda latents: (latents[:, 0] - limit).clamp(min=0)


def latents_of(ws):
    """The w [n, w_dim] before truncation of styles that are alike in all layers."""
    return G.truncate(ws, 1 / 0.7)[:, 0]


class TestDetours:
    FINDS = tuple(find(seed) for seed in (1, 2, 3))

    @pytest.mark.parametrize("loop", [True, False])
    def test_in_w_a_walk_goes_around_what_is_refused(self, loop):
        w = torch.cat([f.replace(truncation=1.0).ws(G)[:, 0] for f in self.FINDS])
        penalty = above(float(w[:, 0].min()))
        straight = walk(G, self.FINDS, 61, loop=loop)
        ws = walk(G, self.FINDS, 61, loop=loop, penalty=penalty)
        assert penalty(latents_of(ws)).mean() < 0.8 * penalty(latents_of(straight)).mean()
        assert torch.equal(ws, ws[:, :1].expand_as(ws))
        assert torch.equal(ws, walk(G, self.FINDS, 61, loop=loop, penalty=penalty))
        at_finds = [0, 30, 60] if not loop else [0]
        assert torch.equal(ws[at_finds], straight[at_finds])
        steps = [each.diff(dim=0).flatten(1).norm(dim=1).max() for each in (ws, straight)]
        assert steps[0] < 3 * steps[1]

    def test_on_arcs_a_walk_goes_around_what_is_refused(self):
        z = torch.stack([f.latent for f in self.FINDS])
        seen = []

        def penalty(latents):
            seen.append(latents)
            return above(float(z[:, 0].max()) - 1.0)(latents)

        straight, ws = (walk(G, self.FINDS, 9, way="z", loop=False, penalty=each) for each in (None, penalty))
        assert torch.equal(ws[[0, 4, 8]], straight[[0, 4, 8]])
        assert not torch.equal(ws, straight)
        radius = torch.cat(seen).norm(dim=1)
        assert radius.min() > z.norm(dim=1).min() - 1e-3
        assert radius.max() < z.norm(dim=1).max() + 1e-3

    @pytest.mark.parametrize("way", ["z", "w"])
    def test_where_nothing_is_refused_it_goes_straight(self, way):
        straight, ws = (walk(G, self.FINDS, 30, way=way, penalty=each) for each in (None, above(1e3)))
        assert torch.equal(ws, straight)

    @pytest.mark.parametrize(
        ("finds", "options"),
        [
            ((find(1), find(2, edits=(EDIT,))), {}),
            ((find(1), find(2, truncation=0.5)), {}),
            ((find(1, truncation_cutoff=2), find(2, truncation_cutoff=2)), {}),
            ((find(1), find(2)), {"layers": [0, 1]}),
        ],
        ids=["edited", "truncated otherwise", "truncated in part", "some layers"],
    )
    def test_where_no_w_stands_for_a_frame_it_goes_straight(self, finds, options):
        straight, ws = (walk(G, finds, 30, penalty=each, **options) for each in (None, above(-1e3)))
        assert torch.equal(ws, straight)


@pytest.mark.parametrize("way", [line, arc])
def test_the_best_way_of_each_leg_is_chosen(way):
    draws = torch.randn(13, 16, generator=torch.Generator().manual_seed(0))
    a, b, tried = draws[:4], draws[1:5], draws[5:]
    penalty = above(-1.0)
    offsets = choose_detours(way, a, b, tried, penalty)
    t = torch.linspace(0, 1, 101)

    def cost(offset):
        points = way(a[:, None], b[:, None], t, offset)
        torch.testing.assert_close(points[:, [0, -1]], torch.stack([a, b], dim=1))
        return torch.stack([penalty(leg).mean() for leg in points])

    chosen, straight = cost(offsets[:, None]), cost(torch.zeros(16))
    moved = (offsets != 0).any(dim=1)
    assert moved.any()
    assert (chosen[moved] < straight[moved]).all()
    assert torch.equal(chosen[~moved], straight[~moved])
