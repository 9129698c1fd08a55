import subprocess
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.hub import StandInHub, stand_in_hub
from tools.publish import main, publish


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A stand-in Hub, and a committed project as the working directory."""
    monkeypatch.chdir(tmp_path)
    files = {
        "app.py": "print('app')",
        "pre-requirements.txt": "torch",
        "requirements.txt": "gradio",
        "README.md": "---\nsdk: gradio\n---",
        "LICENSE": "free",
        "docs/breed.png": "a picture",
        "examples/find.png": "a find",
        "spaceseed/__init__.py": "",
        "spaceseed/assets/weights.safetensors": "weights",
        "tests/test_app.py": "",
        "benchmarks/results/search.md": "",
        ".gitignore": "__pycache__/",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path / "project")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run([*git, *arguments], check=True)
    with stand_in_hub(tmp_path / "cache") as hub:
        yield hub


def test_a_space_gets_what_it_runs_and_nothing_else(hub: StandInHub):
    Path("spaceseed/__pycache__").mkdir()
    Path("spaceseed/__pycache__/app.pyc").write_bytes(b"cache")
    Path("notes.txt").write_text("not committed")
    address = publish("me/seeds")
    assert address == f"{hub.address}/spaces/me/seeds"
    space = hub.contents("spaces/me/seeds")
    assert set(space) == {
        ".gitattributes", "app.py", "pre-requirements.txt", "requirements.txt", "README.md", "LICENSE",
        "docs/breed.png", "examples/find.png", "spaceseed/__init__.py", "spaceseed/assets/weights.safetensors",
    }  # fmt: skip
    assert space["spaceseed/assets/weights.safetensors"] == b"weights"
    assert space["app.py"] == b"print('app')"
    assert len(hub.commits) == 1


def test_what_a_new_version_lacks_is_deleted(hub: StandInHub):
    hub.create("spaces/me/seeds")
    hub.files |= {"spaces/me/seeds/old.py": b"", "spaces/me/seeds/app.py": b"old"}
    publish("me/seeds")
    space = hub.contents("spaces/me/seeds")
    assert "old.py" not in space
    assert ".gitattributes" in space
    assert space["app.py"] == b"print('app')"


@pytest.mark.parametrize("name", ["seeds of me", "a/b/c"])
def test_a_name_that_the_hub_does_not_allow_is_refused_in_a_sentence(hub, name, monkeypatch):
    monkeypatch.setattr("sys.argv", ["publish", name])
    with pytest.raises(SystemExit, match="The Space was not published: "):
        main()
    assert not hub.commits


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_is_told_in_a_sentence(hub, status, monkeypatch):
    hub.status = status
    monkeypatch.setattr("sys.argv", ["publish", "me/seeds"])
    with pytest.raises(SystemExit, match="The Space was not published: ") as refused:
        main()
    assert ("hf auth login" in str(refused.value)) == (status in (401, 403))


def test_without_a_connection_a_sentence_says_so(hub, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("sys.argv", ["publish", "me/seeds"])
    with pytest.raises(SystemExit, match="The Space was not published: "):
        main()
