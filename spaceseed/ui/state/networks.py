"""The networks that all visitors share; nothing changes them once they are loaded."""

import logging
import os
import threading
from typing import TYPE_CHECKING

from torch import Tensor

from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.generators.generator import Generator, ModelCard
from spaceseed.models.hub import ByteProgress, is_reachable
from spaceseed.models.zoo import loading
from spaceseed.models.zoo.cache import ModelCache
from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.state.atlases import Atlases
from spaceseed.ui.state.dissecting import UnitTables
from spaceseed.ui.state.gpu import share

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

LOGGER = logging.getLogger(__name__)
BUNDLED = "avatars"
FLAWED = "avatars-pggan"  # draws many broken faces: one learns there what Avoid does
JUDGE = "what compares images with words"  # as visitors are told of a judge
PUBLIC_JUDGE = "ViT-B-32/laion2b_s34b_b79k"  # knows photographs and any text
SEARCHES = 2  # at a time; more would make all of them slow
TURN_SECONDS = 4.0
LOADING_ERRORS = (ArgumentError, CheckpointError, DownloadError)


class Networks:
    """Generators of the catalogue and the judges that fit them, loaded when they are needed first.

    Args:
        default: what `load` takes for the model that visitors meet first; `choose_default_model()` if None. One that is
            not in the catalogue, such as a file of one's own, is offered beside it. Where it cannot be loaded, the
            bundled one takes its place.
        judge: what `load_judge` takes, for all models; if None the bundled judge scores the bundled models' images,
            and a public one all others.

    Attributes:
        default: id of the model that visitors meet first.
        problem: why it is not the one that was asked for, in a sentence; "" if it is.
        atlases: what the judges see in the images of many seeds.
        units: what is known of the units of their layers.
        surveys: random draws, and what the judge sees in their images at truncation 1, by model's card and space.
        turns: those of the visitors' searches.
        connected: whether the Hub answers; None before `look_for_hub` knows.
    """

    def __init__(self, default: str | None = None, judge: str | None = None) -> None:
        self._residents = ModelCache(prepare=share)
        self._judge_name = judge or os.environ.get("SPACESEED_JUDGE")
        self._judges: dict[str, Judge] = {}
        self._judge_lock = threading.Lock()
        self.connected: bool | None = None
        self.atlases = Atlases()
        self.units = UnitTables()
        self.surveys: dict[tuple[ModelCard | None, str], tuple[Tensor, Tensor]] = {}
        self.turns = Turns(SEARCHES, TURN_SECONDS)
        self._own: dict[str, tuple[str, ModelCard]] = {}  # beside the catalogue: what `load` takes, by id
        self.default, self.problem = self._offer(default or loading.choose_default_model())

    def _offer(self, name: str) -> tuple[str, str]:
        """Loads the first model, and offers it; returns its id, or the bundled model's id and what is wrong."""
        try:
            card = self._residents.get(name).card
        except LOADING_ERRORS as error:
            LOGGER.warning("The first model cannot be loaded: %s", error)
            return BUNDLED, "The model that you would meet here first cannot be loaded now."
        assert card is not None  # it came from the zoo
        if card.id != name or name not in self.cards:
            self._own[card.id] = (name, card)
        return card.id, ""

    @property
    def cards(self) -> dict[str, ModelCard]:
        """What visitors can choose from, by id."""
        return {card.id: card for card in loading.list_models()} | {
            model: card for model, (_, card) in self._own.items()
        }

    def generator(self, model: str, progress: ByteProgress | None = None) -> Generator:
        """Returns the generator of this id, which is loaded and downloaded if need be.

        Raises:
            DownloadError: it cannot be had; the message is a sentence for visitors.
        """
        if model not in self.cards:  # what visitors and strangers' links name: never a file or an address
            raise DownloadError("There is no such model here.")
        title, away = self.cards[model].title, self.away(model)
        if away and not loading.available(model):
            raise DownloadError(f"{title}: {away}.")
        try:
            return self._residents.get(self._name(model), progress)
        except LOADING_ERRORS as error:
            LOGGER.warning("%s cannot be loaded: %s", model, error)
            damaged = "its file is damaged" if isinstance(error, CheckpointError) else ""
            raise DownloadError(f"{title}: {damaged or away or 'it cannot be downloaded now'}.") from error

    def away(self, model: str) -> str:
        """Returns why a model cannot be had here, in a few words; "" if it can, as far as is known."""
        if self.at_hand(model):
            return ""
        if not loading.available(model):
            return "not installed on this server"
        return "out of reach, for this server has no connection to the Hub" if self.connected is False else ""

    def look_for_hub(self) -> None:
        """Notes whether models can be downloaded."""
        self.connected = is_reachable()

    def at_hand(self, model: str) -> bool:
        """Returns whether the model's images can be drawn without a download."""
        return model in self._own or (model in self.cards and loading.is_local(model))

    def check(self, recipe: Recipe) -> None:
        """Refuses a recipe that no model here can draw; one whose model is not in memory is checked later.

        Raises:
            RecipeError: in a sentence.
        """
        if recipe.model not in self.cards:
            raise RecipeError(f"This recipe needs the model {recipe.model!r}, which is not among the models here.")
        if self._name(recipe.model) in self._residents:
            recipe.ws(self.generator_of(recipe))

    def generator_of(self, recipe: Recipe) -> Generator:
        """Returns the generator of a recipe whose model is at hand.

        Raises:
            RecipeError: it cannot be loaded.
        """
        try:
            return self.generator(recipe.model)
        except LOADING_ERRORS as error:
            raise RecipeError(str(error)) from error

    def _name(self, model: str) -> str:
        return self._own[model][0] if model in self._own else model

    def judge_name(self, model: str) -> str:
        """Returns what `load_judge` takes for the judge of this model's images."""
        return self._judge_name or (BUNDLED if self.is_bundled(model) else PUBLIC_JUDGE)

    def is_bundled(self, model: str) -> bool:
        """Returns whether a model comes with the package, and so draws what the bundled judges know: avatars."""
        return model in self.cards and self.cards[model].bundled

    def judge(self, model: str, progress: ByteProgress | None = None) -> "Judge":
        """Returns the judge of this model's images, which is loaded and downloaded if need be.

        Raises:
            DownloadError: it cannot be had; the message is a sentence for visitors.
        """
        name = self.judge_name(model)
        with self._judge_lock:
            if name not in self._judges:
                try:
                    self._judges[name] = share(_load_judge(name, progress))
                except Exception as error:  # open_clip and what lies below it raise dozens of kinds
                    LOGGER.warning("The judge %s cannot be loaded: %s", name, error)
                    sentence = "The network that compares images with words cannot be downloaded now."
                    raise DownloadError(f"{sentence} Avatars can be searched for without a download.") from error
            return self._judges[name]

    def loaded_judge(self, model: str) -> "Judge | None":
        """Returns the judge of this model's images if it is in memory."""
        return self._judges.get(self.judge_name(model))


def _load_judge(name: str, progress: ByteProgress | None) -> "Judge":
    from spaceseed.models.judges.clip import load_judge  # noqa: PLC0415 - open_clip takes seconds to import

    return load_judge(name, progress=progress)
