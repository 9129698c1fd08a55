"""Label vectors of conditional generators, by the names of their classes.

labels = ss.labels(G, "hair: curly", "skin: tan")      # [num_classes]; other groups are left open
ws = G.map(z, labels.expand(len(z), -1))
"""

import difflib

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator

LISTED = 20  # names that a sentence lists


def labels(generator: Generator, *classes: str | int) -> Tensor:
    """Returns the label vector of what images are to show.

    Args:
        generator: a conditional one; its card names the classes, and groups them where an image has one of each group.
        *classes: names, or numbers from 0 to num_classes - 1, in any order. Several of one group, or of a model without
            groups, are mixed in equal parts. A group of which none is given is left open: each latent decides.

    Returns:
        float32 [num_classes] on the CPU.

    Raises:
        ArgumentError: the generator has no such class, more than one of this name, or no classes at all; or none is
            given and the generator has no groups to be left open.
    """
    check_type("generator", generator, Generator, "a Generator, as load gives one")
    if not generator.num_classes:
        raise ArgumentError("generator", type(generator).__name__, "a conditional one: this model has no classes")
    groups = groups_of(generator)
    if not classes and not groups:
        raise ArgumentError("classes", classes, "one or more: this model cannot leave them open")
    vector = torch.zeros(generator.num_classes)
    vector[[_number(generator, each) for each in classes]] = 1
    for group in vector.split(list(groups or [generator.num_classes])):
        group /= group.sum().clamp(min=1)  # noqa: PLW2901 - a view of the vector
    return vector


def groups_of(generator: Generator) -> tuple[int, ...]:
    """Sizes of the groups of classes that may be left open; empty where an image has one class in all, or none."""
    return generator.card.groups if generator.card else ()


def _number(generator: Generator, chosen: str | int) -> int:
    names, count = generator.card.classes if generator.card else (), generator.num_classes
    if isinstance(chosen, str):
        found = [i for i, name in enumerate(names) if name == chosen]
        if len(found) == 1:
            return found[0]
        if found:
            raise ArgumentError("class", chosen, f"{' or '.join(map(str, found))}, for more than one is called so")
        near = difflib.get_close_matches(chosen, names) or names
        listed = ", ".join(near) if 0 < len(near) <= LISTED else "the model card's classes"
        raise ArgumentError("class", chosen, f"one of {listed}, or a number from 0 to {count - 1}")
    return check_integer("class", chosen, 0, count - 1)
