"""Comparisons are fair: budgets are kept exactly, by every method, and a seed gives the same run."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import search_quality
from benchmarks.harness import Outcome, Run, Spent, Trial
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.training.bundled.captions import asked

BUDGET = 150
PROMPT = asked("a smiling woman", mouth="smile", presentation="woman")
METHODS = {**search_quality.OURS, **search_quality.PEERS, **search_quality.GRADIENT, **search_quality.VARIANTS}


class Bowl:
    """Networks' place, taken by a function: the score is best where every coordinate is 1."""

    def __init__(self) -> None:
        self.generator = StyleGAN2(8, 8, {4: 4}, mapping_layers=1).requires_grad_(False)
        self.spaces = {name: LatentSpace(self.generator, name) for name in ("z", "w", "ws")}
        self.judge = SimpleNamespace(embed_text=lambda _text: torch.ones(1, 1))

    def embed(self, _space, vectors):
        return -(vectors - 1).square().mean(dim=1, keepdim=True)


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


@pytest.mark.parametrize("name", METHODS)
def test_method_spends_its_budget_repeatably_and_betters_its_start(bowl, name):
    trials = []
    for _ in range(2):
        trial = Trial(bowl, PROMPT, BUDGET)
        trial.run(METHODS[name], seed=3)
        trials.append(trial)
    assert trials[0].scores == trials[1].scores
    assert len(trials[0].scores) == BUDGET
    assert max(trials[0].scores) > max(trials[0].scores[:16])


def test_method_that_gives_up_early_is_found_out(bowl):
    with pytest.raises(AssertionError, match="before its budget"):
        Trial(bowl, PROMPT, 10).run(lambda _trial, _seed: None, seed=0)


def outcome(score, feature, confirmed=0.5):
    return Outcome(score, confirmed, top_spread=0.2, features=np.array([feature, 0.0], dtype=np.float32))


def test_summary_pairs_methods_on_the_same_prompt_and_seed():
    def run(name, seed):
        return Run(name, METHODS[name], PROMPT, seed, (500,))

    other = "random search"
    results = [
        (run(search_quality.BEST, 0), {500: outcome(0.6, 0.0)}),
        (run(search_quality.BEST, 1), {500: outcome(0.4, 3.0, confirmed=1.0)}),
        (run(other, 0), {500: outcome(0.3, 0.0)}),
    ]
    best, second = search_quality.summarize(results, 500)
    assert (best["method"], best["score"][0], best["spread_among_seeds"][0]) == (search_quality.BEST, 0.5, 3.0)
    assert (second["best_is_ahead_by"][0], second["best_wins"], second["best_loses"]) == (0.3, 1, 0)
    assert second["spread_among_seeds"] is None
    assert (best["confirmed"][0], best["everything_confirmed"]) == (0.75, 0.5)


def test_prompts_are_examined_ones_and_tuning_has_others():
    from benchmarks import tune
    from spaceseed.training.bundled.prompts import PROMPTS

    held_out = {prompt.text for prompt in PROMPTS}
    assert {prompt.text for prompt in search_quality.DEMANDING} <= held_out
    assert held_out.isdisjoint(prompt.text for prompt in tune.PROMPTS)
    assert all(len(prompt.attributes) >= 3 for prompt in search_quality.DEMANDING)
