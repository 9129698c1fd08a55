"""Labels: one-hot groups that can be dropped, counts of images, and differences to an earlier run."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.training.data.labels import Labels, difference, drop

GROUPS = {"hair": ("short", "long", "none"), "mood": ("glad", "sad")}


def test_vectors_are_one_hot_in_each_group_and_zero_without_label():
    labels = Labels(GROUPS, np.array([[0, 1], [2, -1], [-1, -1]]))
    assert labels.sizes == (3, 2)
    assert labels.vectors(torch.tensor([0, 1, 2, 0])).tolist() == [
        [1, 0, 0, 0, 1],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
        [1, 0, 0, 0, 1],
    ]


@pytest.mark.parametrize("values", [[[3, 0]], [[0, 2]], [[-2, 0]], [[0]], [0, 1]])
def test_labels_of_other_groups_are_refused(values):
    with pytest.raises(ArgumentError, match="values"):
        Labels(GROUPS, np.array(values))


@given(probability=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_dropping_removes_labels_of_whole_groups_and_nothing_else(probability, seed):
    values = np.array([[i % 3, i % 2] for i in range(40)])
    vectors = Labels(GROUPS, values).vectors(torch.arange(40))
    dropped, again = (drop(vectors, (3, 2), probability, torch.Generator().manual_seed(seed)) for _ in range(2))
    assert torch.equal(dropped, again)
    for group in (slice(0, 3), slice(3, 5)):
        said = dropped[:, group].any(dim=1)
        assert torch.equal(dropped[said, group], vectors[said, group])
    if probability in (0, 1):
        assert torch.equal(dropped, vectors * (1 - probability))


def test_groups_are_dropped_together_and_by_themselves_as_often_as_asked():
    vectors = Labels(GROUPS, np.zeros((4000, 2), np.int64)).vectors(torch.arange(4000))
    said = drop(vectors, (3, 2), 0.2, torch.Generator().manual_seed(0))[:, [0, 3]].bool()
    none, first = (~said).all(dim=1), said[:, 0] & ~said[:, 1]
    assert none.float().mean().item() == pytest.approx(0.2 + 0.8 * 0.2**2, abs=0.02)
    assert first.float().mean().item() == pytest.approx(0.8 * 0.8 * 0.2, abs=0.02)


def test_counts_tell_how_many_images_have_each_value():
    values = np.array([[0, 1], [2, -1], [-1, -1], [2, 1]])
    assert Labels(GROUPS, values).counts() == [
        "Images by hair: short 1, long 0, none 2, no label 1.",
        "Images by mood: glad 0, sad 2, no label 2.",
    ]
    assert Labels({"class": ("a", "b")}, np.array([[1], [1]])).counts() == ["Images by class: a 0, b 2."]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (GROUPS, ""),
        ({"hair": ("short", "long", "none", "red"), "mood": ("glad", "sad")}, "new (hair: red)"),
        ({"hair": ("short", "none"), "mood": ("glad", "sad")}, "missing (hair: long)"),
        ({"hair": ("short", "long", "none"), "state": ("glad", "sad")},
         "missing (mood: glad, mood: sad) and new (state: glad, state: sad)"),
        ({"hair": ("long", "short", "none"), "mood": ("glad", "sad")},
         "in another order, which was hair: short, hair: long, hair: none, ..."),
        ({"mood": ("glad", "sad"), "hair": ("short", "long", "none")},
         "in another order, which was hair: short, hair: long, hair: none, ..."),
        ({}, "missing (hair: short, hair: long, hair: none, ...)"),
    ],
)  # fmt: skip
def test_whatever_changes_the_meaning_of_a_label_is_told(now, told):
    assert difference(GROUPS, now) == told
