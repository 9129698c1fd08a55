"""What the app remembers of one visitor."""

from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

import gradio as gr

from spaceseed.evolution.breeding import Breeding
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.tasks import Tasks, Ticket
from spaceseed.ui.state.basket import Basket
from spaceseed.ui.state.mixture import Film, Mixture
from spaceseed.ui.state.photo import Photo
from spaceseed.ui.state.thumbnails import Thumbnails
from spaceseed.ui.state.workspace import Workspace

T = TypeVar("T")


class Link(Protocol):
    """What leads to something of a model."""

    @property
    def model(self) -> str:
        """The model's id."""


@dataclass
class Session:
    """One visitor's state.

    It lives in a `gr.State` whose value is a session of nobody; Gradio gives each visitor a deep copy. Events take it
    as an input and change it in place. They never return it, so that an event can reach a search that is running.

    Attributes:
        model: id of the model that the visitor works with.
        workspaces: by the models' ids; there is one of `model`.
        basket: what they keep.
        thumbnails: the pictures that they have seen.
        tasks: what is being done for them.
        entered: whether the page has opened with this session; one of a server that was restarted has not.
        query: of the address with which the page was opened.
        opening: what a share link names, to be shown large; None once it was.
        prompt: what was searched for last.
        found: what that search has found, in the order in which it is shown.
        best: place of the best of them.
        tab: id of the tab that is open.
        boxes: what each box that they type into shows, as far as is known: as in `refill`, or as they entered it.
        refused: id of a model that could not be loaded, to the time of the last try.
        loading: id of the model that is being loaded in place of the present one; "" if none is.
        unfilled: whether controls do not show yet that another model was loaded, or could not be.
        link: what a share link or an earlier page brought whose model is not loaded yet.
        ticket: of the search begun last; a search ends once another has taken its place.
        steers: whether they have been on the Steer tab.
        sent: what Steer is to open next; None for the find looked at in the basket.
        mixture: the grid of mixed styles that they asked for last.
        film: the one made last.
        photo: the picture that they brought along.
    """

    model: str
    workspaces: dict[str, Workspace]
    basket: Basket = field(default_factory=Basket)
    thumbnails: Thumbnails = field(default_factory=Thumbnails)
    tasks: Tasks = field(default_factory=Tasks)
    entered: bool = False
    query: str = ""
    opening: Recipe | None = None
    prompt: str = ""
    found: tuple[Recipe, ...] = ()
    best: int = 0
    tab: str = "breed"
    boxes: dict[str, object] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)
    loading: str = ""
    unfilled: bool = False
    link: Link | None = None
    ticket: Ticket | None = None
    steers: bool = False
    sent: Recipe | None = None
    mixture: Mixture | None = None
    film: Film | None = None
    photo: Photo | None = field(default=None, repr=False)  # no log shows it

    @classmethod
    def on(cls, generator: Generator) -> Self:
        """Returns the session of a visitor who has just come, with the images of seeds 0 to 11.

        Args:
            generator: one that the zoo loaded.
        """
        workspace = Workspace.of(generator, range(12))
        return cls(workspace.model, {workspace.model: workspace})

    @property
    def workspace(self) -> Workspace:
        """The workspace of the present model."""
        return self.workspaces[self.model]

    @property
    def breeding(self) -> Breeding:
        """The evolution with the present model."""
        return self.workspace.breeding

    def picture(self, find: str) -> Recipe:
        """Returns the recipe of a picture that the page shows, by what its menu refers to it by.

        Raises:
            ValueError: it is not known any more; the message is for the visitor.
        """
        steering = self.workspace.steering
        if steering.work is not None and steering.recipe().id == find:
            return steering.kept(lambda *_: False)  # nothing is drawn here to see what its steps do
        recipe = self.basket.finds.get(find) or self.thumbnails.recipe(find)
        if recipe is None:
            raise ValueError("This picture is no longer known here: draw it again.")
        return recipe

    def refill(self, box: str, content: object, update: T) -> T | Any:
        """Returns what to put into a box that the visitor types into; only an ordinary event may show it, no generator.

        Args:
            box: its name.
            content: all that it is to show, and of what.
            update: what shows that.

        Returns:
            the update, or a `gr.skip` where the box was given the same before: they may be typing by now.
        """
        known, self.boxes[box] = self.boxes.get(box), content
        return gr.skip() if known == content else update
