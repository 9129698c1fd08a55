"""What a visitor does to the units of one find: strokes, a slider, undo and redo, and the recipe that results."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.dissection.bundled import bundled_layers, unit_table
from spaceseed.dissection.units import COUNTS, UnitTable
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.edits import UnitEdit
from spaceseed.recipes.fields import MAX_ITEMS
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.kit.files import still_served
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.state.undoing import TAKING, Undoing

MAX_TABLES, MAX_PICTURES = 50, 3_000
TITLE_EDITS = 2  # named in a kept find's name
NO_FIND = "Choose a find first: take a fresh one, or one from the menu of a picture."


@dataclass(frozen=True)
class Work:
    """A find that was opened, and what became of it."""

    source: Recipe
    recipe: Recipe


@dataclass(kw_only=True)
class Dissecting(Undoing[Work]):
    """One visitor's work on units of one model.

    Attributes:
        layer: whose units are shown; "" before any were.
        thing: what the brush paints, one of the table's classes; "" before any was chosen.
        unit: the one that the slider moves; None before one was chosen.
        drawn: a find, and its picture as an address, to be shown again.
    """

    layer: str = ""
    thing: str = ""
    unit: int | None = None
    drawn: tuple[Recipe, str] | None = None

    @property
    def opened(self) -> Work:
        """The work on the find that is open.

        Raises:
            ValueError: none is; the message is a sentence for the visitor.
        """
        if self.work is None:
            raise HintError(NO_FIND)
        return self.work

    def open(self, recipe: Recipe) -> None:
        """Opens another find; `undo` goes back to the find before."""
        self._turn_to(Work(recipe, recipe))

    def paint(self, edit: UnitEdit) -> None:
        """Changes units; a stroke like the last one is added to that.

        Raises:
            ValueError: there are more changes than a recipe holds; the message is for the visitor.
        """
        with TAKING:
            edits = self.opened.recipe.edits
            last = edits[-1] if edits else None
            if isinstance(last, UnitEdit) and _same_units(last, edit):
                masks = [each.mask for each in (last, edit) if each.mask is not None]
                mask = torch.maximum(*masks) if len(masks) == 2 else None
                self._set_edits((*edits[:-1], last.model_copy(update={"mask": mask})))
            else:
                self._set_edits((*edits, edit))

    def level(self, edit: UnitEdit) -> None:
        """Sets one unit everywhere, in place of what the slider did to it before; strength 0 leaves it as it was."""
        with TAKING:
            edits, place = list(self.opened.recipe.edits), self._place(edit.layer, edit.units[0])
            edits[place : place + 1] = [edit] if edit.strength else []
            self._set_edits(tuple(edits), (edit.layer, edit.units))

    def amount(self, unit: int) -> float:
        """Returns where the slider of a unit is: -1 for off, 1 for its highest level, 0 for as it was."""
        edits, place = self.opened.recipe.edits, self._place(self.layer, unit)
        edit = edits[place] if place < len(edits) else None
        if not isinstance(edit, UnitEdit):
            return 0.0
        return -edit.strength if not edit.values.any() else edit.strength

    def reset(self) -> None:
        """Takes all back that was done to the find since it was opened."""
        with TAKING:
            work = self.opened
            if work.recipe is not work.source:
                self._turn_to(Work(work.source, work.source))

    @property
    def names(self) -> list[str]:
        """What was done to the find since it was opened, the latest last: "glasses added"."""
        work = self.opened
        new = [edit for edit in work.recipe.unit_edits if not any(edit is old for old in work.source.edits)]
        return list(dict.fromkeys(edit.name for edit in reversed(new)))[::-1]

    def kept(self) -> Recipe:
        """Returns the find as it is now, with a name and where it comes from."""
        work, names = self.opened, self.names
        if work.recipe is work.source:
            return work.source
        root = work.source.name or work.source.id
        said = ", ".join(names[-TITLE_EDITS:])
        name = f"{root}{', ' if ' · ' in root else ' · '}{said}" if said else root
        return work.recipe.replace(name=name, found=Found(by="steer", parents=(work.source.id,)))

    def _place(self, layer: str, unit: int) -> int:
        """Returns the place of what the slider did to a unit among the edits; their number if it did nothing."""
        edits = self.opened.recipe.edits
        return next((i for i, edit in enumerate(edits) if _is_level(edit, layer, unit)), len(edits))

    def _set_edits(self, edits: tuple[object, ...], control: Hashable = None) -> None:
        if len(edits) > MAX_ITEMS:
            raise ValueError(f"A find holds {MAX_ITEMS} changes at most: undo some first.")
        work = self.opened
        self._turn_to(Work(work.source, work.recipe.replace(edits=edits)), control)


class UnitTables:
    """The tables of units that all visitors share: those that are bundled, and those measured while the app runs."""

    def __init__(self) -> None:
        self._measured: dict[tuple[str, str, tuple[float, ...]], UnitTable] = {}
        self._pictures: dict[tuple[object, ...], str] = {}

    def layers(self, generator: Generator, labels: Tensor | None = None) -> tuple[str, ...]:
        """Returns the layers of a generator that there is a table of, those of styles last."""
        every = (*generator.layers, *generator.styles)
        return tuple(layer for layer in every if self.table(generator, layer, labels) is not None)

    def table(self, generator: Generator, layer: str, labels: Tensor | None = None) -> UnitTable | None:
        """Returns what is known of the units of a layer; None if nothing is.

        Args:
            generator: from the zoo.
            layer: one of its `layers` or `styles`.
            labels: [num_classes] of the images that are looked at, for conditional models.
        """
        measured = self._measured.get(_key(generator, layer, labels))
        if measured is None and layer in bundled_layers(generator):
            return unit_table(generator, layer)
        return measured

    def add(self, generator: Generator, table: UnitTable, labels: Tensor | None = None) -> None:
        """Keeps a table that was measured."""
        self._measured[_key(generator, table.layer, labels)] = table
        if len(self._measured) > MAX_TABLES:
            del self._measured[next(iter(self._measured))]

    def pictures(self, table: UnitTable, units: Iterable[int]) -> dict[int, str]:
        """Returns the paths of the pictures of units, as far as they are drawn and still there."""
        paths = {unit: self._pictures.get(_picture(table, unit)) for unit in units}
        return {unit: path for unit, path in paths.items() if path and still_served(path)}

    def remember(self, table: UnitTable, unit: int, path: str) -> None:
        """Notes the path of a unit's picture, for all visitors."""
        self._pictures[_picture(table, unit)] = path
        if len(self._pictures) > MAX_PICTURES:
            del self._pictures[next(iter(self._pictures))]


def things_of(table: UnitTable) -> list[str]:
    """Returns the things that some unit of a table detects, in the order of its classes."""
    best = zip(table.classes, table.iou.amax(dim=0).tolist(), strict=True)
    return [name for name, overlap in list(best)[1:] if overlap >= COUNTS]  # the first is the background


def _key(generator: Generator, layer: str, labels: Tensor | None) -> tuple[str, str, tuple[float, ...]]:
    assert generator.card is not None
    return generator.card.sha256, layer, tuple([] if labels is None else labels.tolist())


def _picture(table: UnitTable, unit: int) -> tuple[object, ...]:
    return table.sha256, table.layer, unit, *table.seeds[unit].tolist()


def _is_level(edit: object, layer: str, unit: int) -> bool:
    """Returns whether an edit sets this unit alone, to one value everywhere."""
    if not isinstance(edit, UnitEdit) or (edit.layer, edit.units) != (layer, (unit,)):
        return False
    return edit.how == "set" and edit.mask is None and edit.values.ndim == 1


def _same_units(one: UnitEdit, other: UnitEdit) -> bool:
    alike = all(getattr(one, name) == getattr(other, name) for name in ("layer", "units", "how", "strength"))
    sizes = {each.mask.shape for each in (one, other) if each.mask is not None}
    return alike and len(sizes) < 2 and torch.equal(one.values, other.values)
