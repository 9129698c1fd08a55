"""Each study runs from end to end on the bundled networks, and writes what it promises."""

import json
import sys

import pytest
import torch

from benchmarks import cost, prior_study, search_quality, steering, synthesis


@pytest.fixture
def results(tmp_path, monkeypatch):
    threads = torch.get_num_threads()

    def run(study, *options):
        monkeypatch.setattr(sys, "argv", [study.__name__, "--quick", "--out", str(tmp_path), *options])
        study.main()
        name = study.__name__.rpartition(".")[2]
        assert (tmp_path / f"{name}.md").read_text().count("\n| ") > 3
        return json.loads((tmp_path / f"{name}.json").read_text())

    yield run
    torch.set_num_threads(threads)


def test_search_quality(results, monkeypatch):
    # What the methods do is tested in test_harness; here a few of them suffice.
    for name, kept in (
        ("OURS", (search_quality.BEST, "random search")),
        ("PEERS", ("cmaes SepCMA",)),
        ("VARIANTS", ("DE rand/1/bin",)),
    ):
        every = getattr(search_quality, name)
        monkeypatch.setattr(search_quality, name, {method: every[method] for method in kept})
    figures = results(search_quality, "--workers", "1")
    short, long = figures["budgets"].values()
    methods = {row["method"] for row in long}
    assert methods == {*search_quality.OURS, *search_quality.PEERS, *search_quality.GRADIENT}
    assert {row["method"] for row in short} == methods | set(search_quality.VARIANTS)
    assert all(0 <= row["confirmed"][0] <= 1 and -1 <= row["score"][0] <= 1 for row in short)


def test_prior_study(results, monkeypatch, tmp_path):
    def stand_in(_split, _folder, _classifier, count):
        return torch.rand(count, 96, generator=torch.Generator().manual_seed(count))

    monkeypatch.setattr(prior_study, "render_features", stand_in)
    figures = results(prior_study)
    assert figures["along"]["norm"]["lerp"][-1] == pytest.approx(0.5**0.5, abs=0.05)
    assert figures["along"]["norm"]["slerp"][-1] == pytest.approx(1, abs=0.05)
    assert figures["searches"]["shell, z"]["norm"][-1] == pytest.approx(1, abs=1e-3)
    assert (tmp_path / "prior_study.png").read_bytes().startswith(b"\x89PNG")


def test_cost(results):
    figures = results(cost)
    assert set(figures["images_a_second"]) == {"1", "16"}
    assert all(0 < share < 1 for share in figures["share_outside_networks"].values())


def test_steering(results):
    figures = results(steering)
    assert set(figures["methods"]) == {*steering.METHODS, "attributes, others kept", "random"}
    for rows in figures["methods"].values():
        assert all(0 <= row["share"] <= 1 and -1 <= row["change"] <= 1 for row in rows)
    assert figures["methods"]["attributes"][0]["change"] > 0


def test_synthesis(results, monkeypatch):
    names = {synthesis.PROFILED, "avatars, 64 px"}
    monkeypatch.setattr(synthesis, "NETWORKS", {name: synthesis.NETWORKS[name] for name in names})
    figures = results(synthesis)
    assert {row["network"] for row in figures["speeds"]} == names
    assert all(row["difference"] < 1e-4 and 0 < row["share_of_peak"] < 1.5 for row in figures["speeds"])
    assert set(figures["parts"]["synthesize"]) == set(figures["parts"]["port"])
