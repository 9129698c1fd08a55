"""Search the latent space of a pretrained GAN by clicking, by words or by example, and take the seeds home.

The names below are the library; a search from end to end::

    import spaceseed as ss

    G, judge = ss.load("avatars"), ss.load_judge("avatars")
    optimizer = ss.DifferentialEvolution(G.z_dim, start=ss.latents_from_seeds(range(64), G.z_dim), seed=0)
    for generation in ss.search(G, ss.TextObjective(judge, "a woman with red hair"), optimizer, generations=40):
        print(generation.number, generation.best_score)
    generation.best.save("found.png")
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"  # first: recipes carry it, and read it while this module is still being imported

from spaceseed.avoid import LatentFilter
from spaceseed.breed import Breeding
from spaceseed.contrast import contrast_directions
from spaceseed.errors import ArgumentError, CheckpointError, DownloadError, FilterError
from spaceseed.evaluate import frechet_distance, inception_score, kernel_distance, precision_recall
from spaceseed.latent_space import LatentSpace
from spaceseed.models.classifier import load_classifier
from spaceseed.models.generator import Generator, ModelCard, latents_from_seeds
from spaceseed.models.labels import labels
from spaceseed.models.zoo import load, models
from spaceseed.objectives import Objective, TextObjective
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ops.termination import Termination
from spaceseed.recipe import Recipe, RecipeError
from spaceseed.refine import refine_directions
from spaceseed.search import Generation, search
from spaceseed.steer import DirectionSet, find_directions

if TYPE_CHECKING:
    from spaceseed.models.judge import load_judge
else:

    def __getattr__(name: str) -> Any:
        """Imports the judge when it is asked for: open_clip alone takes longer to import than all else together."""
        if name == "load_judge":
            from spaceseed.models.judge import load_judge  # noqa: PLC0415

            return load_judge
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CMAES",
    "ArgumentError",
    "Breeding",
    "CheckpointError",
    "DifferentialEvolution",
    "DirectionSet",
    "DownloadError",
    "FilterError",
    "Generation",
    "Generator",
    "GeneticAlgorithm",
    "LatentFilter",
    "LatentSpace",
    "ModelCard",
    "Objective",
    "RandomSearch",
    "Recipe",
    "RecipeError",
    "Termination",
    "TextObjective",
    "contrast_directions",
    "find_directions",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "labels",
    "latents_from_seeds",
    "load",
    "load_classifier",
    "load_judge",
    "models",
    "precision_recall",
    "refine_directions",
    "search",
]
