import importlib
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from spaceseed.models.judges import _torchvision


@pytest.mark.slow
def test_torchvision_and_open_clip_work_after_it():
    # In a separate process, because other tests import torchvision too.
    code = """
import torch
import spaceseed.models.judges._torchvision
import open_clip
from torchvision.transforms import Resize
assert Resize(4)(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 4, 4)
assert "ViT-B-32" in open_clip.list_models()
assert torch.ops.torchvision.nms
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_nothing_is_declared_where_torchvision_imports_by_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    assert _torchvision.import_torchvision() is None


def test_only_what_is_missing_is_declared(monkeypatch):
    calls: list[str] = []

    def fail_once(name):
        calls.append(name)
        if len(calls) == 1:
            raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(importlib, "import_module", fail_once)
    # The operators exist already, real or declared, so a second declaration would be an error.
    assert isinstance(_torchvision.import_torchvision(), torch.library.Library)
    assert calls == ["torchvision", "torchvision"]


def test_another_failure_is_not_hidden(monkeypatch):
    def fail(name: str):
        raise RuntimeError(f"{name} is broken")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="torchvision is broken"):
        _torchvision.import_torchvision()
