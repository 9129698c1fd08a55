"""The page on a ZeroGPU Space: what visitors see of leases, and that one search is one."""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.conftest import PAGE_WAIT, app_process, free_port
from tests.ui.conftest import visits
from tests.ui.searches import prompt


@pytest.fixture(scope="module")
def url(service, tmp_path_factory):
    """A Space's address."""
    expect.set_options(timeout=PAGE_WAIT)
    settings = {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": service.url,
        "ZEROGPU_OFFLOAD_DIR": str(tmp_path_factory.mktemp("packs")),
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    with app_process(free_port(), module="tests.zero_gpu", **settings) as url:
        yield url


@pytest.fixture
def page(url, scheduler, browser):
    with visits(url, browser) as visit:
        page = visit("#search")
        expect(page.locator("#search-prompt textarea")).to_be_visible()
        yield page


def search(page, words="bald man"):
    prompt(page, words).press("Enter")


def status(page, words):
    expect(page.locator("#search-status")).to_contain_text(re.compile(words))


def test_a_search_is_one_lease(page, scheduler):
    search(page)
    status(page, "Done|Nothing got better")
    expect(page.locator("#search-top img")).to_have_count(8)
    assert scheduler.endings() == ["released"]


def test_stop_gives_the_gpu_back(page, scheduler):
    search(page)
    status(page, r"Round \d+ of")
    page.locator("#search-stop").click()
    status(page, "Stopped after")
    assert scheduler.endings() == ["released"]


def test_a_worker_that_is_killed_is_told_of_and_the_finds_stay(page, scheduler):
    search(page)
    status(page, r"Round \d+ of")
    expect(page.locator("#search-top img").first).to_be_visible()
    os.kill(scheduler.open[0].pid, signal.SIGKILL)
    status(page, r"taken back before the work was done\. What was found in \d+ rounds? is kept\.")
    page.locator("#search-keep-best").click()
    expect(page.get_by_test_id("toast-text").last).to_contain_text("Kept 1")


def test_a_quota_that_is_used_up_is_one_sentence(page, scheduler):
    scheduler.quota = 0
    search(page)
    expect(page.get_by_test_id("toast-text").last).to_contain_text("GPU time")
    expect(page.locator("#search-stop")).to_be_disabled()
