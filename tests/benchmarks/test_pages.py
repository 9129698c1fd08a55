"""The committed pages say what the committed figures say, and `--check` tells where they do not."""

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import report


@pytest.mark.parametrize("name", command.STUDIES)
def test_page_and_row_in_the_readme_say_what_the_figures_say(name):
    assert report.faults(name) == []


def test_every_page_is_of_a_study():
    assert {path.stem for path in report.PAGES.glob("*.md")} == set(command.STUDIES)
    assert {path.stem for path in report.FIGURES.glob("*.json")} == set(command.STUDIES)


def test_check_names_a_page_that_differs_and_rewrite_mends_it(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGES", tmp_path)
    monkeypatch.setattr(command, "PAGES", tmp_path)
    page = tmp_path / "cost.md"
    page.write_text((Path(report.ROOT) / "docs/results/cost.md").read_text().replace("One thread", "One core"))

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
        command.main()

    with pytest.raises(SystemExit, match=r"docs/results/cost\.md differs from benchmarks/results/cost\.json at line 5"):
        run("--check", "cost")
    run("--rewrite", "cost")
    assert report.faults("cost") == []
    page.unlink()
    with pytest.raises(SystemExit, match=r"cost\.md differs .* at line 1"):
        run("--check", "cost")
