"""Searches the latent space of a pretrained GAN: by clicking, by text, or by example.

All public names of the library are below. A complete search::

    import spaceseed as ss

    G, judge = ss.load("avatars"), ss.load_judge("avatars")
    for generation in ss.find(G, judge, "a smiling woman with red hair", evaluations=500):
        print(generation.number, generation.best_score)
    generation.best.save("found.png")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spaceseed.atlas.atlas import Atlas
from spaceseed.directions.cache import directions_of
from spaceseed.directions.contrast import contrast_directions, direction_between
from spaceseed.directions.discovery import find_directions
from spaceseed.directions.naming import name_directions
from spaceseed.directions.refine import refine_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.dissection.bundled import unit_table
from spaceseed.dissection.causal import causal_effect, class_shares, optimized_units
from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.repair import Repair
from spaceseed.dissection.units import UnitTable
from spaceseed.errors import (
    ArgumentError,
    AtlasError,
    CheckpointError,
    DirectionError,
    DissectionError,
    DownloadError,
    FilterError,
    UploadError,
)
from spaceseed.evolution.breeding import BAD, LIKED, Breeding
from spaceseed.evolution.find import find
from spaceseed.evolution.objectives import (
    ClassObjective,
    EmbeddingObjective,
    ImageObjective,
    Objective,
    PicksObjective,
    TextObjective,
)
from spaceseed.evolution.pareto import Front, pareto
from spaceseed.evolution.realism import RealismObjective
from spaceseed.evolution.search import Generation, search
from spaceseed.evolution.wishes import Wish, WishObjective
from spaceseed.filters.examples import label_by, worst_of
from spaceseed.filters.filter import LatentFilter
from spaceseed.filters.looking import survey
from spaceseed.filters.marking import propose
from spaceseed.inversion.pivotal import tune
from spaceseed.inversion.projection import Projection, project
from spaceseed.inversion.starts import nearest_seed
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.distances import (
    FeatureStatistics,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)
from spaceseed.metrics.features import real_avatar_embeddings
from spaceseed.metrics.similarity import structural_similarity
from spaceseed.mixing.film import write_film
from spaceseed.mixing.styles import mix, style_groups
from spaceseed.mixing.walk import walk
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.generators.generator import DirectGenerator, Generator, ModelCard, latents_from_seeds
from spaceseed.models.generators.labels import labels
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.encoder import load_encoder
from spaceseed.models.judges.faces import load_face_finder
from spaceseed.models.judges.perceptual import load_distance
from spaceseed.models.judges.segmenter import load_segmenter
from spaceseed.models.zoo.loading import list_models, load
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ops.termination import Termination
from spaceseed.pushing.finds import push_finds
from spaceseed.pushing.models import push_model
from spaceseed.recipes.recipe import Edit, Found, Recipe, RecipeError, UnitEdit
from spaceseed.version import __version__

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import load_judge
    from spaceseed.models.judges.inception import load_inception
else:
    # Imported on first use, because open_clip and torchvision take longer to import than everything else together.
    _LATER = {"load_inception": "spaceseed.models.judges.inception", "load_judge": "spaceseed.models.judges.clip"}

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            return getattr(import_module(_LATER[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})


__all__ = [
    "BAD",
    "CMAES",
    "LIKED",
    "ArgumentError",
    "Atlas",
    "AtlasError",
    "Breeding",
    "CheckpointError",
    "ClassObjective",
    "DifferentialEvolution",
    "DirectGenerator",
    "DirectionError",
    "DirectionSet",
    "DissectionError",
    "DownloadError",
    "Edit",
    "EmbeddingObjective",
    "FeatureStatistics",
    "FilterError",
    "Found",
    "Front",
    "Generation",
    "Generator",
    "GeneticAlgorithm",
    "ImageObjective",
    "LatentFilter",
    "LatentSpace",
    "ModelCard",
    "Objective",
    "PicksObjective",
    "Projection",
    "RandomSearch",
    "RealismObjective",
    "Recipe",
    "RecipeError",
    "Repair",
    "Termination",
    "TextObjective",
    "UnitEdit",
    "UnitTable",
    "UploadError",
    "Wish",
    "WishObjective",
    "__version__",
    "causal_effect",
    "class_shares",
    "contrast_directions",
    "direction_between",
    "directions_of",
    "dissect",
    "find",
    "find_directions",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "label_by",
    "labels",
    "latents_from_seeds",
    "list_models",
    "load",
    "load_classifier",
    "load_distance",
    "load_encoder",
    "load_face_finder",
    "load_inception",
    "load_judge",
    "load_segmenter",
    "mix",
    "name_directions",
    "nearest_seed",
    "optimized_units",
    "pareto",
    "precision_recall",
    "project",
    "propose",
    "push_finds",
    "push_model",
    "real_avatar_embeddings",
    "refine_directions",
    "save_generator",
    "search",
    "structural_similarity",
    "style_groups",
    "survey",
    "tune",
    "unit_table",
    "walk",
    "worst_of",
    "write_film",
]
