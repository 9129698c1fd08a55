"""The packages of a Space fit together. `make space-check` asks pip; this test reads the installed metadata."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PINS = {
    requirement.name: requirement
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if not line.startswith("#")
    for requirement in [Requirement(line)]
}


def pinned(name: str) -> str:
    return str(PINS[name].specifier).removeprefix("==")


def test_the_readme_names_the_gradio_that_is_pinned():
    assert f"\nsdk_version: {pinned('gradio')}\n" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("line", requires("gradio") or [])
def test_pins_are_what_gradio_allows_with_the_extras_of_a_space(line):
    wanted = Requirement(line)
    applies = wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", "oauth", "mcp"))
    name = re.sub(r"[-_.]+", "-", wanted.name)
    if applies and name in PINS and str(PINS[name].specifier).startswith("=="):
        assert wanted.specifier.contains(pinned(name)), f"gradio needs {wanted}"


def test_the_pair_that_a_space_installs_first_is_in_the_tested_range():
    for line in (ROOT / "pre-requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            first = Requirement(line)
            assert PINS[first.name].specifier.contains(str(first.specifier).removeprefix("=="))
