import logging
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.helpers import special_args
from huggingface_hub import hf_hub_download

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.api.endpoints import ENDPOINTS
from spaceseed.ui.demo import build
from spaceseed.ui.finds import to_hub
from spaceseed.ui.finds.to_hub import push_chosen
from spaceseed.ui.kit.picker import Picked
from tests.hub import stand_in_hub

TOKEN = "hf_ada_0123456789secret"
NOTHING = Picked({}, None)


@pytest.fixture
def hub(tmp_path):
    with stand_in_hub(tmp_path / "cache") as hub:
        hub.users = {TOKEN: "ada"}
        yield hub


@pytest.fixture
def collector(session, find):
    session.basket.add([find(1), find(2)])
    return session


@pytest.fixture
def on_a_space(monkeypatch):
    """A Space with sign-in, but for the packages that keep who has signed in in a cookie."""
    monkeypatch.setattr("gradio.routes.attach_oauth", lambda app: None)
    monkeypatch.setattr("spaceseed.ui.kit.space.find_spec", lambda name: name)
    for name, value in {"SYSTEM": "spaces", "SPACE_ID": "ada/seeds", "OAUTH_CLIENT_ID": "id"}.items():
        monkeypatch.setenv(name, value)


def words(steps):
    """Returns the lines that a push shows; the last has no stop button, and what it shows is given too."""
    shown = list(steps)
    _, stop, page = shown[-1]
    assert not stop.visible
    return [step[0] for step in shown], page


def test_the_finds_chosen_are_pushed_and_can_be_opened_again(hub, networks, collector, find):
    lines, page = words(push_chosen(networks, collector, Picked({find(2).id: 1}, None), " faces ", True, TOKEN))
    assert lines[-1] == "1 pushed to ada/faces."
    assert (page.value, page.link, page.visible) == ("Open ada/faces", f"{hub.address}/datasets/ada/faces", True)
    file = hf_hub_download("ada/faces", f"images/{find(2).id}.png", repo_type="dataset", token=TOKEN)
    assert Recipe.open(file) == find(2)
    assert "datasets/ada/faces" in hub.private


@pytest.mark.parametrize("marks", [{}, {"gone": 1}])
def test_all_are_pushed_if_none_is_chosen(hub, networks, collector, marks):
    lines, _ = words(push_chosen(networks, collector, Picked(marks, None), "ada/faces", False, TOKEN))
    assert lines[-1] == "2 pushed to ada/faces."
    assert "datasets/ada/faces" not in hub.private


def test_a_find_of_a_model_that_is_not_here_is_pushed_as_json(hub, networks, collector, find, monkeypatch):
    monkeypatch.setattr(networks, "at_hand", lambda model: False)
    words(push_chosen(networks, collector, NOTHING, "faces", True, TOKEN))
    files = hub.contents("datasets/ada/faces")
    assert set(files) == {".gitattributes", "README.md", *(f"recipes/{find(seed).id}.json" for seed in (1, 2))}


@pytest.mark.parametrize(
    ("token", "name", "sentence"),
    [("", "faces", "Sign in"), (TOKEN, " ", "Give the dataset a name"), (TOKEN, "my faces", "cannot be the name")],
)
def test_what_is_missing_is_said_before_a_request(hub, networks, collector, token, name, sentence):
    with pytest.raises(ValueError, match=sentence):
        list(push_chosen(networks, collector, NOTHING, name, True, token))
    assert not hub.requests


def test_an_empty_basket_has_nothing_to_push(networks, session):
    with pytest.raises(ValueError, match="keep some finds first"):
        list(push_chosen(networks, session, NOTHING, "faces", True, TOKEN))


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "sign in again"), (403, "may not write"), (429, "some minutes")]
)
def test_a_refusal_is_said_in_the_line_and_nothing_is_lost(hub, networks, collector, status, sentence):
    hub.status = status
    lines, page = words(push_chosen(networks, collector, NOTHING, "faces", True, TOKEN))
    assert sentence in lines[-1]
    assert not page.visible
    assert len(collector.basket.finds) == 2


def test_a_stopped_push_says_so(hub, networks, collector, monkeypatch):
    def push_finds(*args, progress, **options):
        collector.tasks.end("push")
        progress(0.5)

    monkeypatch.setattr(to_hub, "push_finds", push_finds)
    lines, _ = words(push_chosen(networks, collector, NOTHING, "faces", True, TOKEN))
    assert lines[-1].startswith("Stopped")


def test_the_token_is_in_no_state_and_no_log(hub, networks, collector, caplog):
    caplog.set_level(logging.DEBUG)
    words(push_chosen(networks, collector, NOTHING, "faces", True, TOKEN))
    hub.status = 500
    words(push_chosen(networks, collector, NOTHING, "faces", True, TOKEN))
    assert "secret" not in caplog.text + repr(collector) + repr(vars(networks))


def signed_in(session):
    """What a request is for Gradio whose session holds this."""
    return SimpleNamespace(request=SimpleNamespace(scope={"session": session}))


def test_gradio_gives_the_push_the_token_of_who_asks(on_a_space, networks, session, monkeypatch):
    demo = build("avatars")
    [event] = [fn for fn in demo.fns.values() if fn.name == "push"]
    assert event.concurrency_id == "push"
    asked = []
    monkeypatch.setattr(to_hub, "push_chosen", lambda *arguments: asked.append(arguments[1:]) or iter([]))
    info = {"access_token": TOKEN, "scope": "contribute-repos", "expires_at": 10**11}
    stale = {**info, "expires_at": 1}
    for request in (signed_in({"oauth_info": info}), signed_in({"oauth_info": stale}), signed_in({}), None):
        arguments, *_ = special_args(event.fn, [session, NOTHING, "faces", True], request)
        assert list(event.fn(*arguments)) == []
    assert [arguments[-1] for arguments in asked] == [TOKEN, "", "", ""]


def test_only_a_space_with_sign_in_offers_it(on_a_space, monkeypatch):
    kinds = [type(block) for block in build("avatars").blocks.values()]
    assert (kinds.count(gr.LoginButton), kinds.count(gr.DuplicateButton)) == (1, 1)
    monkeypatch.setattr("spaceseed.ui.kit.space.find_spec", lambda name: None)
    assert gr.LoginButton not in map(type, build("avatars").blocks.values())
    monkeypatch.setattr("spaceseed.ui.kit.space.find_spec", lambda name: name)
    monkeypatch.delenv("OAUTH_CLIENT_ID")
    kinds = [type(block) for block in build("avatars").blocks.values()]
    assert (kinds.count(gr.LoginButton), kinds.count(gr.DuplicateButton)) == (0, 1)
    monkeypatch.delenv("SYSTEM")
    kinds = [type(block) for block in build("avatars").blocks.values()]
    assert (kinds.count(gr.LoginButton), kinds.count(gr.DuplicateButton)) == (0, 0)


def test_sign_in_is_no_endpoint(on_a_space):
    config = build("avatars").get_config_file()
    public = [event["api_name"] for event in config["dependencies"] if event["api_visibility"] != "private"]
    assert public == [function.__name__ for function in ENDPOINTS]
