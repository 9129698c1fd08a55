"""Work on GPUs that are lent, with the real `spaces` package."""

import os
import time
from functools import partial

import pytest
import torch

from spaceseed.images import to_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import LeaseError


def pids(cancelled):
    """Yields the number of this process until it is cancelled."""
    while not cancelled():
        yield os.getpid()
        time.sleep(0.02)


def drawn(space, vectors, cancelled):
    """Yields images."""
    yield space.images(vectors)


def share_done(steps, progress):
    for i in range(steps):
        time.sleep(0.05)
        progress((i + 1) / steps)
    return os.getpid()


def fails(cancelled):
    raise ValueError("There is no such thing.")
    yield


def no():
    return False


def test_work_is_done_in_a_worker_and_the_lease_is_given_back(space, scheduler):
    [pid, *_] = [next(steps := gpu.stream(pids, 20, no))]
    assert pid != os.getpid()
    [lease] = scheduler.open
    assert (lease.seconds, lease.pid) == (20, pid)
    steps.close()
    assert lease.ended == "released"
    assert not scheduler.open


def test_a_worker_that_is_idle_is_used_again(space, scheduler):
    seen = []
    for _ in range(2):
        steps = gpu.stream(pids, 20, no)
        seen.append(next(steps))
        steps.close()
    assert seen[0] == seen[1]
    assert [lease.idle for lease in scheduler.leases.values()][-1]


def test_networks_stay_where_they_are_and_images_are_the_same(space, scheduler):
    networks, _ = space
    generator = networks.generator("avatars")
    here = LatentSpace(generator, "w")
    vectors = here.draw(range(3))
    [images] = gpu.stream(partial(drawn, here, vectors), 10, no)
    with torch.no_grad():
        torch.testing.assert_close(images, here.images(vectors), atol=1e-5, rtol=1e-5)


def test_progress_comes_through_and_ends_the_work(space, scheduler):
    shares = []
    assert gpu.call(partial(share_done, 5), shares.append, 10) != os.getpid()
    assert shares[-1] == 1.0
    assert set(shares) >= {0.2, 0.4, 0.6, 0.8, 1.0}

    def stop(share):
        if share > 0.01:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gpu.call(partial(share_done, 1000), stop, 10)
    assert not scheduler.open


class UnreadableError(Exception):
    """Pickle makes it again with too few arguments."""

    def __init__(self, words, more):
        super().__init__(words)


def fails_oddly(error, cancelled):
    yield 1
    if error == "unreadable":
        raise UnreadableError("There is no such thing.", 1)
    odd = ValueError("There is no such thing.")
    odd.cause = lambda: None
    raise odd


def test_errors_of_the_work_keep_their_words(space, scheduler):
    with pytest.raises(ValueError, match=r"^There is no such thing\.$"):
        list(gpu.stream(fails, 10, no))
    assert not scheduler.open


@pytest.mark.parametrize("error", ["unwritable", "unreadable"])
def test_errors_that_come_through_no_pipe_are_told_of(space, scheduler, error):
    with pytest.raises(RuntimeError, match=r"Error: There is no such thing\."):
        list(gpu.stream(partial(fails_oddly, error), 10, no))
    assert scheduler.endings() == ["released"]


def test_work_is_told_to_end_before_its_lease_does(space, scheduler):
    began = time.monotonic()
    assert list(gpu.stream(pids, gpu.START_SECONDS + 1, no))
    assert time.monotonic() - began < gpu.START_SECONDS


def test_no_more_seconds_are_asked_for_than_are_left(space, scheduler, visitor_token):
    scheduler.quota = 9
    steps = gpu.stream(pids, 30, no)
    next(steps)
    assert scheduler.refused == [30]
    assert [lease.seconds for lease in scheduler.open] == [9]
    steps.close()


def test_a_quota_that_is_used_up_says_when_there_is_more(space, scheduler, visitor_token):
    scheduler.quota = 3
    with pytest.raises(LeaseError) as raised:
        next(gpu.stream(pids, 30, no))
    assert str(raised.value) == "Your GPU time is used up. Try again in 2:13:00."


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"quota": 3}, "The GPU time of this Space is used up for now."),
        ({"times_out": True}, "No GPU was free within a minute: try again later."),
        ({"down": True}, "No GPU was free within a minute: try again later."),
    ],
)
def test_a_refusal_is_one_sentence(space, scheduler, trouble, words):
    for name, value in trouble.items():
        setattr(scheduler, name, value)
    with pytest.raises(LeaseError) as raised:
        next(gpu.stream(pids, 30, no))
    assert str(raised.value) == words


def test_a_worker_that_is_killed_is_told_of(space, scheduler):
    steps = gpu.stream(pids, 30, no)
    os.kill(next(steps), 9)
    with pytest.raises(LeaseError, match="taken back"):
        list(steps)
    assert not scheduler.open
    steps = gpu.stream(pids, 30, no)  # and the next one is lent
    assert next(steps) != os.getpid()
    steps.close()


def test_single_images_of_a_slow_model_are_drawn_in_a_lease(space, scheduler):
    torch.manual_seed(0)
    generator = StyleGAN2(16, 16, {2**n: 4 for n in range(2, 9)}, mapping_layers=2).requires_grad_(False)
    expected = to_uint8(generator.synthesize(ws := generator.map(latents_from_seeds([1, 2], 16))))
    edited = generator.synthesize(ws, edits={"b4.conv1": lambda x: 2 * x})
    gpu.share(generator)
    images = generator.synthesize(ws)
    assert len(scheduler.leases) == 1
    assert abs(to_uint8(images).astype(int) - expected).max() <= 1
    assert torch.equal(generator.synthesize(ws, edits={"b4.conv1": lambda x: 2 * x}), edited)
    assert len(scheduler.leases) == 1
    first, again = (generator.synthesize(ws, noise="random", rng=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)


def test_seconds_are_asked_for_by_how_fast_the_model_was(space, scheduler, monkeypatch):
    networks, _ = space
    monkeypatch.setattr(gpu, "_rates", {})
    generator = networks.generator("avatars")
    first = gpu.seconds_for(generator, 100)
    gpu.note_rate(generator, 100, seconds=10.0)
    slower = gpu.seconds_for(generator, 100)
    assert first < slower == gpu.START_SECONDS + gpu.SPARE_SECONDS + 15
    assert gpu.seconds_for(generator, 10_000) == gpu.MAX_SECONDS
