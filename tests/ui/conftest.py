"""The app, launched once for all browser tests, visitors on it, and visitors without a page."""

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import TYPE_CHECKING

import pytest

from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.demo import LAUNCH, build
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from tests.conftest import PAGE_WAIT, free_port
from tests.ui.standins import Catalogue, find_of, stand_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(autouse=True)
def _same_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the app leaves to chance, like the first faces of a visitor, is the same in every run."""
    chance = random.Random(0)
    monkeypatch.setattr(secrets, "randbelow", chance.randrange)
    monkeypatch.setattr(secrets, "randbits", chance.getrandbits)


@contextmanager
def launched(**options: object) -> Iterator[str]:
    """The app, with the bundled model to begin with; gives its address.

    Args:
        **options: of the launch, in place of those in `LAUNCH`.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_WAIT)
    launch = LAUNCH | options | {"prevent_thread_lock": True, "quiet": True, "server_name": "127.0.0.1"}
    for tries_left in (2, 1, 0):
        demo = build("avatars")
        try:
            _, url, _ = demo.launch(server_port=free_port(), **launch)
            break
        except OSError:  # Gradio gives its server five seconds to start, and a busy machine may need more
            if not tries_left:
                raise
    yield url.rstrip("/")
    demo.close()


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The app's address, with the zoo as it is."""
    with launched() as url:
        yield url


Visit = Callable[..., "Page"]


@contextmanager
def visits(url: str, browser: "Browser") -> Iterator[Visit]:
    """Opens the app as a new visitor, whose first images are drawn when it returns."""
    contexts = []

    def open_page(query: str = "", width: int = 1280, height: int = 800, **options: object) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PAGE_WAIT)
        page.goto(url + query)
        page.locator("#breed-picker img").first.wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visit(app_url: str, browser: "Browser") -> Iterator[Visit]:
    """Opens pages of `app_url`."""
    with visits(app_url, browser) as open_page:
        yield open_page


@pytest.fixture
def visit_link(visit: Visit) -> Visit:
    """Opens the page of a link, and closes what it shows large."""

    def open_page(query: str, **options: object) -> "Page":
        from playwright.sync_api import expect

        page = visit(query, **options)
        expect(page.locator("dialog[open] img")).to_be_visible()
        page.keyboard.press("Escape")
        return page

    return open_page


@pytest.fixture
def visitor(visit: Visit) -> "Page":
    """A new visitor's page, 1280 x 800."""
    return visit()


@pytest.fixture(scope="session")
def networks() -> Networks:
    """What all visitors share, with the bundled generator to begin with."""
    return Networks("avatars")


@pytest.fixture(scope="session")
def generator(networks: Networks) -> Generator:
    """The bundled generator."""
    return networks.generator("avatars")


@pytest.fixture
def session(generator: Generator) -> Session:
    """A visitor who has just come, with the faces of seeds 0 to 11."""
    return Session.on(generator)


@pytest.fixture
def find(generator: Generator) -> Callable[[int], Recipe]:
    """Makes the recipe of a seed."""

    def of_seed(seed: int) -> Recipe:
        latent = latents_from_seeds([seed], generator.z_dim)[0]
        return Recipe.of(generator, latent, seed=seed, truncation=0.7, name=f"seed {seed}", found=Found(by="seed"))

    return of_seed


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Tiny networks of every family in the zoo's place, which download at once."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return stand_in(monkeypatch)


@pytest.fixture
def tiny_networks(catalogue: Catalogue) -> Networks:
    """What all visitors share, where the zoo is the catalogue of tiny networks."""
    return Networks("avatars")


@pytest.fixture
def newcomer(tiny_networks: Networks) -> Session:
    """A visitor who has just come, and may change to a tiny network."""
    return Session.on(tiny_networks.generator("avatars"))


@pytest.fixture
def collector(tiny_networks: Networks, newcomer: Session) -> Session:
    """The newcomer, with the faces of seeds 1 to 3 in the basket."""
    newcomer.basket.add([find_of(tiny_networks, "avatars", seed) for seed in (1, 2, 3)])
    return newcomer


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sentences that the visitor is shown, errors aside."""
    sentences: list[str] = []
    for kind in ("Info", "Warning"):
        monkeypatch.setattr(f"gradio.{kind}", lambda sentence, **_: sentences.append(unescape(sentence)))
    return sentences
