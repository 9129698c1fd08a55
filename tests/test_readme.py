"""The documentation is correct: examples run, links work, and a Space installs the tested versions."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

from docs import models_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_MATTER = yaml.safe_load(README.split("---")[1])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("spaceseed/assets/**/*.md")])


def run_examples(page, folder, monkeypatch):
    """Runs a page's examples, each of which continues from the one before. Returns their names."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert code
    (folder / "example.py").write_text("\n".join(code))
    monkeypatch.chdir(folder)
    return runpy.run_path("example.py")


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    names = run_examples("README.md", tmp_path, monkeypatch)
    assert (tmp_path / "found.png").exists()
    assert names["image"].shape == (1, 3, 64, 64)
    scores = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert scores[-1] > scores[0]


@pytest.mark.slow
def test_the_examples_of_the_library_run(tmp_path, monkeypatch):
    names = run_examples("docs/library.md", tmp_path, monkeypatch)
    assert {path.name for path in tmp_path.iterdir()} >= {"found.png", "film.gif", "avoid.safetensors"}
    assert names["path"].shape == (12, names["G"].num_ws, names["G"].w_dim)
    assert names["better"].shape == (16, names["G"].z_dim)
    assert names["distance"] > 0


def test_the_readme_is_short():
    assert len(README.split()) < 900


def test_the_table_of_models_is_that_of_the_catalogue():
    page = models_table.PAGE.read_text(encoding="utf-8")
    assert models_table.updated(page) == page


def test_the_space_runs_what_is_pinned():
    pinned = dict(re.findall(r"^(\w+)==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert FRONT_MATTER["sdk_version"] == pinned["gradio"]
    assert (ROOT / FRONT_MATTER["app_file"]).exists()
    assert len(FRONT_MATTER["short_description"]) <= 60


def test_the_space_asks_visitors_for_no_more_than_a_push_needs():
    assert FRONT_MATTER["hf_oauth"] is True
    assert FRONT_MATTER["hf_oauth_scopes"] == ["contribute-repos"]


def anchors(page):
    """Returns the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target
