"""The app, launched once for the tests that call it from outside."""

from collections.abc import Iterator

import gradio as gr
import pytest

from spaceseed.ui.demo import LAUNCH, build


@pytest.fixture(scope="package")
def app() -> Iterator[gr.Blocks]:
    """The app, which answers at its `local_url`."""
    demo = build("avatars")
    demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **LAUNCH)
    yield demo
    demo.close()
