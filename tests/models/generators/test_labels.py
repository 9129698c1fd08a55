"""Label vectors by name."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import spaceseed as ss
from spaceseed.errors import ArgumentError
from tests.ui.standins import CLASSES, DATA


@pytest.fixture(scope="module")
def plain():
    generator = ss.load(str(DATA / "nv_sg2ada_cond" / "network.pkl"), device="cpu")
    generator.card = replace(generator.card, classes=("crane", "cat", "house cat", "crane", "dog"))
    return generator


@pytest.fixture(scope="module")
def grouped():
    generator = ss.load(str(DATA / "nv_sg2ada_cond" / "network.pkl"), device="cpu")
    generator.card = replace(generator.card, classes=CLASSES["tiny-attributes"], groups=(2, 3))
    return generator


def test_names_and_numbers_give_the_same_labels(plain):
    assert ss.labels(plain, "cat").tolist() == [0, 1, 0, 0, 0]
    assert torch.equal(ss.labels(plain, "cat", "dog"), ss.labels(plain, 4, 1, 4))
    assert ss.labels(plain, "cat", 3).tolist() == [0, 0.5, 0, 0.5, 0]


def test_groups_may_have_no_label(grouped):
    assert ss.labels(grouped).tolist() == [0, 0, 0, 0, 0]
    assert ss.labels(grouped, "mood: sad").tolist() == [0, 0, 0, 1, 0]
    assert ss.labels(grouped, "hair: curly", "mood: sad", "mood: glad").tolist() == [0, 1, 0.5, 0.5, 0]


@given(st.sets(st.integers(0, 4)))
def test_each_group_with_a_label_sums_to_one(grouped, chosen):
    vector = ss.labels(grouped, *chosen)
    assert set(vector.nonzero().flatten().tolist()) == chosen
    for members, part in (({0, 1}, vector[:2]), ({2, 3, 4}, vector[2:])):
        assert part.sum() == pytest.approx(float(bool(members & chosen)))
        assert len(part[part > 0].unique()) <= 1


def test_labels_draw(grouped):
    z = ss.latents_from_seeds([3], grouped.z_dim)
    drawn = [grouped.map(z, ss.labels(grouped, *chosen)[None]) for chosen in ((), ("hair: curly",), ("hair: short",))]
    assert not torch.allclose(drawn[0], drawn[1])
    assert not torch.allclose(drawn[1], drawn[2])


@pytest.mark.parametrize(
    ("chosen", "allowed"),
    [
        ("hose cat", "one of house cat, or a number from 0 to 4"),
        ("xyz", "one of crane, cat, house cat, crane, dog, or"),
        ("crane", "0 or 3, because several"),
        (5, "from 0 to 4"),
        (-1, "from 0 to 4"),
        (True, "from 0 to 4"),
    ],
)
def test_unknown_classes_are_refused_with_suggestions(plain, chosen, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        ss.labels(plain, "cat", chosen)


def test_a_thousand_names_are_not_listed(plain):
    generator = ss.load(str(DATA / "nv_sg2ada_cond" / "network.pkl"), device="cpu")
    generator.card = replace(generator.card, classes=tuple(f"kind {i}" for i in range(1000)))
    with pytest.raises(ArgumentError, match="the model card's classes"):
        ss.labels(generator, "xyz")


def test_a_model_without_names_takes_numbers():
    generator = ss.load(str(DATA / "nv_sg2ada_cond" / "network.pkl"), device="cpu")
    generator.card = None
    assert ss.labels(generator, 2).tolist() == [0, 0, 1, 0, 0]
    with pytest.raises(ArgumentError, match="a number from 0 to 4"):
        ss.labels(generator, "cat")


def test_a_model_without_groups_needs_a_class(plain):
    with pytest.raises(ArgumentError, match="one class or more"):
        ss.labels(plain)
    with pytest.raises(ArgumentError, match="no classes"):
        ss.labels(ss.load("avatars", device="cpu"), 0)


def test_other_arguments_are_named(plain):
    assert torch.equal(ss.labels(plain, np.int64(2)), ss.labels(plain, 2))
    for wrong in (1.5, None, [0]):
        with pytest.raises(ArgumentError, match="class = "):
            ss.labels(plain, wrong)
    with pytest.raises(ArgumentError, match="generator = 'str'"):
        ss.labels("cat", plain)
