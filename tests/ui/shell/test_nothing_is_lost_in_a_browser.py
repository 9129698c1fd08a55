"""A page that is loaded anew shows what it did: after a reload, a restart of the server, Back and Forward."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import app_process, free_port
from tests.ui.searches import find_some


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def tiles(page):
    return page.locator("#breed-picker button.tile")


def captions(page):
    return [text.strip() for text in page.locator("#breed-picker .caption").all_text_contents()]


def next_page(page, number):
    page.locator("#breed-next").click()
    expect(page.locator("#breed-picker .title")).to_contain_text(f"Generation {number}:")


def selected(page, tab):
    expect(page.locator(f"#tab-{tab}-button")).to_have_attribute("aria-selected", "true")


def saved(page, words, times=1):
    """Waits until the browser has kept the visit with these words in it, so many times or more."""
    visit = "sessionStorage['spaceseed-visit:visit'] || ''"
    page.wait_for_function(f"([words, times]) => ({visit}).split(words).length > times", arg=[words, times])


def browser_keeps(page, count):
    """Waits until the browser keeps so many finds."""
    keys = "Object.keys(localStorage).filter((key) => key.startsWith('spaceseed-finds:'))"
    page.wait_for_function(f"(count) => {keys}.length === count", arg=count)


def test_population_marks_tab_and_finds_outlast_a_reload(visitor):
    tiles(visitor).nth(2).click()
    next_page(visitor, 1)
    tiles(visitor).nth(7).dblclick()
    saved(visitor, r"\"7\":-1")
    before = captions(visitor)
    find_some(visitor, "bald man with a beard")
    found = visitor.locator("#search-top img").evaluate_all("images => images.map(image => image.src)")
    saved(visitor, "bald man", times=9)  # what was searched for, and in each of eight finds
    visitor.reload()
    selected(visitor, "search")
    expect(visitor.locator("#search-top img")).to_have_count(8)
    again = visitor.locator("#search-top img").evaluate_all("images => images.map(image => image.src)")
    assert len(set(found) & set(again)) >= 6  # a batch of one may round a pixel differently
    expect(visitor.locator("#search-prompt textarea")).to_have_value("bald man with a beard")
    visitor.locator("#search-keep-all").click()
    expect(visitor.get_by_test_id("toast-text")).to_contain_text("Kept 8")
    open_tab(visitor, "Breed")
    assert captions(visitor) == before
    expect(tiles(visitor).nth(0)).to_have_attribute("data-mark", "1")
    expect(tiles(visitor).nth(7)).to_have_attribute("data-mark", "-1")
    next_page(visitor, 2)
    assert captions(visitor)[0] == before[0]


def test_what_is_steered_outlasts_a_reload(visitor):
    open_tab(visitor, "Steer")
    slider = visitor.locator("#steer-slider-0 input[type=number]")
    expect(visitor.locator("#steer-after img")).to_be_visible()
    slider.fill("2")
    slider.press("Tab")
    expect(visitor.locator("#steer-words")).to_contain_text("glasses +2")
    saved(visitor, "glasses")
    visitor.reload()
    selected(visitor, "steer")
    expect(visitor.locator("#steer-words")).to_contain_text("glasses +2")
    expect(slider).to_have_value("2")


def test_back_and_forward_turn_the_tabs(visitor):
    for name in ("Search", "Avoid"):
        open_tab(visitor, name)
    expect(visitor).to_have_url(re.compile("#avoid$"))
    visitor.go_back()
    selected(visitor, "search")
    visitor.go_back()
    selected(visitor, "breed")
    visitor.go_forward()
    selected(visitor, "search")
    expect(visitor).to_have_url(re.compile("#search$"))
    visitor.goto("about:blank")
    visitor.go_back()
    selected(visitor, "search")


def test_an_address_opens_its_tab(visit):
    selected(visit("/#finds"), "finds")
    selected(visit("/#nonsense"), "breed")


def test_two_windows_of_a_browser_keep_both_baskets(visitor):
    other = visitor.context.new_page()
    other.goto(visitor.url)
    expect(tiles(other).first).to_be_visible()
    assert captions(other) != captions(visitor)
    for i in (0, 1, 2):
        tiles(visitor).nth(i).click()
    tiles(other).nth(5).click()
    for page, count in ((visitor, 3), (other, 1)):
        page.locator("#breed-keep").click()
        expect(page.get_by_test_id("toast-text")).to_contain_text(f"Kept {count}")
    browser_keeps(visitor, 4)
    mine = captions(visitor)
    for page in (visitor, other):
        open_tab(page, "Found seeds")
        expect(page).to_have_url(re.compile("#finds$"))
        page.reload()
        expect(page.locator("#finds-picker .tile")).to_have_count(4)
    open_tab(visitor, "Breed")
    assert captions(visitor) == mine
    # What one window removes is gone in the next page, and what the other has kept is not.
    open_tab(visitor, "Found seeds")
    visitor.locator("#finds-picker .tile").first.click()
    visitor.locator("#finds-remove").click()
    expect(visitor.locator("#finds-picker .tile")).to_have_count(3)
    browser_keeps(visitor, 3)
    other.reload()
    expect(other.locator("#finds-picker .tile")).to_have_count(3)


def test_a_shared_link_opens_on_its_find_before_anything_else(visit):
    page = visit("/?model=avatars&seed=42&truncation=0.7")
    expect(page.locator("dialog[open] h2")).to_have_text("seed 42")
    expect(page.locator("dialog[open] img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tiles(page).first).to_be_visible()
    page.reload()
    expect(tiles(page).first).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_browser_that_keeps_nothing_is_no_problem(browser, app_url):
    context = browser.new_context()
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, {get() { throw new Error('switched off'); }});"
    )
    page = context.new_page()
    page.goto(app_url)
    expect(tiles(page)).to_have_count(12)
    tiles(page).nth(1).click()
    next_page(page, 1)
    context.close()


@pytest.mark.parametrize(
    "junk", ['"text"', "{}", '{"at": 1, "text": "no JSON"}', '{"at": 1, "text": "{}"}', "nonsense"]
)
def test_junk_in_the_browser_is_no_problem(browser, app_url, junk):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        f"sessionStorage.setItem('spaceseed-visit:visit', {junk!r});localStorage.setItem('spaceseed-finds:x', {junk!r})"
    )
    page.goto(app_url)
    expect(tiles(page)).to_have_count(12)
    context.close()


def test_a_restarted_server_is_not_noticed(browser):
    port, context = free_port(), browser.new_context()
    page = context.new_page()
    with app_process(port) as url:
        page.goto(url)
        tiles(page).nth(2).click()
        next_page(page, 1)
        saved(page, r"\"number\":1")
        before = captions(page)
        page.evaluate("window.loadedAnew = false")
    with app_process(port):
        page.wait_for_timeout(10_000)  # a page that was opened just now is not loaded anew
        if page.evaluate("window.loadedAnew === false"):
            page.locator("#breed-next").click()
        page.wait_for_function("window.loadedAnew === undefined")
        expect(page.locator("#breed-picker .title")).to_contain_text("Generation 1:")
        assert captions(page) == before
        next_page(page, 2)
        assert captions(page)[0] == before[0]
        context.close()


def test_a_server_that_is_restarted_during_a_search_loads_the_page_anew(browser):
    port, context = free_port(), browser.new_context()
    page = context.new_page()
    with app_process(port) as url:
        page.goto(url + "#search")
        page.locator("#search-prompt textarea").fill("bald man")
        page.locator("#search-prompt textarea").press("Enter")
        expect(page.locator("#search-status")).to_contain_text(re.compile(r"Round \d+ of"))
        saved(page, "bald man")
        page.evaluate("window.loadedAnew = false")
    with app_process(port):
        page.wait_for_function("window.loadedAnew === undefined")
        selected(page, "search")
        expect(page.locator("#search-top img")).to_have_count(8)
        context.close()
