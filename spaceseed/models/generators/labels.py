"""Label vectors of conditional generators, from names of classes.

Example::

    labels = ss.labels(G, "hair: curly", "skin: tan")      # [num_classes]; other groups have no label
    ws = G.map(z, labels.expand(len(z), -1))
"""

import difflib

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator

LISTED = 20  # names that a message lists


def labels(generator: Generator, *classes: str | int) -> Tensor:
    """Returns the label vector for some classes.

    Args:
        generator: a conditional generator. Its card names the classes, in groups if an image has one of each group.
        *classes: names, or numbers from 0 to num_classes - 1, in any order. Several classes of one group, or of a model
            without groups, are mixed in equal parts. A group without any has no label: its part is zero.

    Returns:
        float32 [num_classes] on the CPU.

    Raises:
        ArgumentError: the generator has no such class, several of this name, or no classes at all; or no class is given
            and the generator has no groups.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    if not generator.num_classes:
        raise ArgumentError(
            "generator", type(generator).__name__, "a conditional generator, and this model has no classes"
        )
    groups = groups_of(generator)
    if not classes and not groups:
        raise ArgumentError("classes", classes, "one class or more, because this model needs a label")
    vector = torch.zeros(generator.num_classes)
    vector[[_number(generator, each) for each in classes]] = 1
    for group in vector.split(list(groups or [generator.num_classes])):
        group /= group.sum().clamp(min=1)  # noqa: PLW2901 - changes the vector in place
    return vector


def groups_of(generator: Generator) -> tuple[int, ...]:
    """Returns the sizes of the groups of classes; empty if an image has one class in all, or none."""
    return generator.card.groups if generator.card else ()


def _number(generator: Generator, chosen: str | int) -> int:
    names, count = generator.card.classes if generator.card else (), generator.num_classes
    if isinstance(chosen, str):
        found = [i for i, name in enumerate(names) if name == chosen]
        if len(found) == 1:
            return found[0]
        if found:
            raise ArgumentError("class", chosen, f"{' or '.join(map(str, found))}, because several have this name")
        near = difflib.get_close_matches(chosen, names) or names
        listed = ", ".join(near) if 0 < len(near) <= LISTED else "the model card's classes"
        raise ArgumentError("class", chosen, f"one of {listed}, or a number from 0 to {count - 1}")
    return check_integer("class", chosen, 0, count - 1)
