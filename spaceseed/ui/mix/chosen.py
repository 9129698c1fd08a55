"""The finds that a visitor chooses for mixing or for a film."""

from collections.abc import Sequence

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.numbers import parse_numbers
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session


def chosen_finds(visitor: Session, text: str, limit: int, verb: str) -> list[Recipe]:
    """Returns the finds of the basket that the visitor numbers.

    Raises:
        ValueError: there are none, or too many; the message is for the visitor.
    """
    finds = list(visitor.basket.finds.values())
    if not finds:
        raise ValueError(f"Your basket is empty: keep some finds, and come back to {verb} them.")
    if not (text or "").strip():
        raise ValueError(f"Choose some finds to {verb} first: click them above, or write their numbers.")
    return [finds[number - 1] for number in parse_numbers(text, 1, len(finds), "find", limit)]


def one_model(networks: Networks, visitor: Session, finds: Sequence[Recipe], done: str) -> str:
    """Returns the model of finds that are all of the visitor's model.

    Raises:
        ValueError: they are not; the message is for the visitor.
    """
    models = {find.model for find in finds}
    if len(models) > 1:
        raise ValueError(f"These finds are of different models, and only finds of one model can be {done}.")
    [model] = models
    if model != visitor.model:
        raise ValueError(f"These finds are of {networks.cards[model].title}: load that model first, in the menu above.")
    return model
