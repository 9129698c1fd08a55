"""A network and its Adam: a copy shares nothing with the original."""

import pytest
import torch

from spaceseed.errors import TrainingError
from spaceseed.training.machine import BETAS, Learner, Machine


@pytest.fixture
def learner():
    network = torch.nn.Linear(3, 2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.5)
    groups = [{"params": [network.weight], "lr": 0.1}, {"params": [network.bias], "lr": 0.01}]
    learner = Learner(network, groups, BETAS, Machine("float32"))
    learn(learner, 1.0)
    return learner


def learn(learner, towards):
    learner.step((learner.network(torch.ones(1, 3)) - towards).square().sum(), 1.0, "loss")


def everything(learner):
    state = learner.state_dict()
    tensors = [*state["network"].values(), *(t for its in state["adam"]["state"].values() for t in its.values())]
    return torch.cat([tensor.detach().flatten().float() for tensor in tensors])


@pytest.mark.parametrize("by", ["copy", "state"])
def test_a_copy_learns_alone_and_alike(learner, by):
    other = learner.copy()
    if by == "state":
        learn(other, -3.0)  # so that there is a state to replace
        other.load_state_dict(learner.state_dict())
    before = everything(learner)
    learn(other, -5.0)
    assert torch.equal(everything(learner), before)
    learn(learner, -5.0)
    assert torch.equal(everything(learner), everything(other))


def test_each_group_keeps_its_share_of_the_rate(learner):
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.step((learner.network(torch.ones(1, 3)) + 9).square().sum(), 0.5, "loss")
    moved = {name: (value - before[name]).abs().max().item() for name, value in learner.network.state_dict().items()}
    assert moved["weight"] == pytest.approx(10 * moved["bias"], rel=1e-3)
    assert 0.01 < moved["weight"] < 0.1


@pytest.mark.parametrize("towards", [float("nan"), float("inf"), 1e30])
def test_a_loss_that_is_not_finite_is_named_and_changes_nothing(learner, towards):
    before = everything(learner)
    with pytest.raises(TrainingError, match="the loss is not finite"):
        learn(learner, towards)
    assert torch.equal(everything(learner), before)


class Steep(torch.autograd.Function):
    """A finite number with an infinite gradient."""

    @staticmethod
    def forward(ctx, x):
        return x.sum()

    @staticmethod
    def backward(ctx, gradient):
        return torch.full((2, 3), float("inf"))


def test_weights_that_are_not_finite_are_named(learner):
    with pytest.raises(TrainingError, match="the loss led to weights that are not finite"):
        learner.step(Steep.apply(learner.network.weight), 1.0, "loss")


def test_half_precision_is_for_arithmetic_alone():
    network = torch.nn.Linear(3, 2)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with Machine(precision).precision():
            assert network(torch.ones(1, 3)).dtype == dtype
        assert network.weight.dtype == torch.float32
