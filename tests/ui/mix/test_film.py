"""Films without the page."""

from pathlib import Path
from threading import Event

import imageio_ffmpeg
import pytest
import torch
from PIL import Image

from spaceseed.filters.filter import LatentFilter
from spaceseed.images import to_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.recipes.recipe import Edit
from spaceseed.ui.mix import film as film_tab
from spaceseed.ui.mix.film import Script, draw_frames, make, make_gif, take_frame
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.avoiding import Learned
from tests.ui.mix.choosing import choose
from tests.ui.standins import find_of


def film(networks, visitor, order=(1, 2), seconds=0.5, fps=6, way="w", loop=True, eased=True):
    *_, last = make(networks, visitor, choose(visitor, *order), seconds, fps, way, loop, eased)
    return last


@pytest.mark.parametrize(("loop", "way", "frames"), [(True, "w", 6), (False, "z", 3)])
def test_a_film_has_its_frames_as_mp4_and_gif(tiny_networks, collector, loop, way, frames):
    shown = film(tiny_networks, collector, loop=loop, way=way)
    words, path = shown["words"], shown["video"]["value"]
    assert words.startswith(f"{frames} frames")
    assert Path(path).name == "spaceseed-film.mp4"
    assert imageio_ffmpeg.count_frames_and_secs(path)[0] == frames
    gif = Image.open(make_gif(collector))
    assert gif.n_frames == frames
    assert gif.info["loop"] == 0


@pytest.mark.parametrize("model", ["tiny-pggan", "tiny-biggan", "tiny-stylegan3"])
def test_other_families_are_filmed_too(tiny_networks, collector, model):
    list(switch(tiny_networks, collector, model))
    collector.basket.add([find_of(tiny_networks, model, seed) for seed in (1, 2)])
    path = film(tiny_networks, collector, (4, 5), way="z")["video"]["value"]
    assert Path(path).is_file()
    generator = tiny_networks.generator(model)
    taken = collector.film.frame(generator, 0.2)
    assert (taken.name, taken.space) == ("frame 2", "ws")
    drawn = list(draw_frames(generator, collector.film.first, collector.film.ws))[1]
    torch.testing.assert_close(taken.render(generator)[0], drawn, atol=1e-4, rtol=1e-4)


def test_frames_are_drawn_as_the_first_find_is(tiny_networks, collector):
    generator = tiny_networks.generator("avatars")
    first = find_of(tiny_networks, "avatars", 5).replace(noise="random", noise_seed=3, truncation=0.4)
    still = list(draw_frames(generator, first, first.ws(generator).expand(3, -1, -1)))
    assert all((to_uint8(frame[None]) == to_uint8(first.render(generator))).all() for frame in still)


@pytest.mark.parametrize(
    ("order", "options", "sentence"),
    [
        ((), {}, "Choose some finds"),
        ((1,), {}, "two finds or more"),
        ((1, 2), {"seconds": 600, "fps": 24}, "28,800 frames, and 1,200 are allowed"),
        ((1, 2), {"seconds": 0}, "above 0"),
        ((1, 2), {"seconds": None}, "above 0"),
        ((1, 2), {"fps": float("nan")}, "above 0"),
        (range(1, 34), {}, "33 finds: 32 are allowed"),
    ],
)
def test_what_cannot_be_filmed_is_said(tiny_networks, collector, order, options, sentence):
    collector.basket.add([find_of(tiny_networks, "avatars", seed) for seed in range(4, 34)])
    with pytest.raises(ValueError, match=sentence):
        film(tiny_networks, collector, order, **options)
    assert collector.film is None


def test_only_plain_seeds_lie_on_an_arc(tiny_networks, collector):
    edit = Edit(layers=(0,), vector=torch.ones(128), amount=1.0)
    finds = [find_of(tiny_networks, "avatars", 1), find_of(tiny_networks, "avatars", 2).replace(edits=(edit,))]
    with pytest.raises(ValueError, match="passes unedited seeds only"):
        Script.read(finds, 1, 6, "z", True, True)
    assert Script.read(finds, 1, 6, "w", True, True).frames == 12


def test_finds_of_different_models_share_no_film(tiny_networks, collector):
    list(switch(tiny_networks, collector, "tiny-pggan"))
    collector.basket.add([find_of(tiny_networks, "tiny-pggan", 1)])
    with pytest.raises(ValueError, match="different models"):
        film(tiny_networks, collector, (1, 4))


def test_a_cancelled_film_leaves_the_one_before_and_no_file(tiny_networks, collector, said, monkeypatch):
    film(tiny_networks, collector)
    before, left, ended = collector.film, [], Event()
    real = film_tab.write_film

    def write_film(frames, path, fps):
        try:
            real(frames, path, fps)
        finally:
            left.extend(Path(path).parent.iterdir())
            ended.set()

    monkeypatch.setattr(film_tab, "write_film", write_film)
    steps = make(tiny_networks, collector, choose(collector, 1, 2, 3), 10, 30, "w", True, True)
    assert next(steps)["words"] == "Frame 0 of 900"
    collector.tasks.begin("film")
    *_, last = steps
    assert collector.film == before
    assert said == ["Cancelled: no film was made."]
    assert last["words"] == film_tab.READY
    assert ended.wait(60)
    assert left == []


def test_a_visitor_who_leaves_ends_the_film(tiny_networks, collector, monkeypatch):
    drawn, ended = [], Event()
    real = draw_frames

    def counted(*args):
        try:
            for frame in real(*args):
                drawn.append(1)
                yield frame
        finally:
            ended.set()

    monkeypatch.setattr(film_tab, "draw_frames", counted)
    steps = make(tiny_networks, collector, choose(collector, 1, 2, 3), 10, 30, "w", True, True)
    next(steps)
    next(steps)
    steps.close()
    assert ended.wait(60)
    assert len(drawn) < 900
    assert collector.film is None


def test_a_frame_is_shown_large_and_can_be_kept(tiny_networks, collector):
    film(tiny_networks, collector)
    shown = take_frame(tiny_networks, collector, 0.5)
    assert (shown.title, shown.opens) == ("frame 4", True)
    assert collector.picture(shown.find).found.parents == (next(iter(collector.basket.finds)),)
    for moment in (-1.0, 1e9, None):
        assert take_frame(tiny_networks, collector, moment).title in ("frame 1", "frame 6")


@pytest.mark.parametrize("way", ["z", "w"])
def test_a_film_keeps_away_from_what_is_avoided_once_the_filter_is_in_use(tiny_networks, collector, way):
    generator = tiny_networks.generator("avatars")
    space = LatentSpace(generator, "w")
    vectors = space.draw(range(200))
    order = vectors[:, 0].argsort()
    avoid = LatentFilter.fit(vectors[order[100:]], vectors[order[:100]], keep=0.3, space=space)
    avoiding = collector.workspace.avoiding
    avoiding.take(Learned(avoid, space))
    shown = {}
    for used in (False, True):
        avoiding.in_search = used
        film(tiny_networks, collector, (1, 2, 3), way=way, fps=12)
        shown[used] = collector.film.ws
    avoiding.in_search, avoiding.in_breed = False, True
    film(tiny_networks, collector, (1, 2, 3), way=way, fps=12)
    assert torch.equal(collector.film.ws, shown[True])
    w = {used: generator.truncate(ws, 1 / collector.film.first.truncation)[:, 0] for used, ws in shown.items()}
    penalties = {used: float(avoid.penalty(space.from_w(w[used])).mean()) for used in w}
    assert penalties[True] < penalties[False] - 0.01
    assert torch.equal(shown[True][[0, 6, 12]], shown[False][[0, 6, 12]])


def test_a_gif_and_a_frame_need_a_film(tiny_networks, collector):
    with pytest.raises(ValueError, match="Make a film first"):
        make_gif(collector)
    with pytest.raises(ValueError, match="Make a film first"):
        take_frame(tiny_networks, collector, 0.0)
