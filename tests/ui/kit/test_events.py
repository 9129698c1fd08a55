import gradio as gr
import pytest

from spaceseed.ui.kit.events import in_order, quiet


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
    assert event["show_progress_on"] == []
    assert event["api_visibility"] == "private"


def test_who_asks_again_in_a_lane_does_not_wait():
    assert quiet(lane="page", at_once=4)["trigger_mode"] == "multiple"
    assert quiet(lane="page", at_once=4, trigger="always_last")["trigger_mode"] == "always_last"
    assert quiet()["trigger_mode"] is None


def test_what_an_event_does_not_name_stays_as_it_is():
    outputs = {"picture": "the picture", "words": "the words"}
    assert in_order({"words": "done"}, outputs) == [gr.skip(), "done"]
    assert in_order({}, outputs) == [gr.skip(), gr.skip()]
    with pytest.raises(AssertionError, match="wrods"):
        in_order({"wrods": "done"}, outputs)
    with pytest.raises(AssertionError):
        in_order({}, {"words": "the words"})
