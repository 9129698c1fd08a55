"""What the browser says when finds of the basket are chosen."""

from spaceseed.ui.kit.picker import Picked


def choose(visitor, *numbers):
    """The finds with these numbers, from 1, in this order."""
    names = list(visitor.basket.finds)
    return Picked({names[number - 1]: 1 for number in numbers}, None)
