"""A visitor's search, without the page: what is yielded, and how it ends."""

import itertools
import threading
import time
from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from spaceseed.models.generators.generator import ModelCard
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ui.kit.jobs import duration
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search import climb as module
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import FRAMES
from spaceseed.ui.search.climb import climb as run
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.settings import GAIN, SearchSettings
from spaceseed.ui.state.session import Session


class RedJudge:
    """Finds red alone beautiful; `after` is called with the number of each batch."""

    name, matching = "red", None
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, after=lambda batch: None):
        self.batches, self.after = 0, after

    def embed_text(self, text):
        return (torch.tensor([[1.0, -0.5, -0.5]]) / 1.5**0.5).repeat(1 if isinstance(text, str) else len(text), 1)

    def embed_images(self, images):
        self.batches += 1
        self.after(self.batches)
        return torch.nn.functional.normalize(images.mean(dim=(2, 3)), dim=1) * 0.99


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {4: 8, 8: 8}, mapping_layers=2).requires_grad_(False)
    generator.card = ModelCard("tiny", "Tiny", "StyleGAN2", 8, "none", "", "test", 1, "0" * 64, 0.7, False)
    return generator


@pytest.fixture
def visitor(generator):
    return Session.on(generator)


SHORT = {"algorithm": "Differential evolution", "warm_start": 0, "generations": 2}


def job(visitor, **settings):
    visitor.ticket = Ticket()
    values = {"prompt": "red", "algorithm": "Differential evolution", "warm_start": 0} | settings
    return Job("tiny", visitor.workspace.view, SearchSettings.parse(values), visitor.ticket)


def climb(generator, judge, asked, visitor):
    """Begins a search and runs it; the judge counts no batch before it runs."""
    *_, last = begin(generator, judge, None, asked, visitor)
    judge.batches = 0
    return run(last, visitor, Turns(2, 1.0))


def test_a_search_that_has_ended_waits_for_no_further_turn(generator, visitor):
    *_, last = begin(generator, RedJudge(), None, job(visitor, generations=2), visitor)
    turns = Turns(places=1, seconds=0.0)
    searching = run(last, visitor, turns)
    assert next(state for state in searching if state.ended).status.startswith("Done")
    with turns.line():  # another visitor has come
        assert [state.status for state in itertools.islice(searching, 1)] == []
    assert last.status.startswith("Done")


def test_a_search_ends_with_all_there_is_to_see(generator, visitor):
    *_, last = climb(generator, RedJudge(), job(visitor, generations=12), visitor)
    assert last.ended
    assert last.share == 1
    assert last.status.startswith("Done: 384 images in")
    assert len(last.lines["best"]) == len(last.lines["mean"]) == 12
    assert last.lines["best"] == sorted(last.lines["best"])
    assert last.lines["best"][-1] > last.lines["best"][0]
    numbers = [frame.number for frame in last.frames()]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= FRAMES
    assert last.frames()[-1].shot.score == last.lines["best"][-1]


def test_updates_wait_for_their_time_but_the_last_one_never(generator, visitor, monkeypatch):
    now = 0.0

    def tick():
        nonlocal now
        now += 0.03
        return now

    monkeypatch.setattr(module.time, "monotonic", tick)
    asked = job(visitor, generations=50, **{"Differential evolution": {"population": 4}})
    times = [now for _ in climb(generator, RedJudge(), asked, visitor)]
    assert len(times) < 50
    assert all(later - earlier > 0.199 for earlier, later in itertools.pairwise(times[:-1]))


def test_stop_ends_the_search_within_one_batch_and_keeps_what_was_found(generator, visitor):
    def press_stop(batch):
        if batch == 6:
            visitor.ticket.stopped = True

    judge = RedJudge(press_stop)
    *_, last = climb(generator, judge, job(visitor, generations=100), visitor)
    assert judge.batches == 6
    assert last.ended
    assert last.status == "Stopped after round 3. The best image has all that you asked for."
    assert len(last.recipes(8)) == 8


def test_stop_before_the_first_face_is_no_error(generator, visitor):
    asked = job(visitor)
    climbing = climb(generator, RedJudge(), asked, visitor)
    asked.ticket.stopped = True
    (only,) = climbing
    assert only.ended
    assert only.latest is None
    assert only.status == "Stopped at once."
    assert only.recipes(8) == []
    assert list(begin(generator, RedJudge(), None, asked, visitor)) == []


def test_a_search_that_was_replaced_says_nothing_more(generator, visitor):
    def search_again(batch):
        if batch == 5:
            visitor.ticket = Ticket()

    judge = RedJudge(search_again)
    states = list(climb(generator, judge, job(visitor, generations=100), visitor))
    assert judge.batches == 5
    assert not states[-1].ended


def test_searches_share_nothing(generator, visitor):
    other = Session.on(generator)
    alone = [s.best_score for s in states(climb(generator, RedJudge(), job(visitor, generations=4), visitor))]
    first = climb(generator, RedJudge(), job(visitor, generations=4), visitor)
    second = climb(generator, RedJudge(), job(other, generations=4, seed=9), other)
    next(first), next(second)
    together = [s.best_score for s in states(first)]
    assert together[-1] == alone[-1]


def states(climbing):
    return [state.latest for state in climbing]


def test_recipes_know_how_they_were_found_and_draw_the_same_face(generator, visitor):
    *_, last = climb(generator, RedJudge(), job(visitor, generations=3, space="w", seed=7, warm_start=5), visitor)
    best, *_ = last.recipes(8)
    assert (best.name, best.space, best.found.prompt, best.found.judge) == ("red", "w", "red", "red")
    assert best.found.settings["seed"] == 7
    assert best.found.settings["CR"] == 0.7
    assert best.found.settings["warm_start"] == 5
    assert best.found.score == pytest.approx(last.lines["best"][-1])
    assert jpegs(best.render(generator)) == [last.shown.shots[0].picture]


def test_a_search_that_gets_no_better_ends_and_says_so(generator, visitor):
    *_, last = climb(generator, RedJudge(), job(visitor, generations=500, patience=3), visitor)
    assert last.status.startswith("Nothing got better for 3 rounds: ")
    assert last.latest.number < 500
    assert last.lines["best"][-1] - last.lines["best"][-4] <= GAIN
    assert last.lines["best"][-2] - last.lines["best"][-5] > GAIN


def test_a_search_goes_on_as_if_it_had_not_ended(generator, visitor):
    *_, whole = climb(generator, RedJudge(), job(visitor, generations=6, patience=0), visitor)
    *_, half = climb(generator, RedJudge(), job(visitor, generations=3, patience=0), visitor)
    film, wall = [frame.shot.score for frame in half.film], half.wall
    half.job = replace(half.job, ticket=Ticket())
    visitor.ticket = half.job.ticket
    list(run(half, visitor, Turns(2, 1.0)))
    assert half.lines["best"] == whole.lines["best"]
    assert half.wall is wall
    assert [frame.shot.score for frame in half.film][: len(film)] == film
    assert half.latest.top[0].vector.equal(whole.latest.top[0].vector)
    assert half.generations == len(half.lines["best"]) == 6
    assert half.share == 1
    assert half.status.startswith("Done: 192 images in")


def test_a_stopped_search_goes_on(generator, visitor):
    asked = job(visitor, generations=100)
    judge = RedJudge(lambda batch: setattr(asked.ticket, "stopped", batch == 6))
    *_, state = climb(generator, judge, asked, visitor)
    done = list(state.lines["best"])
    judge.after = lambda batch: None
    state.job = replace(state.job, ticket=Ticket(), settings=SearchSettings.parse({"prompt": "red", **SHORT}))
    visitor.ticket = state.job.ticket
    *_, state = run(state, visitor, Turns(2, 1.0))
    assert state.lines["best"][:3] == done
    assert len(state.lines["best"]) == 5
    assert state.status.startswith("Done")


def test_a_search_runs_once(generator, visitor):
    *_, last = begin(generator, RedJudge(), None, job(visitor, generations=2), visitor)
    assert list(run(last, visitor, Turns(2, 1.0)))
    assert list(run(last, visitor, Turns(2, 1.0))) == []


def test_a_closed_page_closes_the_search(generator, visitor):
    judge = RedJudge()
    climbing = climb(generator, judge, job(visitor, generations=100), visitor)
    next(climbing)
    climbing.close()
    assert judge.batches == 2


def test_a_slow_search_tells_how_far_its_generation_is_and_finds_the_same(generator, visitor, monkeypatch):
    *_, quick = climb(generator, RedJudge(), job(visitor, generations=3), visitor)
    monkeypatch.setattr(module, "is_slow", lambda generator: True)
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    monkeypatch.setattr("spaceseed.ui.kit.jobs.LINE_SECONDS", 0.005)
    judge = RedJudge(lambda batch: time.sleep(0.03))
    lines, state = [], None
    for state in climb(generator, judge, job(visitor, generations=3), visitor):
        lines.append(state.status)
    assert state.lines["best"] == quick.lines["best"]
    assert "Round 1 of 3" in lines
    assert any(line.startswith("Round 2 of 3 · 80 images · ") for line in lines)
    assert lines[-1].startswith("Done: 96 images")


def test_a_slow_search_that_is_closed_ends_its_thread(generator, visitor, monkeypatch):
    monkeypatch.setattr(module, "is_slow", lambda generator: True)
    monkeypatch.setattr("spaceseed.ui.kit.jobs.LINE_SECONDS", 0.005)
    began, judge = threading.Event(), RedJudge(lambda batch: (began.set(), time.sleep(0.02)))
    climbing = climb(generator, judge, job(visitor, generations=500), visitor)
    next(climbing)
    began.wait(10)
    climbing.close()
    for _ in range(200):
        drawn = judge.batches
        time.sleep(0.1)
        if judge.batches == drawn:
            break
    assert judge.batches < 100


def test_pictures_are_kept_as_small_as_they_are_shown(generator, visitor, monkeypatch):
    monkeypatch.setattr("spaceseed.ui.kit.pictures.MAX_SIDE", 4)
    *_, last = climb(generator, RedJudge(), job(visitor, generations=2), visitor)
    assert {find.image.width for find in last.latest.top} == {4}
    assert {frame.shot.picture.width for frame in last.film} == {4}


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (8.4, "8 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s")])
def test_durations_are_for_people(seconds, said):
    assert duration(seconds) == said


def test_leases_too_short_for_a_round_end_the_search_and_keeps_its_finds(generator, visitor, monkeypatch):
    *_, state = begin(generator, RedJudge(), None, job(visitor, **SHORT), visitor)
    list(run(state, visitor, Turns(1, 1.0)))
    leases = []
    monkeypatch.setattr(module.gpu, "lends", lambda: True)
    monkeypatch.setattr(module.gpu, "stream", lambda *asked: leases.append(asked) or (step for step in []))
    visitor.ticket.taken = False
    assert [step.status for step in run(state, visitor, Turns(1, 1.0))] == [
        "The GPU was taken back before the work was done. What was found in 2 rounds is kept."
    ]
    assert len(leases) == 2


def test_going_on_counts_the_seconds_of_each_run_once(generator, visitor):
    *_, state = begin(generator, RedJudge(), None, job(visitor, **SHORT), visitor)
    list(run(state, visitor, Turns(1, 1.0)))
    seconds = state.latest.seconds
    for _ in range(3):
        state.plan()
    assert state._seconds_before == seconds
