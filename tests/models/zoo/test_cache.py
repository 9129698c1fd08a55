import threading
from collections import OrderedDict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spaceseed.errors import DownloadError
from spaceseed.models.zoo import loading
from spaceseed.models.zoo.cache import ModelCache

SIZES = {"small": 1, "medium": 3, "large": 5, "huge": 20}
LIMIT = 8


class Network(nn.Module):
    """A network of the given size in bytes: half (rounded down) a parameter, the rest a buffer."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size // 2, dtype=torch.uint8), requires_grad=False)
        self.register_buffer("mean", torch.zeros(size - size // 2, dtype=torch.uint8))


def ask_meanwhile(count, ask, started, go_on):
    """Lets several threads request a model: the first begins to load it, the others come meanwhile."""
    threads = [threading.Thread(target=ask) for _ in range(count)]
    threads[0].start()
    assert started.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def loaded(monkeypatch):
    """Replaces loading by stand-ins, and returns the list of loaded names."""
    loaded = []

    def load(name, device, progress):
        loaded.append(name)
        return Network(SIZES[name])

    monkeypatch.setattr(loading, "load", load)
    return loaded


@given(st.lists(st.sampled_from(list(SIZES))))
def test_the_models_used_last_stay_within_the_bound(names):
    with pytest.MonkeyPatch.context() as patch:
        loads = []
        patch.setattr(loading, "load", lambda name, device, progress: loads.append(name) or Network(SIZES[name]))
        residents = ModelCache(LIMIT, "cpu")
        kept = OrderedDict()  # the expected contents, the most recently used last
        for name in names:
            expected = len(loads) + (name not in kept)
            generator = residents.get(name)
            assert len(loads) == expected
            assert kept.setdefault(name, generator) is generator
            kept.move_to_end(name)
            while len(kept) > 1 and sum(SIZES[name] for name in kept) > LIMIT:
                kept.popitem(last=False)
            assert {name for name in SIZES if name in residents} == kept.keys()


def test_removed_generators_stay_usable(loaded):
    residents = ModelCache(LIMIT, "cpu")
    held = residents.get("large")
    residents.get("huge")
    assert len(held.mean) == 3
    assert residents.get("large") is not held


def test_threads_share_one_load(monkeypatch):
    started, go_on, loads = threading.Event(), threading.Event(), []

    def load(name, device, progress):
        loads.append(name)
        started.set()
        assert go_on.wait(10)
        return Network(1)

    monkeypatch.setattr(loading, "load", load)
    residents, results = ModelCache(LIMIT, "cpu"), []
    ask_meanwhile(5, lambda: results.append(residents.get("small")), started, go_on)
    assert loads == ["small"]
    assert len(results) == 5
    assert len(set(map(id, results))) == 1


def test_a_slow_load_keeps_nobody_from_another_model(monkeypatch, loaded):
    started, go_on, quick = threading.Event(), threading.Event(), loading.load

    def load(name, device, progress):
        if name == "large":
            started.set()
            assert go_on.wait(10)
        return quick(name, device, progress)

    monkeypatch.setattr(loading, "load", load)
    residents = ModelCache(LIMIT, "cpu")
    slow = threading.Thread(target=residents.get, args=["large"])
    slow.start()
    assert started.wait(10)
    residents.get("small")
    assert loaded == ["small"]
    go_on.set()
    slow.join()
    assert loaded == ["small", "large"]


def test_a_failed_load_changes_nothing_and_may_be_tried_again(monkeypatch, loaded):
    residents = ModelCache(LIMIT, "cpu")
    before = residents.get("large")

    def fail(name, device, progress):
        raise DownloadError("The Hub is away.")

    with monkeypatch.context() as patch:
        patch.setattr(loading, "load", fail)
        for _ in range(2):
            with pytest.raises(DownloadError, match="away"):
                residents.get("huge")
    assert residents.get("large") is before
    assert len(residents.get("huge").mean) == 10


def test_a_failure_reaches_all_waiting_threads(monkeypatch):
    started, go_on, failures = threading.Event(), threading.Event(), []

    def fail(name, device, progress):
        started.set()
        assert go_on.wait(10)
        raise DownloadError("The Hub is away.")

    def ask():
        try:
            residents.get("small")
        except DownloadError as error:
            failures.append(str(error))

    monkeypatch.setattr(loading, "load", fail)
    residents = ModelCache(LIMIT, "cpu")
    ask_meanwhile(3, ask, started, go_on)
    assert failures == ["The Hub is away."] * 3


def test_the_device_and_the_progress_are_passed_on(monkeypatch):
    calls = []
    monkeypatch.setattr(loading, "load", lambda *arguments: calls.append(arguments) or Network(1))
    ModelCache(LIMIT, "cpu").get("small", print)
    assert calls == [("small", torch.device("cpu"), print)]


def test_the_bound_suits_the_device(monkeypatch):
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: type("Properties", (), {"total_memory": 80})
    )
    assert ModelCache(device="cuda:0").limit_bytes == 20
    assert sum(sorted(card.size for card in loading.list_models())[-5:]) < ModelCache(device="cpu").limit_bytes
