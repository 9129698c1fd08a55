"""The app as a whole, without a browser."""

import subprocess
import sys

import gradio as gr

from spaceseed.ui.demo import build


def test_the_app_is_built_and_no_event_of_the_page_is_public():
    demo = build("avatars")
    assert demo.config["dependencies"]
    assert all(event["api_visibility"] == "private" for event in demo.config["dependencies"] if event["targets"])


def test_no_event_of_the_page_makes_gradio_go_through_its_outputs():
    events = [event for event in build("avatars").config["dependencies"] if event["targets"] and event["outputs"]]
    assert [event["id"] for event in events if event["backend_fn"] and event["show_progress_on"] != []] == []


def test_no_button_is_laid_out_by_mistake():
    """A button made outside an event, as a value for another, would stand on the page."""
    buttons = [block for block in build("avatars").blocks.values() if type(block) in (gr.Button, gr.DownloadButton)]
    assert [button.value for button in buttons if not button.elem_id] == []


def test_events_that_share_a_lane_agree_on_how_many_run_at_once():
    lanes = {}
    for fn in build("avatars").fns.values():
        if fn.queue and isinstance(fn.concurrency_id, str):
            lanes.setdefault(fn.concurrency_id, set()).add(fn.concurrency_limit)
    assert {"breed", "finds", "photo", "search", "steer", "mix", "film", "dissect", "avoid", "switch"} <= lanes.keys()
    assert all(len(limits) == 1 for limits in lanes.values())


def test_only_a_zero_gpu_space_imports_what_lends_gpus():
    code = "import sys; from spaceseed.ui.demo import build; build('avatars'); print('spaces' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
