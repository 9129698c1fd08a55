"""The public names: all exist, are listed, and are fast to import."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import spaceseed as ss

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ss.__all__)
def test_every_public_name_is_there_and_listed(name):
    assert hasattr(ss, name)
    assert name in dir(ss)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'load_nothing'"):
        _ = ss.load_nothing


@pytest.mark.parametrize(
    "source", [ROOT / "README.md", *sorted((ROOT / "spaceseed").rglob("*.py"))], ids=lambda p: p.name
)
def test_names_in_the_documentation_are_public(source):
    used = set(re.findall(r"(?<![\w.])ss\.(\w+)", source.read_text(encoding="utf-8")))
    assert used <= set(ss.__all__)


def test_what_is_slow_is_imported_when_asked_for():
    code = "import sys, spaceseed; print(*[n for n in ('open_clip', 'torchvision', 'sklearn') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_module_has_a_public_name():
    assert not [name for name in ss.__all__ if find_spec(f"spaceseed.{name}")]
