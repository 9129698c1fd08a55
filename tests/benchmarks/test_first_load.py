"""The study of the first load sees what a browser transfers."""

import json
import sys
from contextlib import nullcontext

import pytest

from benchmarks import first_load


@pytest.mark.slow
def test_a_visit_is_timed_and_weighed(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["first_load", "--quick", "--out", str(tmp_path)])
    monkeypatch.setattr(first_load, "chromium", lambda: nullcontext(browser))
    first_load.main()
    figures = json.loads((tmp_path / "first_load.json").read_text())
    [times] = figures["visits"]
    assert 0 < times["first"] <= times["all"]
    assert {"Document", "Script", "Image"} <= set(figures["bytes"])
    assert sum(figures["bytes"].values()) < 1000 * first_load.AIMS["kilobytes"]
