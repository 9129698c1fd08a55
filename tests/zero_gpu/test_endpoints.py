"""Calls of the app's endpoints on GPUs that are lent: one lease each, and none is kept."""

from pathlib import Path

import spaceseed as ss
from spaceseed.ui.api import pictures, searching
from spaceseed.ui.state import gpu


def test_a_search_is_one_lease_and_one_that_is_left_gives_it_back(space, scheduler):
    networks, _ = space
    *_, (state, recipe, image) = searching.search(networks, "a woman with red hair", images=100)
    [lease] = scheduler.leases.values()
    assert lease.ended == "released"
    assert state["status"].startswith("Done: ")
    assert Path(image["path"]).read_bytes() == ss.Recipe.from_json(recipe).to_bytes(".png", ss.load("avatars"))

    steps = searching.search(networks, "a woman with red hair", images=2000)
    while next(steps)[0]["round"] < 1:
        pass
    assert scheduler.open
    steps.close()
    assert scheduler.endings() == ["released", "released"]


def test_the_pictures_of_a_slow_model_are_one_lease(space, scheduler, monkeypatch):
    networks, _ = space
    here = pictures.generate(networks, [1, 2, 3])
    assert not scheduler.leases
    monkeypatch.setattr(gpu, "is_slow", lambda _: True)
    lent = pictures.generate(networks, [1, 2, 3])
    assert len(scheduler.leases) == 1
    assert [picture["recipe"] for picture in lent] == [picture["recipe"] for picture in here]
    for one, other in zip(lent, here, strict=True):
        assert one["image"]["path"] == other["image"]["path"]  # named after its content
