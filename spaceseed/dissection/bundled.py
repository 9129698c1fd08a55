"""The tables of units that are bundled with the package."""

import functools
from pathlib import Path

from spaceseed.arguments import check_choice, check_type
from spaceseed.dissection.units import UnitTable
from spaceseed.models.generators.generator import Generator

UNITS = Path(__file__).parents[1] / "assets" / "units"


def bundled_layers(generator: Generator) -> tuple[str, ...]:
    """Returns the layers whose units are bundled for these weights, in the order of computation; styles come last."""
    tables = _tables(generator)
    return tuple(layer for layer in (*generator.layers, *generator.styles) if layer in tables)


def unit_table(generator: Generator, layer: str) -> UnitTable:
    """Returns the bundled table of a layer's units.

    Args:
        generator: the generator.
        layer: one of `bundled_layers`.

    Raises:
        ArgumentError: no table of this layer is bundled.
    """
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    return check_choice("layer", layer, _tables(generator))


def _tables(generator: Generator) -> dict[str, UnitTable]:
    card = generator.card
    return _read(card.id, card.sha256) if card is not None and card.sha256 else {}


@functools.cache
def _read(model: str, sha256: str) -> dict[str, UnitTable]:
    tables = [UnitTable.open(path) for path in sorted((UNITS / model).glob("*.safetensors"))]
    return {table.layer: table for table in tables if table.sha256 == sha256}
