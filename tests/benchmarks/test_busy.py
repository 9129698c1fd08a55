"""The study of a busy machine: what it counts, and that it runs from end to end."""

import json
import sys
from contextlib import nullcontext

import pytest

from benchmarks import busy

RED = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs="
APP = "http://app.test/"


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


def test_a_picture_that_cannot_be_shown_is_dead(page):
    page.set_content(f'<div><img src="{RED}"><img src="{RED[:40]}"></div><img src="data:,">')
    count = busy.Count()
    count.look(page, "div")
    page.set_content(f'<div><img src="{RED}"></div>')
    count.look(page, "div")
    assert count == busy.Count(pages=2, spoiled=1, pictures=3, dead=1)


def test_files_that_fail_or_are_cut_off_are_counted(page, tmp_path):
    for name in ("whole.txt", "cut.txt", "lost.txt"):
        (tmp_path / name).write_text("all of it")
    bodies = {"whole.txt": "all of it", "cut.txt": "all"}

    def answer(route):
        name = route.request.url.rpartition("/")[2]
        if name == "lost.txt":
            route.abort("connectionreset")
        elif name in bodies:
            route.fulfill(body=bodies[name])
        else:
            route.fulfill(body="<p>page</p>", status=404 if name == "missing" else 200, content_type="text/html")

    page.route("**/*", answer)
    watch = busy.Watch(APP)
    watch.follow(page)
    page.goto(APP)
    addresses = [f"{APP}file={tmp_path}/{name}" for name in ("whole.txt", "cut.txt", "lost.txt")]
    page.evaluate(
        "(addresses) => Promise.allSettled(addresses.map((address) => fetch(address).then((file) => file.text())))",
        [*addresses, APP + "missing"],
    )
    watch.measure()
    assert (watch.failed, watch.short) == (2, 1)


@pytest.mark.slow
def test_visitors_search_and_breed(browser, monkeypatch, tmp_path):
    monkeypatch.setitem(busy.SETTINGS, "generations", 1)
    monkeypatch.setattr(sys, "argv", ["busy", "--quick", "--out", str(tmp_path)])
    monkeypatch.setattr(busy, "chromium", lambda: nullcontext(browser))  # one runs for all tests
    busy.main()
    figures = json.loads((tmp_path / "busy.json").read_text())
    for name in ("searches", "breed"):
        assert figures[name]["pages"] == 2
        assert figures[name]["pictures"] >= 18
        assert figures[name]["dead"] == figures[name]["spoiled"] == 0
    assert figures["failed_requests"] == figures["short_files"] == figures["wrong_length_in_log"] == 0
    assert "| searches of 100 images | 2 | 0 |" in (tmp_path / "busy.md").read_text()
