"""What the README says holds: its example runs, and a Space gets the versions that were tested."""

import re
import runpy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_MATTER = yaml.safe_load(README.split("---")[1])


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)  # each goes on from the one before
    assert code
    (tmp_path / "example.py").write_text("\n".join(code))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path("example.py")
    assert (tmp_path / "found.png").exists()
    assert names["image"].shape == (1, 3, 64, 64)
    scores = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert scores[-1] > scores[0]


def test_the_space_runs_what_is_pinned():
    pinned = dict(re.findall(r"^(\w+)==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert FRONT_MATTER["sdk_version"] == pinned["gradio"]
    assert (ROOT / FRONT_MATTER["app_file"]).exists()
    assert len(FRONT_MATTER["short_description"]) <= 60


def test_every_picture_and_file_named_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
