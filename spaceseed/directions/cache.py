"""Directions from the cache: bundled with the app, or found earlier and saved on disk.

Example::

    directions = directions_of(G, "ganspace")             # at once if they are bundled; computed once if not
"""

import functools
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants
from torch import Tensor

from spaceseed.arguments import check_layers, check_type
from spaceseed.batches import Progress
from spaceseed.directions.discovery import SAMPLES, find_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator, ModelCard

ASSETS = Path(__file__).parents[1] / "assets"
COUNT = 20
MAX_FILES = 64


def directions_of(
    generator: Generator,
    method: str = "ganspace",
    layers: int | Iterable[int] | None = None,
    labels: Tensor | None = None,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Returns the strongest 20 directions of a model, or fewer if it has fewer.

    Args:
        generator: a generator from the zoo; the sha256 of its weights is the key of the cache.
        method: one of `bundled_methods(generator)` or of `discovery.METHODS`.
        layers: as in `find_directions`.
        labels: [num_classes], for conditional models.
        progress: as in `find_directions`. It is not called if the directions are in the cache.

    Raises:
        ArgumentError: the generator has no card, or an argument is out of range.
    """
    card = check_type("generator", generator, Generator, "a Generator, such as load returns").card
    if card is None:
        raise ArgumentError("generator.card", None, "a ModelCard, which generators from the zoo have")
    chosen = None if layers is None else list(check_layers("layers", layers, generator.num_ws))
    if chosen is None and method in bundled_methods(generator):
        bundled = DirectionSet.open(_bundled(card.id, method))
        bundled.check(generator)
        return bundled
    count = min(COUNT, generator.w_dim if generator.has_mapping else generator.z_dim)
    classes = None if labels is None else labels.tolist()
    key = json.dumps([card.sha256, method, chosen, classes, count, SAMPLES])
    path = (
        Path(constants.HF_HOME) / "spaceseed" / "directions" / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"
    )
    with suppress(OSError, ValueError):  # missing or damaged
        kept = DirectionSet.open(path)
        kept.check(generator)
        path.touch()
        return kept
    found = find_directions(generator, method, chosen, count, labels=labels, progress=progress)
    with suppress(OSError):  # if the disk cannot be written, the directions are only not saved
        path.parent.mkdir(parents=True, exist_ok=True)
        found.save(path)
        for old in sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)[:-MAX_FILES]:
            old.unlink(missing_ok=True)
    return found


def bundled_methods(generator: Generator) -> tuple[str, ...]:
    """Returns the methods whose directions are bundled for these weights, e.g. "attributes" from a classifier.

    The weights themselves need not be bundled.
    """
    return _bundled_methods(generator.card)


def named_directions(card: ModelCard) -> tuple[str, ...]:
    """Returns the names of the bundled directions from a classifier; nothing of the model is loaded."""
    return DirectionSet.open(_bundled(card.id, "attributes")).names if "attributes" in _bundled_methods(card) else ()


def _bundled_methods(card: ModelCard | None) -> tuple[str, ...]:
    return _methods(card.id, card.sha256) if card is not None and card.sha256 else ()


@functools.cache  # because Steer calls it several times for each event
def _methods(model: str, sha256: str) -> tuple[str, ...]:
    files = sorted((ASSETS / model).glob("directions-*.safetensors"))
    return tuple(file.stem.removeprefix("directions-") for file in files if DirectionSet.open(file).sha256 == sha256)


def _bundled(model: str, method: str) -> Path:
    return ASSETS / model / f"directions-{method}.safetensors"
