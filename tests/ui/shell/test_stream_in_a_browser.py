"""Events reach the page although Gradio closes its stream at the moment when they begin."""

import asyncio

import pytest
from playwright.sync_api import expect
from starlette.middleware import Middleware

from spaceseed.ui.demo import LAUNCH
from tests.ui.conftest import launched, visits

LATE_SECONDS = 0.5
# The page is busy when it reads that its stream is closed. Gradio's client decodes what `stream.js` has passed on.
SLOW_READING = """
  const passed = new WeakSet(), Response_ = Response;
  Response = function(...args) { const made = new Response_(...args); passed.add(made.body); return made; };
  const pipe = ReadableStream.prototype.pipeThrough;
  ReadableStream.prototype.pipeThrough = function(...args) {
    const piped = pipe.apply(this, args);
    return !passed.has(this) ? piped : pipe.call(piped, new TransformStream({async transform(text, controller) {
      if (text.includes('"close_stream"')) await new Promise((resolve) => setTimeout(resolve, 500));
      controller.enqueue(text);
    }}));
  };
"""


class LateClosing:
    """A network on which the message that closes a stream takes long, and all others do not."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def late(message):
            if b'"close_stream"' in message.get("body", b""):
                await asyncio.sleep(LATE_SECONDS)
            await send(message)

        await self.app(scope, receive, late)


@pytest.fixture(scope="module")
def late_url():
    middleware = [Middleware(LateClosing), *LAUNCH["app_kwargs"]["middleware"]]
    with launched(app_kwargs={"middleware": middleware}) as address:
        yield address


def breed_at_all_moments(page):
    """Begins the next event ever later after the one before it."""
    page.evaluate("window.sameDocument = true")
    for number in range(1, 9):
        page.locator("#breed-next").click()
        expect(page.locator("#breed-picker .title")).to_contain_text(f"Generation {number}:")
        page.wait_for_timeout(LATE_SECONDS * 100 * number)
    assert page.evaluate("window.sameDocument === true")
    expect(page.get_by_text("Connection Lost")).to_have_count(0)


def test_what_begins_while_the_stream_closes_is_shown(late_url, browser):
    with visits(late_url, browser) as visit:
        page, open_streams = visit(), []
        page.on("request", lambda it: "/queue/data" in it.url and open_streams.append(it))
        for ending in ("requestfinished", "requestfailed"):
            page.on(ending, lambda it: it in open_streams and open_streams.remove(it))
        breed_at_all_moments(page)
        page.wait_for_timeout(LATE_SECONDS * 4000)
        assert not open_streams  # a browser allows few connections at a time


def test_what_begins_while_the_page_reads_that_the_stream_is_closed_is_shown(app_url, browser):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(SLOW_READING)
    page.goto(app_url)
    expect(page.locator("#breed-picker img")).to_have_count(12)
    breed_at_all_moments(page)
    context.close()
