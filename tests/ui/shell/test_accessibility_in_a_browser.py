"""What visitors meet who see little, use the keyboard alone, or hold a phone: on all tabs, in both themes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

TABS = ("Breed", "Search", "Photo", "Steer", "Dissect", "Avoid", "Found seeds")
PARTS = ("Change", "Mix", "Film")
DESKTOP, PHONE = (1280, 800), (390, 844)
THEMES = ("light", "dark")

# Gradio's note has a button that closes it within one that folds it. It goes away by itself.
LEFT_OUT = {"exclude": [[".toast-wrap"]]}

# What is pressed, and is not as large as a finger: [name, width, height]. A radio or checkbox is pressed by its label.
SMALL = """() => [...document.querySelectorAll('button, input, textarea, label:has(> input), [role=button]')]
  .filter((each) => !each.closest('[aria-hidden=true], .toast-wrap'))
  .filter((each) => !['radio', 'checkbox', 'file'].includes(each.type))
  .filter((each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .map((each) => [each.ariaLabel || each.innerText || each.outerHTML, each.offsetWidth, each.offsetHeight])
  .filter(([, width, height]) => width && height && (width < 40 || height < 40))"""

# What has the focus: whether it is the page, its name, and its outline.
FOCUSED = """() => {
  const {activeElement: at} = document, style = getComputedStyle(at);
  const name = at.ariaLabel || at.innerText || at.outerHTML;
  return [at === document.body, name, style.outlineStyle, parseFloat(style.outlineWidth)];
}"""

# Contrasts that axe does not measure: of placeholders and of disabled buttons.
PALE = """() => {
  axe.setup(document);
  const {Color, getBackgroundColor, getContrast} = axe.commons.color;
  const color = (words) => { const made = new Color(); made.parseString(words); return made; };
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const contrast = (each, part) => getContrast(getBackgroundColor(each), color(getComputedStyle(each, part).color));
  const found = [
    ...shown(':placeholder-shown').map((each) => [each.placeholder, contrast(each, '::placeholder')]),
    ...shown('button:disabled').map((each) => [each.innerText, contrast(each)]),
  ];
  axe.teardown();
  return found;
}"""


@pytest.fixture
def come(visit):
    """Opens the page in a theme, at a size, with a find in the basket."""

    def open_page(theme="light", size=DESKTOP):
        page = visit(f"/?__theme={theme}", *size)
        page.locator("#breed-picker button.tile").first.click()
        page.locator("#breed-keep").click()
        expect(page.get_by_test_id("toast-text")).to_contain_text("Kept 1")
        return page

    return open_page


def turn_through(page):
    """Opens each tab, and each part of Steer, with all that is folded; yields its name."""
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=True).click()
        for part in PARTS if tab == "Steer" else [None]:
            if part:
                page.get_by_role("tab", name=part, exact=True).click()
            for folded in reversed(page.locator("button.label-wrap:not(.open):visible").all()):  # opened, it is none
                folded.click()
            page.wait_for_timeout(700)  # what the tab draws, and what fades in
            yield f"{tab} {part or ''}"


def options(page):
    return page.get_by_role("option")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(come, theme, size):
    page = come(theme, size)
    assert page.locator("body.dark").count() == (theme == "dark")
    for tab in turn_through(page):
        found = Axe().run(page, LEFT_OUT).response
        assert "color-contrast" in [rule["id"] for rule in found["passes"]]
        grave = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
        assert [(tab, rule["id"], node["html"]) for rule in grave for node in rule["nodes"]] == []
        pale = page.evaluate(PALE)
        assert pale or tab.startswith(("Found", "Steer Mix"))
        assert [(tab, *each) for each in pale if each[1] < 4.5] == []


@pytest.mark.parametrize("theme", THEMES)
def test_whatever_has_the_focus_shows_it(come, theme):
    page = come(theme)
    seen = set()
    for tab in turn_through(page):
        page.locator("[role=tab][aria-selected=true]").last.focus()
        for _ in range(100):
            page.keyboard.press("Tab")
            out, name, style, width = page.evaluate(FOCUSED)
            if out:
                break
            seen.add(page.evaluate("document.activeElement.type || document.activeElement.localName"))
            assert (tab, name, style) == (tab, name, "solid")
            assert width >= 2
    assert seen >= {"range", "number", "text", "radio", "checkbox", "submit", "button", "a"}


def test_whatever_is_pressed_on_a_phone_is_as_large_as_a_finger(come):
    page = come(size=PHONE)
    for tab in turn_through(page):
        assert [(tab, *each) for each in page.evaluate(SMALL)] == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_a_phone_shows_the_search_button_at_once(visit):
    page = visit(width=PHONE[0], height=PHONE[1])
    page.get_by_role("tab", name="Search").click()
    button = page.locator("#search-go").bounding_box()
    assert button["y"] > page.locator("#search-prompt").bounding_box()["y"]
    assert button["y"] + button["height"] <= PHONE[1]
    for lower in ("#search-examples", "#search-picture"):
        assert page.locator(lower).bounding_box()["y"] > button["y"]


def test_arrows_move_between_tabs(visitor):
    def is_open(name):
        tab = visitor.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")

    visitor.get_by_role("tab", name="Breed").focus()
    for key, tab in {"ArrowRight": "Search", "End": "Found seeds", "ArrowLeft": "Avoid", "Home": "Breed"}.items():
        visitor.keyboard.press(key)
        is_open(tab)
    visitor.keyboard.press("ArrowLeft")
    is_open("Found seeds")
    visitor.keyboard.press("ArrowRight")
    is_open("Breed")
    visitor.keyboard.press("Tab")
    expect(visitor.locator("#breed-picker button.tile").first).to_be_focused()
    visitor.keyboard.press("Shift+Tab")
    is_open("Breed")


def test_menus_open_when_asked_and_close_on_escape(visitor):
    menu = visitor.get_by_role("combobox", name="Model")
    visitor.keyboard.press("Tab")
    expect(menu).to_be_focused()
    expect(options(visitor)).to_have_count(0)
    visitor.keyboard.press("ArrowDown")
    expect(menu).to_have_attribute("aria-expanded", "true")
    visitor.keyboard.press("Escape")
    expect(options(visitor)).to_have_count(0)
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Shift+Tab")
    expect(menu).to_be_focused()
    expect(options(visitor)).to_have_count(0)
    menu.click()  # it has the focus already
    expect(options(visitor)).not_to_have_count(0)
    visitor.keyboard.press("Escape")
    expect(options(visitor)).to_have_count(0)


def test_small_pictures_keep_sharp_pixels_and_large_ones_stay_smooth(come):
    page = come()

    def rendering(place):
        return page.locator(f"{place} img").first.evaluate("(image) => getComputedStyle(image).imageRendering")

    assert rendering("#breed-picker") == "pixelated"
    page.get_by_role("tab", name="Found seeds").click()
    expect(page.locator("#finds-image img")).to_be_visible()
    assert [rendering(place) for place in ("#finds-picker", "#finds-image")] == ["pixelated"] * 2
    page.get_by_role("tab", name="Steer").click()
    expect(page.locator("#steer-after img")).to_be_visible()
    assert [rendering(place) for place in ("#steer-shelf", "#steer-after")] == ["pixelated"] * 2
    page.locator("#steer-after img").evaluate("(image) => { image.src = '/512px.jpg'; }")
    assert rendering("#steer-after") == "auto"
