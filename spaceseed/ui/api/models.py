"""The models that there are."""

from typing import TypedDict

from spaceseed.directions.cache import named_directions
from spaceseed.ui.state.networks import Networks


class Model(TypedDict):
    """A model, as callers see it."""

    id: str
    title: str
    resolution: int
    licence: str
    terms: str
    at_hand: bool
    directions: list[str]


def list_models(networks: Networks) -> list[Model]:
    """Lists the image models (GANs) that the other calls can name.

    A model that is not at hand is downloaded by the first call that names it.

    Returns:
        For each model: its id, its title, the side of its images in pixels, the licence of its weights and what that
        means for the images, whether it is here without a download, and the names of its directions for steer, as far
        as they are known without it.
    """
    return [
        Model(
            id=card.id,
            title=card.title,
            resolution=card.resolution,
            licence=card.licence,
            terms=card.terms,
            at_hand=networks.at_hand(card.id),
            directions=list(named_directions(card)),
        )
        for card in networks.cards.values()
    ]
