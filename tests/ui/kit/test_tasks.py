from threading import Thread

import gradio as gr
import pytest

from spaceseed.ui.kit.tasks import Tasks


@pytest.fixture
def tasks():
    return Tasks()


def test_a_task_ends_when_another_of_its_name_begins(tasks):
    first, other = tasks.begin("page"), tasks.begin("search")
    assert first()
    second = tasks.begin("page")
    assert (first(), second(), other()) == (False, True, True)
    tasks.end("page")
    tasks.end("nothing of this name")
    assert (second(), other()) == (False, True)


def test_an_event_that_was_outdated_before_it_showed_anything_shows_nothing(tasks):
    assert list(tasks.newest("page", ["the page before"])) == ["the page before"]

    def drawing():
        tasks.begin("page")
        yield "too late"

    assert list(tasks.newest("page", drawing())) == [gr.skip()]


def test_the_newest_event_ends_last_so_that_its_value_stays(tasks):
    older = tasks.newest("page", ["old, half", "old, whole"])
    assert next(older) == "old, half"
    shown = []
    newer = Thread(target=lambda: shown.extend(tasks.newest("page", ["new"])))
    newer.start()
    newer.join(0.1)
    assert newer.is_alive()
    assert list(older) == ["new"]
    newer.join()
    assert shown == ["new"]
