"""The repair that a visitor found for one model, and where it is used."""

from dataclasses import dataclass, replace

from spaceseed.dissection.repair import Repair
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.state.view import View

NEEDED = "Find the units first, or load a repair."


@dataclass
class Repairing:
    """One visitor's repair of one model.

    Attributes:
        repair: the repair; None before there is one.
        in_breed: whether the images in Breed, and all that are drawn from there, are repaired.
        in_search: whether those of searches are.
        first_seed: of the seeds that are shown without and with it.
    """

    repair: Repair | None = None
    in_breed: bool = False
    in_search: bool = False
    first_seed: int = 0

    def take(self, repair: Repair) -> None:
        """Replaces the repair."""
        self.repair = repair

    @property
    def found(self) -> Repair:
        """The repair.

        Raises:
            ValueError: there is none; the message is a sentence for the visitor.
        """
        if self.repair is None:
            raise HintError(NEEDED)
        return self.repair

    def breeds(self, view: View) -> View:
        """Returns how images are seen in Breed."""
        return replace(view, repair=self.repair if self.in_breed else None)

    def searches(self, view: View) -> View:
        """Returns how images are seen in searches."""
        return replace(view, repair=self.repair if self.in_search else None)
