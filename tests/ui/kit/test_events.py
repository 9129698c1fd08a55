import gradio as gr
import pytest

from spaceseed.ui.kit.events import quiet


@pytest.mark.parametrize(
    "options",
    [{}, {"queue": False}, {"lane": "page", "at_once": 4}, {"at_once": 1}, {"queue": False, "trigger": "always_last"}],
)
def test_gradio_takes_the_options(options):
    with gr.Blocks() as demo:
        gr.Button().click(lambda: None, None, None, **quiet(**options))
    [event] = demo.config["dependencies"]
    assert event["queue"] is options.get("queue", True)
    assert event["show_progress"] == "hidden"
    assert event["api_visibility"] == "private"


def test_who_asks_again_in_a_lane_does_not_wait():
    assert quiet(lane="page", at_once=4)["trigger_mode"] == "multiple"
    assert quiet(lane="page", at_once=4, trigger="always_last")["trigger_mode"] == "always_last"
    assert quiet()["trigger_mode"] is None
