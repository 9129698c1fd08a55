"""The wheel is complete, requires only what it uses, and runs outside the checkout."""

import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import app_process, free_port

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    [path] = folder.glob("*.whl")
    return path


def required(lines, extra):
    """Returns the installed distributions that these requirements need, including indirect ones."""
    found, queue = {}, [(Requirement(line), extra) for line in lines]
    seen = set()
    while queue:
        wanted, extra = queue.pop()
        if (str(wanted), extra) in seen or not (wanted.marker is None or wanted.marker.evaluate({"extra": extra})):
            continue
        seen.add((str(wanted), extra))
        its = distribution(wanted.name)
        assert wanted.specifier.contains(its.version, prereleases=True), f"{wanted} is asked for, {its.version} is here"
        found[canonicalize_name(wanted.name)] = its
        queue += [(Requirement(line), each) for line in its.requires or () for each in ("", *wanted.extras)]
    return found


def environment(wheel, folder, extra=""):
    """Returns an environment with the wheel and links to the packages in its metadata, but no others."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    [site] = folder.glob("lib/python*/site-packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel]
    subprocess.run(install, check=True)
    [metadata] = site.glob("*.dist-info/METADATA")
    lines = re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(), re.MULTILINE)
    for its in required(lines, extra).values():
        for name in {file.parts[0] for file in its.files or () if ".." not in file.parts}:
            if not (site / name).exists():
                (site / name).symlink_to(Path(str(its.locate_file(name))))
    return folder / "bin" / "python"


def run(python, folder, *arguments, **options):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPACESEED"))}
    return subprocess.run(
        [python, *arguments], cwd=folder, env=kept, check=True, text=True, capture_output=True, **options
    ).stdout


def test_the_wheel_holds_what_it_needs_and_nothing_that_was_made_beside_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "spaceseed", "examples"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    wanted = {re.sub("^examples/", "spaceseed/examples/", name) for name in tracked.stdout.split()}
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert "spaceseed/py.typed" in names


def test_the_library_runs_without_the_app(wheel, tmp_path):
    python = environment(wheel, tmp_path / "library")
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "example.py").write_text("\n".join(code).replace("generations=40", "generations=2"))
    assert run(python, tmp_path, "example.py")
    assert (tmp_path / "found.png").exists()
    assert run(python, tmp_path, "-c", "import spaceseed; print(spaceseed.__file__)").startswith(str(tmp_path))
    with pytest.raises(subprocess.CalledProcessError):
        run(python, tmp_path, "-c", "import gradio")


def test_the_app_starts_with_its_extra(wheel, tmp_path):
    python = environment(wheel, tmp_path / "app", "app")
    examples = "from spaceseed.ui.state.examples import EXAMPLES, subjects; print(EXAMPLES, len(subjects()))"
    folder, count = run(python, tmp_path, "-c", examples).split()
    assert folder.startswith(str(tmp_path))
    assert int(count) > 0
    with app_process(free_port(), python, cwd=tmp_path) as url, urllib.request.urlopen(url) as answer:
        assert "spaceseed" in answer.read().decode()
