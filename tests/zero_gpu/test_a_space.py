"""Runs the tests of this folder on what plays a ZeroGPU Space, in a process of its own: the package patches torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_searches_and_edits_on_a_zero_gpu_space(tmp_path):
    settings = {"SPACES_ZERO_GPU": "true", "ZEROGPU_OFFLOAD_DIR": str(tmp_path / "packs"), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", str(Path(__file__).parent)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
