"""What a caller has sent, checked: callers may send anything."""

from typing import Any

from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.numbers import number
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.view import default_truncation

SHOWN = 40  # characters of what a caller sent, in a message


def model_of(networks: Networks, model: Any) -> ModelCard:
    """Returns the card of a model; of the one that visitors meet first for "" and None.

    Raises:
        ValueError: there is no such model; the message is a sentence for the caller.
    """
    card = networks.cards.get(model or networks.default) if isinstance(model, str | None) else None
    if card is None:
        raise ValueError(f"There is no model {str(model)[:SHOWN]!r} here: list_models names those that there are.")
    return card


def recipe_of(networks: Networks, recipe: Any) -> tuple[Recipe, Generator]:
    """Reads the JSON of a recipe; returns it with its generator.

    Raises:
        ValueError: it is none, or none that can be drawn here; the message is a sentence for the caller.
    """
    if not isinstance(recipe, str):
        raise ValueError("recipe must be the JSON of a recipe, as text.")
    read = Recipe.from_json(recipe)
    networks.check(read)
    return read, networks.generator_of(read)


def truncation_of(card: ModelCard, truncation: Any) -> float:
    """Returns the psi to draw with; what suits the model for None.

    Raises:
        ValueError: it is not allowed, or has no effect; the message is a sentence for the caller.
    """
    if truncation is None:
        return default_truncation(card)
    if card.truncation is None:
        raise ValueError(f"truncation has no effect on {card.title}: leave it out.")
    return number(truncation, 0, 1.5, "truncation")
