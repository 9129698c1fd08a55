"""What a visitor can set in the Search tab: names, limits and defaults, in one place.

The controls are made from these fields, their values are checked by them, and what is wrong is said in one sentence
made of them::

    settings = SearchSettings.parse({"prompt": "red hair", "algorithm": "CMA-ES", "CMA-ES": {"sigma": 0.3}})
    optimizer = settings.optimizer(LatentSpace(G, settings.space, settings.truncation))
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from spaceseed.evolution.find import SPACE, START, random_seeds
from spaceseed.evolution.objectives import MAX_PROMPT
from spaceseed.evolution.wishes import Wish
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.ops.cma import suited_population
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.prior import PRIORS
from spaceseed.ops.termination import Termination
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.search.algorithms import ALGORITHMS, Algorithm, Settings, SettingsError, TradeOffSettings
from spaceseed.ui.state.view import TRUNCATION

# What one visitor may ask of a machine that others use too.
MAX_IMAGES = 20_000
MAX_SECONDS = 600.0
# A curve that rises by less within `patience` rounds looks flat, and so do the images.
GAIN = 0.002
ROUNDS = "In each, images are drawn and compared with what you asked for."
# How far the variations of a liked image differ from it: enough to see, and still similar.
FAMILY_SIGMA = 0.5


class SearchSettings(Settings):
    """What every search has, whatever its algorithm."""

    prompt: str = Field(title="Prompt")
    picture: bool = Field(False, title="Picture")
    balance: float = Field(0.5, ge=0, le=1, title="Words - Picture")
    generations: int = Field(110, ge=1, le=1000, title="Rounds (generations)", description=ROUNDS)
    truncation: float = Field(
        0.7, ge=0, le=1.5, title=TRUNCATION, description="Low: clean and much alike. High: varied, and some broken."
    )
    space: Literal["z", "w", "ws"] = Field(
        SPACE, title="Where to look (latent space)",
        description="z stays near ordinary images; w and ws (one w a layer) reach further.",
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=MAX_SEED, title="Seed", description="The same seed and settings, the same search.")
    origin: Literal["Best seeds", "Random seeds", "Images liked in Breed"] = Field(
        "Best seeds", title="Start from", description="Images liked in Breed bring variations of themselves along."
    )
    warm_start: int = Field(
        START, ge=0, le=1000, title="Images looked at first (warm start)",
        description="The search goes on from the best of them.",
    )  # fmt: skip
    patience: int = Field(
        20, ge=0, le=200, title="Rounds without a better image (patience)",
        description=f"After so many, in which the score rose by less than {GAIN:g}, the search ends; 0: never.",
    )  # fmt: skip
    algorithm: Algorithm

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """As `Settings.parse`; "algorithm" is a title, and an algorithm's own settings are found under its title."""
        common = {name: value for name, value in values.items() if name in cls.model_fields}
        chosen = ALGORITHMS.get(str(common.get("algorithm")))
        if chosen is None:
            raise SettingsError(f"Algorithm must be one of {', '.join(ALGORITHMS)}.")
        return super().parse(common | {"algorithm": chosen.parse(values.get(chosen.title, {}))})

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.prompt.strip() and not self.picture:
            raise HintError("Type what to look for first, or add a picture.")
        if len(" ".join(self.prompt.split())) > MAX_PROMPT:
            raise ValueError(f"The prompt is too long: {MAX_PROMPT} characters are read at most.")
        if self.prompt.strip() and not Wish.parse(self.prompt).phrases:
            raise ValueError("There is no word in this to look for: say what the image should show.")
        if self.trades_off and not (self.words and self.picture):
            raise HintError("A trade-off needs words and a picture: give both, or choose another algorithm.")
        if self.images > MAX_IMAGES:
            asked = f"{self.images:,} images, and {MAX_IMAGES:,} are allowed"
            raise ValueError(f"This search would draw {asked}: take fewer rounds, or fewer images a round.")
        return self

    @property
    def words(self) -> str:
        """What the visitor typed, in one line; "" if nothing."""
        return " ".join(self.prompt.split())

    @property
    def title(self) -> str:
        """What is searched for, in a few words."""
        return ", ".join([self.words] * bool(self.words) + ["like a picture"] * self.picture)

    @property
    def trades_off(self) -> bool:
        """True when words and the picture are two objectives, and not a mixture."""
        return isinstance(self.algorithm, TradeOffSettings)

    @property
    def from_liked(self) -> bool:
        """True when the search starts from images liked in Breed."""
        return self.origin == "Images liked in Breed"

    @property
    def children(self) -> int:
        """How many images a generation draws after the first."""
        return self.algorithm.population - getattr(self.algorithm, "elites", 0)

    @property
    def images(self) -> int:
        """How many images the search draws at most."""
        return max(self.algorithm.population, self.warm_start) + (self.generations - 1) * self.children

    @property
    def termination(self) -> Termination:
        """When the search ends by itself."""
        return Termination(generations=self.generations, patience=self.patience or None, gain=GAIN, seconds=MAX_SECONDS)

    def optimizer(self, space: LatentSpace, start: Tensor | None) -> Optimizer:
        """Builds the optimizer.

        Args:
            space: where it moves.
            start: vectors [n, dims] of its first generation; it draws its own if None.
        """
        arguments = self.algorithm.model_dump()
        return self.algorithm.optimizer(space.dims, **arguments, prior=space.prior, seed=self.seed, start=start)

    def relatives(self, liked: Tensor, home: LatentSpace) -> Tensor:
        """Returns liked vectors [k, dims] and variations of them, as many as the first generation takes.

        Args:
            liked: the vectors.
            home: the latent space that they are of, z or w.
        """
        count = max(self.warm_start, self.algorithm.population) - len(liked)
        return family(liked, home.draw(random_seeds(self.seed, max(count, 0))), home.prior)

    def summary(self) -> dict[str, Any]:
        """Returns what recipes tell of a search beyond its prompt, its space and its optimizer."""
        mixed = self.picture and self.words and not self.trades_off
        return self.model_dump(include={"generations", "warm_start", "origin"} | ({"balance"} if mixed else set()))


def suited(generator: Generator) -> dict[str, int]:
    """Returns the settings to begin with that differ between models: slow ones draw fewer images."""
    population = suited_population(generator.w_dim)
    if not is_slow(generator):
        generations, warm_start = SearchSettings.model_fields["generations"].default, START
    else:
        generations, warm_start = (30, 32) if generator.resolution <= 256 else (10, 18)
    return {"generations": generations, "warm_start": warm_start, "population": population}


def family(liked: Tensor, strangers: Tensor, prior: str) -> Tensor:
    """Returns liked vectors [k, dims] and variations of them, one for each stranger [n, dims]: [k + n, dims].

    Strangers are random draws. So variations differ as much in each direction as draws do: in w, coordinates vary
    together, and noise that ignored this would give images that no draw resembles.
    """
    liked, strangers = liked.cpu(), strangers.cpu()
    parents = liked.repeat(math.ceil(len(strangers) / len(liked)), 1)[: len(strangers)]
    variations = (parents + FAMILY_SIGMA * strangers) / math.hypot(1.0, FAMILY_SIGMA)
    return torch.cat([liked, PRIORS[prior](variations)])
