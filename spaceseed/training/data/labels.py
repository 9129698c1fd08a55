"""What images show, in groups of labels."""

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
NAMED = 3  # of many things, as many as a sentence names
UNLABELLED = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """What images show, in groups of which an image has one value each.

    Attributes:
        groups: the names of each group's values.
        values: int64 [n, groups]: which of them each image has; -1 where that is not said.

    Raises:
        ArgumentError: values are not of this shape or range.
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
        """How many values each group has."""
        return tuple(len(names) for names in self.groups.values())

    def vectors(self, rows: Tensor) -> Tensor:
        """Returns one-hot vectors of the groups side by side, all zero where nothing is said.

        Args:
            rows: int64 [k], which images.

        Returns:
            float32 [k, num_classes] on the CPU, num_classes being the sum of the groups' sizes.
        """
        values = torch.from_numpy(self.values)[rows.cpu()]
        # One class more for "not said", whose column is then cut off.
        parts = [F.one_hot(values[:, i] - UNLABELLED, size + 1)[:, 1:] for i, size in enumerate(self.sizes)]
        return torch.cat(parts, dim=1).float()

    def counts(self) -> list[str]:
        """Says in one sentence a group how many images have each of its values."""
        sentences = []
        for column, (group, names) in enumerate(self.groups.items()):
            *of_values, unlabelled = np.bincount(self.values[:, column] % (len(names) + 1), minlength=len(names) + 1)
            told = [f"{name} {count}" for name, count in zip(names, of_values, strict=True)]
            sentences.append(f"Images by {group}: {', '.join(told + [f'no label {unlabelled}'] * bool(unlabelled))}.")
        return sentences


def drop(vectors: Tensor, sizes: Sequence[int], probability: float, rng: torch.Generator) -> Tensor:
    """Unsays labels at random, some of an image's groups or all at once, so that groups may be left open later.

    Args:
        vectors: [N, num_classes] as from `Labels.vectors`.
        sizes: of the groups.
        probability: of all groups of an image together, and, where they stay, of each of them by itself; in [0, 1].
        rng: which labels go.

    Returns:
        [N, num_classes].
    """
    draws = torch.rand(len(vectors), 1 + len(sizes), generator=rng, device=rng.device).to(vectors.device)
    keep = (draws[:, :1] >= probability) & (draws[:, 1:] >= probability)
    return vectors * keep.repeat_interleave(torch.tensor(sizes, device=vectors.device), dim=1)


def difference(before: Groups, now: Groups) -> str:
    """Returns what labels of the same positions in a vector would no longer mean the same.

    Args:
        before: the groups of an earlier set of images.
        now: those of a later one.

    Returns:
        a part of a sentence; empty if there is no difference.
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
    """Returns the first few names, made harmless to print."""
    return ", ".join([clean_text(name, 80) for name in islice(names, NAMED)] + ["..."] * (len(names) > NAMED))
