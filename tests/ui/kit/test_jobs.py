"""Work that takes long: how waiting is told, and how it is stopped."""

import threading

import pytest

from spaceseed.ui.kit import jobs
from spaceseed.ui.kit.jobs import DownloadProgress, StoppedError, run, size_text, waiting_for
from spaceseed.ui.kit.tasks import Tasks


def test_waiting_is_told_in_lines_and_ends_with_the_result(monkeypatch):
    monkeypatch.setattr(jobs, "LINE_SECONDS", 0.01)
    ready = threading.Event()

    def work():
        ready.wait(10)
        return 42

    steps = waiting_for(work, lambda: "still at it")
    assert next(steps) == "still at it"
    ready.set()
    assert [step for step in steps if step != "still at it"] == [42]


@pytest.mark.parametrize("error", [TimeoutError("the work's own"), ValueError("no")])
def test_what_goes_wrong_in_the_thread_is_raised(error):
    def work():
        raise error

    with pytest.raises(type(error), match=str(error)):
        list(waiting_for(work, lambda: ""))


@pytest.mark.parametrize(("here", "total", "line"), [
    (0, 0, "Loading Cats..."),
    (12_000_000, 121_000_000, "Downloading Cats: 12 MB of 121 MB"),
    (121_000_000, 121_000_000, "Loading Cats..."),
])  # fmt: skip
def test_a_download_says_how_far_it_is(here, total, line):
    progress = DownloadProgress("Cats")
    progress(here, total)
    assert progress.line == line


@pytest.mark.parametrize(("size", "text"), [(5_432_100, "5.4 MB"), (132_717_355, "133 MB")])
def test_sizes_are_for_people(size, text):
    assert size_text(size) == text


def test_work_tells_its_share_and_returns_its_result(monkeypatch):
    monkeypatch.setattr(jobs, "LINE_SECONDS", 0.01)
    ready = threading.Event()

    def work(progress):
        progress(0.5)
        ready.wait(10)
        return 42

    steps = run(Tasks(), "count", work, "{:.0%}".format)
    assert next(steps) == "0%"
    assert "50%" in (next(steps), next(steps))
    ready.set()
    assert [step for step in steps if not isinstance(step, str)] == [42]


def test_work_is_stopped_when_its_task_ends(monkeypatch):
    monkeypatch.setattr(jobs, "LINE_SECONDS", 0.01)
    tasks, told, ended = Tasks(), threading.Event(), []

    def work(progress):
        told.wait(10)
        try:
            progress(0.5)
        except StoppedError:
            ended.append(True)
            raise

    steps = run(tasks, "count", work, str)
    next(steps)
    tasks.end("count")
    with pytest.raises(StoppedError):  # while the work says nothing
        list(steps)
    assert not told.is_set()
    told.set()
    for _ in range(500):
        if ended:
            break
        threading.Event().wait(0.01)
    assert ended
