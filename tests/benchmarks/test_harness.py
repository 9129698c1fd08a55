"""Comparisons are fair: budgets are kept exactly, by every method, and a seed gives the same run."""

import json
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import harness, search_quality, wishes
from benchmarks.harness import Outcome, Run, Spent, Trial, compare
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.bundled.captions import asked

BUDGET = 150
PROMPT = asked("a smiling woman", mouth="smile", presentation="woman")
SCORED = {name: method for name, method in search_quality.PEERS.items() if name != "atlas alone"}


class Bowl:
    """Networks' place, taken by a function: the score is best where every coordinate is 1."""

    def __init__(self) -> None:
        self.generator = StyleGAN2(8, 8, {4: 4}, mapping_layers=1).requires_grad_(False)
        self.spaces = {name: LatentSpace(self.generator, name) for name in ("z", "w", "ws")}
        self.judge = SimpleNamespace(
            embed_text=lambda _text: torch.ones(1, 1), embed_images=lambda images: images.mean(dim=(1, 2, 3))[:, None]
        )
        seen = {"mouth": "smile", "hair": "long"}
        self.classifier = SimpleNamespace(words=lambda _: [seen], features=lambda images: images.flatten(1))
        self.witness, self.typical_distance = self.classifier, 1.0

    def embed(self, _space, vectors):
        return -(vectors - 1).square().mean(dim=1, keepdim=True)

    def draw(self, _space, vectors):
        return vectors.mean(dim=1)[:, None, None, None].expand(-1, 3, 4, 4)


@pytest.fixture(scope="module")
def bowl():
    return Bowl()


def test_trial_scores_what_it_can_afford_and_then_ends(bowl):
    trial = Trial(bowl, PROMPT, budget=10)
    assert trial(np.ones((8, 8))).tolist() == [0.0] * 8
    with pytest.raises(Spent):
        trial(np.zeros((8, 8)))
    assert trial.scores == [0.0] * 8 + [-1.0] * 2
    with pytest.raises(Spent):
        trial(np.ones((1, 8)))


def test_trial_reaching_its_budget_exactly_still_answers(bowl):
    assert len(Trial(bowl, PROMPT, budget=8)(np.ones((8, 8)))) == 8


@pytest.mark.parametrize("name", SCORED)
def test_method_spends_its_budget_repeatably_and_betters_its_start(bowl, name):
    trials = []
    for _ in range(2):
        trial = Trial(bowl, PROMPT, BUDGET)
        trial.run(SCORED[name], seed=3)
        trials.append(trial)
    assert trials[0].scores == trials[1].scores
    assert len(trials[0].scores) == BUDGET
    assert max(trials[0].scores) > max(trials[0].scores[:16])


def test_method_that_gives_up_early_is_found_out(bowl):
    with pytest.raises(AssertionError, match="before its budget"):
        Trial(bowl, PROMPT, 10).run(lambda _trial, _seed: None, seed=0)


def test_only_the_best_that_was_affordable_is_looked_at(bowl):
    trial = Trial(bowl, PROMPT, budget=3)
    trial(torch.tensor([[0.5], [0.9], [0.7]]).repeat(1, 8))
    assert trial.images(1)[:, 0, 0, 0].tolist() == [0.5]
    assert trial.images(3)[:, 0, 0, 0].tolist() == pytest.approx([0.9, 0.7, 0.5])


def test_what_is_shown_counts_from_then_on_and_not_beyond_the_budget(bowl):
    trial = Trial(bowl, PROMPT, budget=100)
    shown = [torch.full((1, 3, 4, 4), value) for value in (0.1, 0.2)]

    def method(trial, _seed):
        for count, images in ((0, shown[0]), (64, shown[1]), (101, shown[0])):
            trial.show(count, images)
        raise AssertionError("it goes on without a budget")

    trial.run(method, seed=0)
    assert [float(trial.images(count).mean()) for count in (1, 63, 64, 100)] == pytest.approx([0.1, 0.1, 0.2, 0.2])


def test_finished_runs_are_kept_and_not_run_again(bowl, monkeypatch, tmp_path):
    monkeypatch.setattr(harness.multiprocessing, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))
    began = []

    def work(run):
        began.append(run.seed)
        return run, {budget: Outcome(0.5, 0.25, 0.75, 1.0) for budget in run.budgets}

    monkeypatch.setattr(harness, "_work", work)
    runs = [Run("random seeds", search_quality.PEERS["random seeds"], PROMPT, seed, (10, 20)) for seed in range(3)]
    first = compare(runs[:2], 1, tmp_path)
    assert compare(runs, 1, tmp_path)[:2] == first
    assert sorted(began) == [0, 1, 2]
    assert json.loads((tmp_path / runs[0].file).read_text())["10"]["confirmed"] == 0.25


def test_summary_pairs_methods_on_the_same_wish_and_seed():
    def run(name, seed):
        return Run(name, search_quality.PEERS["random seeds"], PROMPT, seed, (500,))

    other = "random seeds"
    results = [
        (run(search_quality.BEST, 0), {500: Outcome(0.6, 0.5, 0.5, 0.2)}),
        (run(search_quality.BEST, 1), {500: Outcome(0.4, 1.0, 0.5, 0.4)}),
        (run(other, 0), {500: Outcome(0.3, 0.5, 0.25, 1.0)}),
    ]
    best, second = search_quality.summarize(results, 500)
    assert (best["method"], best["score"][0], best["runs"]) == (search_quality.BEST, 0.5, 2)
    assert (best["confirmed"][0], best["wrong_corner"], best["spread_of_top_8"][0]) == (0.75, 0.5, 0.3)
    assert {figure: gap[0] for figure, gap in second["ahead"].items()} == {
        "score": 0.3,
        "confirmed": 0.0,
        "witnessed": 0.25,
    }


def test_the_final_wishes_are_unseen_and_demanding():
    final, tuned = ({wish.text for wish in part} for part in (wishes.FINAL, wishes.TUNING))
    assert final.isdisjoint(tuned)
    assert all(len(wish.attributes) >= 3 for wish in wishes.FINAL)


def test_runs_that_go_farthest_are_of_the_first_seeds():
    planned = search_quality.runs(wishes.FINAL[:2], {200: 2, 800: 1})
    assert {(run.seed, max(run.budgets)) for run in planned} == {(0, 800), (1, 200)}
    assert len(planned) == 2 * 2 * len({**search_quality.OURS, **search_quality.PEERS})
    assert all(np.diff(run.budgets).min() > 0 for run in planned)
