"""What the app remembers of one visitor."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from spaceseed.breed import MAX_COUNT, Breeding
from spaceseed.recipe import Recipe

MAX_FINDS = 200


@dataclass(eq=False)
class Ticket:
    """The right to search.

    Attributes:
        stopped: True once the visitor asked the search to end.
    """

    stopped: bool = False


@dataclass
class Session:
    """One visitor's state.

    It lives in a `gr.State` whose value is a pristine session; Gradio gives each visitor a deep copy. Events take it
    as an input and change it in place. They never return it, so that an event can reach a search that is running.

    Attributes:
        breeding: the evolution that the visitor steers.
        finds: the basket, by the recipes' ids, oldest first, at most 200.
        shown: id of the find that the visitor looks at; "" for none.
        pictures: id of a find to the path of its picture.
        ticket: of the search begun last; a search ends once another has taken its place.
    """

    breeding: Breeding
    finds: dict[str, Recipe] = field(default_factory=dict)
    shown: str = ""
    pictures: dict[str, str] = field(default_factory=dict)
    ticket: Ticket | None = None
    _changes: int = 0

    def keep(self, recipes: Sequence[Recipe]) -> tuple[int, str | None]:
        """Puts finds into the basket, leaving out pictures that are in it already, and shows the last of them.

        Returns:
            how many went in, and a sentence for the visitor if some found no room.
        """
        new = {recipe.id: recipe for recipe in recipes if recipe.id not in self.finds}
        room = MAX_FINDS - len(self.finds)
        self.finds.update(list(new.items())[:room])
        self.shown = next((recipe.id for recipe in reversed(recipes) if recipe.id in self.finds), self.shown)
        if len(new) <= room:
            return len(new), None
        lost = len(new) - room
        return room, f"The basket holds {MAX_FINDS} finds, so {lost} did not fit: download some and remove them."

    def changed(self) -> int:
        """A number that was not returned before: as the value of the basket's `gr.State` it announces a change."""
        self._changes += 1
        return self._changes

    def breed_from(self, recipes: Sequence[Recipe]) -> str | None:
        """Puts finds on the breeding page, first and marked as liked.

        Returns:
            a sentence for the visitor if some had to be left out.

        Raises:
            ValueError: none of them can be bred; the message is a sentence for the visitor.
        """
        fit = [r for r in recipes if r.space == "z" and len(r.latent) == self.breeding.z_dim and not r.edits]
        if not fit:
            raise ValueError("Only unedited finds of the space z can be bred, and there is none among these.")
        taken = fit[: MAX_COUNT - 1]
        self.breeding.restart_from(torch.stack([r.latent for r in taken]), [r.seed for r in taken])
        lost = len(recipes) - len(taken)
        return f"{lost} were left out: at most {MAX_COUNT - 1} unedited finds of the space z breed." if lost else None
