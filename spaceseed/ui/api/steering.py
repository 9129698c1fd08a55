"""Steps along directions."""

from typing import Any

from gradio.data_classes import FileDataDict

from spaceseed.directions.sets import DirectionSet
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.api.asked import SHOWN, recipe_of
from spaceseed.ui.api.pictures import draw
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.numbers import number
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.steering import LIMIT, Steering
from spaceseed.ui.state.view import View
from spaceseed.ui.steer.sets import MARKS, directions_by, methods_of


def steer(networks: Networks, recipe: str, amounts: dict[str, float], method: str = "") -> tuple[str, FileDataDict]:
    """Changes an image along named directions, such as glasses or long hair.

    Args:
        recipe: The JSON text of a recipe.
        amounts: From the name of a direction to how far to go, -4 to 4 steps (standard deviations), such as
            {"glasses": 2}. A direction that has moved the recipe before is set anew; 0 takes its step back.
        method: Whose directions: "attributes" (named after what they change), "ganspace" or "sefa" (found without
            labels). The first of these that the model has if empty.

    Returns:
        The recipe of the changed image, as JSON text.
        The image, a PNG file with the recipe inside.
    """
    read, generator = recipe_of(networks, recipe)
    method = _method(generator, method)
    use_cores(generator)
    directions = directions_by(generator, method, _classes(generator, read))
    steps = _steps(directions, amounts)
    steering = Steering(method=method)
    steering.add(method, directions)
    steering.open(read)
    for index, amount in steps.items():
        steering.move(index, amount, generator.num_ws)
    changed = steering.kept(lambda *_: True)
    [image] = draw(generator, [changed])
    return changed.to_json(), image


def _method(generator: Generator, method: Any) -> str:
    methods = [name for name in methods_of(generator) if name != MARKS]
    if method == "":
        return methods[0]
    if method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)} for this model.")
    return str(method)


def _classes(generator: Generator, recipe: Recipe) -> Any:
    """Returns the classes [num_classes] for which directions are found; None for models without classes."""
    return View.of(generator).space(generator).labels if recipe.labels is None else recipe.labels


def _steps(directions: DirectionSet, amounts: Any) -> dict[int, float]:
    """Returns how far to go, by the numbers of the directions."""
    names = directions.names
    if not isinstance(amounts, dict) or not 1 <= len(amounts) <= len(names):
        raise ValueError(f"amounts must name 1 to {len(names)} directions with a number each, from {', '.join(names)}.")
    for name in amounts:
        if name not in names:
            raise ValueError(f"There is no direction {str(name)[:SHOWN]!r}: take some of {', '.join(names)}.")
    return {names.index(name): number(amount, -LIMIT, LIMIT, f"{name} in amounts") for name, amount in amounts.items()}
