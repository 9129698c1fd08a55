"""Events reach the page although Gradio closes its stream at the moment when they begin."""

import asyncio

import pytest
from playwright.sync_api import expect
from starlette.middleware import Middleware

from spaceseed.ui.demo import LAUNCH, build
from tests.conftest import free_port
from tests.ui.conftest import visits

LATE_SECONDS = 0.5


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
def url():
    demo, port = build("avatars"), free_port()
    middleware = [Middleware(LateClosing), *LAUNCH["app_kwargs"]["middleware"]]
    options = LAUNCH | {"app_kwargs": {"middleware": middleware}}
    demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=port, **options)
    yield f"http://127.0.0.1:{port}"
    demo.close()


def test_what_begins_while_the_stream_closes_is_shown(url, browser):
    with visits(url, browser) as visit:
        page, open_streams = visit(), []
        page.on("request", lambda it: "/queue/data" in it.url and open_streams.append(it))
        for ending in ("requestfinished", "requestfailed"):
            page.on(ending, lambda it: it in open_streams and open_streams.remove(it))
        page.evaluate("window.sameDocument = true")
        for number in range(1, 9):
            page.locator("#breed-next").click()
            expect(page.locator("#breed-picker .title")).to_contain_text(f"Generation {number}:", timeout=10_000)
            page.wait_for_timeout(LATE_SECONDS * 100 * number)  # the next one begins ever later after it
        assert page.evaluate("window.sameDocument === true")
        expect(page.get_by_text("Connection Lost")).to_have_count(0)
        page.wait_for_timeout(LATE_SECONDS * 4000)
        assert not open_streams  # a browser allows few connections at a time
