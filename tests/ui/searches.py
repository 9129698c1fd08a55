"""How tests in a browser search: the settings of the Search tab, and searches that are over soon."""

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def open_search(page: "Page") -> "Page":
    page.get_by_role("tab", name="Search", exact=True).click()
    expect(page.locator("#search-prompt textarea")).to_be_visible()
    return page


def settings(page: "Page", algorithm: str = "Differential evolution", **values: Any) -> None:
    """Opens the settings and types numbers."""
    if not page.locator("#search-algorithm").is_visible():
        page.locator("#search-settings > button").click()
    page.get_by_role("radio", name=algorithm).check()
    for name, value in values.items():
        box = page.locator(f"#search-{name.replace('_', '-')} input[type=number]")
        expect(box).to_be_visible()
        box.fill(str(value))
        box.press("Tab")


def quick(page: "Page", generations: int = 3) -> None:
    """Sets a search of few images."""
    settings(page, generations=generations, warm_start=6, patience=0, differential_evolution_population=6)


def prompt(page: "Page", text: str) -> "Locator":
    """Types what to look for; Enter on the field that it returns begins."""
    box = page.locator("#search-prompt textarea")
    box.fill(text)
    return box


def find_some(page: "Page", text: str = "bald man with a beard") -> None:
    """Opens the Search tab, and waits until a short search has found eight images."""
    quick(open_search(page))
    prompt(page, text).press("Enter")
    expect(page.locator("#search-status")).to_contain_text("Done")
    expect(page.locator("#search-top img")).to_have_count(8)
