"""Labels of images, in groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.untrusted import clean_text

Groups = Mapping[str, tuple[str, ...]]  # the names of each group's values, in order
NAMED = 3  # number of names that a message lists
UNLABELLED = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of images, in groups. An image has at most one value of each group.

    Attributes:
        groups: the names of each group's values.
        values: int64 [n, groups]: the index of each image's value; -1 if it has no label.

    Raises:
        ArgumentError: values have another shape or are out of range.
    """

    groups: dict[str, tuple[str, ...]]
    values: NDArray[np.int64]

    def __post_init__(self) -> None:
        sizes = np.array(self.sizes)
        if self.values.shape != (len(self.values), len(sizes)):
            raise ArgumentError("values", self.values.shape, f"of shape [n, {len(sizes)}]")
        if not ((self.values >= UNLABELLED) & (self.values < sizes)).all():
            raise ArgumentError(
                "values", "numbers", f"from {UNLABELLED} to below {self.sizes}, the sizes of the groups"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of values of each group."""
        return tuple(len(names) for names in self.groups.values())

    def vectors(self, rows: Tensor) -> Tensor:
        """Returns the one-hot vectors of all groups, concatenated. A group without label is all zero.

        Args:
            rows: int64 [k], indices of the images.

        Returns:
            float32 [k, num_classes] on the CPU, where num_classes is the sum of the groups' sizes.
        """
        values = torch.from_numpy(self.values)[rows.cpu()]
        # One more class for "no label", whose column is removed afterwards.
        parts = [F.one_hot(values[:, i] - UNLABELLED, size + 1)[:, 1:] for i, size in enumerate(self.sizes)]
        return torch.cat(parts, dim=1).float()

    def counts(self) -> list[str]:
        """Returns one sentence for each group with the number of images of each value."""
        sentences = []
        for column, (group, names) in enumerate(self.groups.items()):
            *of_values, unlabelled = np.bincount(self.values[:, column] % (len(names) + 1), minlength=len(names) + 1)
            told = [f"{name} {count}" for name, count in zip(names, of_values, strict=True)]
            sentences.append(f"Images by {group}: {', '.join(told + [f'no label {unlabelled}'] * bool(unlabelled))}.")
        return sentences


def drop(vectors: Tensor, sizes: Sequence[int], probability: float, rng: torch.Generator) -> Tensor:
    """Drops labels at random, of single groups or of all, so that images can later be drawn without them.

    Args:
        vectors: [N, num_classes] as from `Labels.vectors`.
        sizes: sizes of the groups.
        probability: probability to drop all groups of an image; otherwise that of each group. In [0, 1].
        rng: draws the labels to drop.

    Returns:
        [N, num_classes].
    """
    draws = torch.rand(len(vectors), 1 + len(sizes), generator=rng, device=rng.device).to(vectors.device)
    keep = (draws[:, :1] >= probability) & (draws[:, 1:] >= probability)
    return vectors * keep.repeat_interleave(torch.tensor(sizes, device=vectors.device), dim=1)


def difference(before: Groups, now: Groups) -> str:
    """Describes how the meaning of label vectors has changed.

    Args:
        before: the groups of an earlier set of images.
        now: the groups of a later set.

    Returns:
        A part of a sentence; empty if nothing has changed.
    """
    was, is_now = (
        [f"{group}: {name}" for group, names in groups.items() for name in names] for groups in (before, now)
    )
    missing, new = ([name for name in one if name not in set(other)] for one, other in ((was, is_now), (is_now, was)))
    if missing or new:
        told = [f"{what} ({some_of(names)})" for what, names in (("missing", missing), ("new", new)) if names]
        return " and ".join(told)
    return "" if was == is_now else f"in another order, which was {some_of(was)}"


def some_of(names: Sequence[str]) -> str:
    """Returns the first few names, cleaned for printing."""
    return ", ".join([clean_text(name, 80) for name in islice(names, NAMED)] + ["..."] * (len(names) > NAMED))
