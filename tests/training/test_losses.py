"""Losses, compared with the papers' formulas."""

import pytest
import torch

from spaceseed.training.losses import LOSSES, gradient_penalty, label_loss

LOGITS = torch.tensor([[-2.0], [0.5], [3.0]])
REAL = torch.tensor([[-1.0], [0.0], [2.0]])
P, Q = LOGITS.sigmoid(), REAL.sigmoid()


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        ("minimax", (1 - P).log().mean(), -Q.log().mean() - (1 - P).log().mean()),
        ("nonsaturating", -P.log().mean(), -Q.log().mean() - (1 - P).log().mean()),
        ("leastsquares", (LOGITS - 1).pow(2).mean(), (REAL - 1).pow(2).mean() + LOGITS.pow(2).mean()),
        ("hinge", -LOGITS.mean(), (1 - REAL).clamp(min=0).mean() + (1 + LOGITS).clamp(min=0).mean()),
    ],
)
def test_losses_are_those_of_the_papers(name, generator, discriminator):
    torch.testing.assert_close(LOSSES[name].generator(LOGITS), generator)
    torch.testing.assert_close(LOSSES[name].discriminator(REAL, LOGITS), discriminator)


@pytest.mark.parametrize("objective", LOSSES.values(), ids=LOSSES)
def test_every_generator_gains_by_looking_more_real(objective):
    logits = LOGITS.clone().requires_grad_(True)
    objective.generator(logits).backward()
    # Only least squares has a target, a logit of 1.
    assert (logits.grad[LOGITS < 1] < 0).all()


@pytest.mark.parametrize("objective", LOSSES.values(), ids=LOSSES)
def test_losses_stay_finite_where_the_discriminator_is_sure(objective):
    sure = torch.tensor([[-300.0], [300.0]])
    assert objective.generator(sure).isfinite()
    assert objective.discriminator(sure, sure).isfinite()


def test_groups_without_label_do_not_count():
    classes = torch.tensor([[2.0, 0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 5.0, 0.0, 0.0]])
    labels = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0]])
    first = -(classes[0, :2].log_softmax(0)[0] + classes[1, :2].log_softmax(0)[1]) / 2
    second = -classes[1, 2:].log_softmax(0)[2]
    torch.testing.assert_close(label_loss(classes, labels, (2, 3)), first + second)
    assert label_loss(classes, torch.zeros_like(labels), (2, 3)) == 0


def test_the_penalty_is_the_squared_length_of_the_gradient():
    images = torch.ones(2, 3, 4, 4, requires_grad=True)
    slopes = torch.tensor([1.0, 2.0])
    logits = (images.sum(dim=(1, 2, 3)) * slopes)[:, None]
    torch.testing.assert_close(gradient_penalty(logits, images), 48 * slopes.square().mean())
