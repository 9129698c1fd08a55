"""The endpoints of a running app: by `gradio_client`, over plain HTTP and as MCP tools."""

import asyncio
import inspect
import json
import time
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

import spaceseed as ss
from spaceseed.ui.api import app as limits
from spaceseed.ui.api import endpoints, searching
from spaceseed.ui.api.endpoints import ENDPOINTS, offers_mcp
from spaceseed.ui.demo import LAUNCH, build

NAMES = ["list_models", "generate", "search", "query_atlas", "steer", "render"]
DEEP = json.loads("[" * 800 + "]" * 800)
FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@pytest.fixture
def client(app, tmp_path):
    return Client(app.local_url, verbose=False, download_files=tmp_path)


def ask(app, name, values):
    """Calls an endpoint over plain HTTP; returns what it sends: each event's name and data."""
    url = f"{app.local_url}gradio_api/call/{name}"
    event = httpx.post(url, json={"data": values}).raise_for_status().json()["event_id"]
    text = httpx.get(f"{url}/{event}", timeout=120).text
    lines = [line.partition(": ")[2] for line in text.splitlines() if line]
    return list(zip(lines[::2], map(json.loads, lines[1::2]), strict=True))


def told(app, name, values):
    """Returns the sentence with which a call is refused."""
    (event, data), = ask(app, name, values)  # fmt: skip
    assert event == "error"
    return data["error"]


def test_only_six_endpoints_are_public(app):
    described = app.get_api_info()
    assert list(described["named_endpoints"]) == [f"/{name}" for name in NAMES]
    assert described["unnamed_endpoints"] == {}
    public = [fn.api_name for fn in app.fns.values() if fn.api_visibility != "private"]
    assert public == NAMES


def test_each_endpoint_and_each_of_its_values_is_described_and_typed(app):
    for name, endpoint in app.get_api_info()["named_endpoints"].items():
        function = next(function for function in ENDPOINTS if function.__name__ == name[1:])
        assert endpoint["description"].endswith(".")
        asked = [value["parameter_name"] for value in endpoint["parameters"]]
        assert asked == list(inspect.signature(function).parameters)[1:]
        assert all(value["type"] for value in (*endpoint["parameters"], *endpoint["returns"]))
        doc = next(fn.fn.__doc__ for fn in app.fns.values() if fn.api_name == name[1:])
        assert all(any(line.strip().startswith(f"{value}: ") for line in doc.splitlines()) for value in asked)


def test_five_lines_of_a_client_find_a_face_and_change_it(client):
    state, recipe, image = client.predict("a woman with red hair", images=64, api_name="/search")
    recipe, image = client.predict(recipe, {"glasses": 2}, api_name="/steer")
    assert state["score"] > 0.3
    assert ss.Recipe.open(image) == ss.Recipe.from_json(recipe)
    again = client.predict(recipe, api_name="/render")
    assert Path(again).read_bytes() == Path(image).read_bytes()
    assert ss.Recipe.open(image).to_bytes(".png", ss.load("avatars")) == Path(image).read_bytes()


def test_a_client_gets_models_seeds_and_pictures(client):
    assert client.predict(api_name="/list_models")[0]["id"] == "avatars"
    [best, _] = client.predict("red hair", count=2, api_name="/query_atlas")
    [picture] = client.predict([best["seed"]], api_name="/generate")
    assert ss.Recipe.open(picture["image"]).seed == picture["seed"] == best["seed"]


def test_a_client_sees_the_search_rise(client):
    steps = list(client.submit("red hair", images=200, api_name="/search"))
    assert steps[0][0]["round"] == 0
    assert steps[-1][0]["round"] == 8
    found = [ss.Recipe.from_json(recipe) for _, recipe, _ in steps if recipe]
    assert [recipe.found.score for recipe in found] == sorted(recipe.found.score for recipe in found)


def test_plain_http_streams_a_search_and_serves_its_image(app):
    *steps, (event, (state, recipe, image)) = ask(app, "search", ["red hair", "", 64, None, 0])
    assert [step for step, _ in steps] == ["generating"] * len(steps)
    assert event == "complete"
    assert state["status"].startswith("Done: ")
    content = httpx.get(image["url"]).content
    assert content == ss.Recipe.from_json(recipe).to_bytes(".png", ss.load("avatars"))


def test_values_can_be_named_over_plain_http(app):
    url = f"{app.local_url}gradio_api/call/v2/generate"
    event = httpx.post(url, json={"seeds": [5]}).json()["event_id"]
    assert '"seed": 5' in httpx.get(f"{url}/{event}", timeout=60).text


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("generate", [], "generate takes 3 values: seeds, model, truncation."),
        ("steer", ["{}"], "steer takes 3 values: recipe, amounts, method."),
        ("generate", [[], "", None], "seeds must be a list of 1 to 36 whole numbers for this model."),
        ("generate", [[1], "<b>", None], "There is no model '<b>' here: list_models names those that there are."),
        ("render", ["nothing"], "This recipe is damaged: it cannot be read."),
        ("render", [{"format": 1}], "recipe must be the JSON of a recipe, as text."),
        ("render", [FILE], "render takes texts and numbers, and no files."),
        ("generate", [[{"a": FILE}], "", None], "generate takes texts and numbers, and no files."),
        ("generate", [DEEP, "", None], "Each seed must be a whole number from 0 to 4,294,967,295."),
        ("search", ["", "", 64, None, 0], "prompt must be a text that says what the image should show."),
        ("search", ["red hair", "", 64, None, "0"], "seed must be a whole number from 0 to 4,294,967,295."),
        ("query_atlas", ["red hair", "", 1000], "count must be a whole number from 1 to 100."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence(app, name, values, sentence):
    assert told(app, name, values) == sentence


@pytest.mark.parametrize(
    ("call", "body", "status", "sentence"),
    [
        ("v2/generate", "{}", 400, "generate takes these values by name: seeds, model, truncation."),
        ("v2/search", '{"promt": "red hair"}', 400, "search takes these values by name: prompt, model, images, "),
        ("v2/list_models", '{"x": 1}', 400, "list_models takes no values."),
        ("v2/nothing", "{}", 404, "There is no such endpoint; there are list_models, generate, "),
    ],
)
def test_a_body_that_is_no_call_is_told_of(app, call, body, status, sentence):
    url = f"{app.local_url}gradio_api/call/{call}"
    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


def test_calls_do_not_pass_the_queue(app):
    for way in ("run", "api"):
        answer = httpx.post(f"{app.local_url}gradio_api/{way}/list_models", json={"data": []})
        assert answer.status_code == 404


def test_callers_leave_room_in_the_queue_for_visitors(app):
    url = f"{app.local_url}gradio_api/call/search"
    answers = [httpx.post(url, json={"data": ["red hair", "", 2000, None, 0]}) for _ in range(16)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) in range(16 - limits.MAX_WAITING - 4, 16 - limits.MAX_WAITING + 1)
    assert refused[0].json()["detail"] == "Too many calls are waiting: call again in a minute."
    begun = [answer.json()["event_id"] for answer in answers if answer.status_code == 200]
    assert ask(app, "list_models", [])[-1][0] == "complete"
    for event in begun:  # who hangs up frees the place
        with httpx.stream("GET", f"{url}/{event}"):
            pass
    until = time.monotonic() + 30
    while len(app._queue) and time.monotonic() < until:
        time.sleep(0.1)
    assert not len(app._queue)


def test_a_client_is_told_the_same_sentence(client):
    with pytest.raises(Exception, match=r"^prompt must be a text that says what the image should show\.$"):
        client.predict("", api_name="/search")


def test_callers_leave_no_session_behind_and_a_visitors_stays(app):
    visitor = app.state_holder["a visitor"]
    state = next(block for block in app.blocks.values() if getattr(block, "stateful", False))
    visitor[state._id] = "theirs"
    before = set(app.state_holder.session_data)
    ask(app, "list_models", [])
    ask(app, "search", ["red hair", "", 40, None, 0])
    told(app, "search", ["", "", 40, None, 0])
    told(app, "generate", [])
    told(app, "render", [FILE])
    limits._forget(app, "a visitor")
    assert set(app.state_holder.session_data) <= before  # those of calls that were left may go in the meantime
    assert app.state_holder["a visitor"][state._id] == "theirs"
    del app.state_holder.session_data["a visitor"]


def test_no_endpoint_takes_a_visitors_state(app):
    public = [fn for fn in app.fns.values() if fn.api_visibility != "private"]
    assert not any(block.stateful for fn in public for block in (*fn.inputs, *fn.outputs))


def test_a_caller_who_hangs_up_ends_the_search(app, monkeypatch):
    ended, real = [], searching._run

    def run(*values):
        try:
            yield from real(*values)
        finally:
            ended.append(True)

    monkeypatch.setattr(searching, "_run", run)
    url = f"{app.local_url}gradio_api/call/search"
    event = httpx.post(url, json={"data": ["red hair", "", 2000, None, 0]}).json()["event_id"]
    with httpx.stream("GET", f"{url}/{event}") as answer:
        next(answer.iter_lines())
        assert not ended
    until = time.monotonic() + 20
    while not ended and time.monotonic() < until:
        time.sleep(0.1)
    assert ended
    assert time.monotonic() < until


def test_lanes_limit_how_many_calls_run_at_once(app):
    limits = {fn.api_name: fn.concurrency_limit for fn in app.fns.values() if fn.api_visibility != "private"}
    assert limits == dict.fromkeys(NAMES, 4)


def test_mcp_is_offered_on_a_space_that_has_the_package(monkeypatch):
    monkeypatch.setattr(endpoints, "find_spec", lambda name: object())
    assert offers_mcp() is None
    monkeypatch.setenv("SYSTEM", "spaces")
    assert offers_mcp() is True
    monkeypatch.setattr(endpoints, "find_spec", lambda name: None)
    assert offers_mcp() is None


def test_assistants_find_and_call_the_tools():
    mcp = pytest.importorskip("mcp")
    from mcp.client.streamable_http import streamablehttp_client

    demo = build("avatars")
    demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **LAUNCH | {"mcp_server": True})

    async def talk():
        async with (
            streamablehttp_client(f"{demo.local_url}gradio_api/mcp/") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            best = await session.call_tool("query_atlas", {"prompt": "red hair", "count": 1})
            recipe = ss.Recipe.of(*of_seed(3)).to_json()
            image = await session.call_tool("render", {"recipe": recipe})
            wrong = await session.call_tool("generate", {"seeds": []})
            return tools, best, image, wrong

    try:
        tools, best, image, wrong = asyncio.run(talk())
    finally:
        demo.close()
    assert [tool.name for tool in tools] == NAMES
    search = next(tool for tool in tools if tool.name == "search")
    assert search.inputSchema["required"] == ["prompt"]
    assert all(value["description"].endswith(".") for value in search.inputSchema["properties"].values())
    assert best.content[0].text.startswith("[{'seed': ")
    assert [part.type for part in image.content] == ["image", "text"]
    assert wrong.isError
    assert wrong.content[0].text == "seeds must be a list of 1 to 36 whole numbers for this model."


def of_seed(seed):
    generator = ss.load("avatars")
    return generator, ss.latents_from_seeds([seed], generator.z_dim)[0]
