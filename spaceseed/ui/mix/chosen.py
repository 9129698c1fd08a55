"""The finds that a visitor chooses for mixing or for a film."""

from collections.abc import Sequence

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session


def chooser(elem_id: str) -> PickGallery:
    """Creates a row of all finds, in which they are chosen in an order."""
    return PickGallery(ternary=False, marked="chosen", sign="#", elem_id=elem_id, elem_classes="ss-row")


def chosen_finds(visitor: Session, picked: Picked, limit: int, verb: str) -> list[Recipe]:
    """Returns the finds of the basket that the visitor chose, in the order in which they did.

    Raises:
        ValueError: there are none, or too many; the message is for the visitor.
    """
    if not visitor.basket.finds:
        raise HintError(f"Your basket is empty: keep some finds, and come back to {verb} them.")
    finds = [visitor.basket.finds[name] for name in picked.marks if name in visitor.basket.finds]
    if not finds:
        raise HintError(f"Choose some finds to {verb} first: click them.")
    if len(finds) > limit:
        raise ValueError(f"These are {len(finds)} finds: {limit} are allowed.")
    return finds


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
