"""Finds and names the directions that are bundled with the generator.

    python -m spaceseed.training.bundled.directions --out spaceseed/assets/avatars

The judge names the directions of SeFa and GANSpace. Directions of attributes come from the classifier: first from
samples with and without the attribute, then from the effect of steps. Directions without the named effect are left out.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from spaceseed.directions.cache import COUNT
from spaceseed.directions.contrast import contrast_directions
from spaceseed.directions.discovery import METHODS, find_directions
from spaceseed.directions.naming import name_directions
from spaceseed.directions.refine import refine_directions
from spaceseed.directions.sets import DirectionSet
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.classifier import Classifier, load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load

# Attributes of the classifier, and the values that count.
ATTRIBUTES = {
    "glasses": ("glasses", ("round", "square", "sunglasses")),
    "beard": ("beard", ("full", "moustache", "stubble")),
    "smile": ("mouth", ("smile",)),
    "sad": ("mouth", ("sad",)),
    "eyes closed": ("eyes", ("closed",)),
    "angry brows": ("brows", ("angry",)),
    "dark skin": ("skin", ("brown", "dark")),
    "long hair": ("hair", ("straight", "wavy", "bob")),
    "curly hair": ("hair", ("curly", "afro")),
    "black hair": ("hair_color", ("black",)),
    "blonde hair": ("hair_color", ("blonde",)),
    "red hair": ("hair_color", ("red",)),
}
SAMPLES = 4_000
# A direction is kept if the mean probability of its attribute grows by at least this, from one end to the other.
GROWS = 0.1
ENDS = 2.5  # standard deviations
FACES = range(2_000_000, 2_000_064)


def attribute_scores(classifier: Classifier, images: Tensor) -> dict[str, Tensor]:
    """Returns the probability of each of `ATTRIBUTES`, [N], for images [N, 3, H, W]."""
    seen = classifier.probabilities(images)
    scores = {}
    for name, (attribute, values) in ATTRIBUTES.items():
        columns = [classifier.attributes[attribute].index(value) for value in values]
        scores[name] = seen[attribute][:, columns].sum(dim=1)
    return scores


def parting_directions(generator: Generator, classifier: Classifier, samples: int = SAMPLES) -> DirectionSet:
    """Returns the directions from samples without each of `ATTRIBUTES` to samples with it."""
    return contrast_directions(generator, lambda images: attribute_scores(classifier, images), samples=samples)


@torch.no_grad()
def growth(generator: Generator, classifier: Classifier, directions: DirectionSet) -> list[float]:
    """Returns the growth of the mean probability of each direction's attribute, from one of its ends to the other."""
    ws = generator.map(latents_from_seeds(FACES, generator.z_dim), truncation=0.7)
    found = []
    for i, name in enumerate(directions.names):
        less, more = (
            attribute_scores(classifier, generator.synthesize(directions.apply(ws, i, amount)))[name].mean()
            for amount in (-ENDS, ENDS)
        )
        found.append(float(more - less))
    return found


def main() -> None:
    """Writes one file for each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/avatars"))
    args = parser.parse_args()
    generator, judge, classifier = load("avatars"), load_judge("avatars"), load_classifier("avatars")
    sets = {method: find_directions(generator, method, count=COUNT, samples=50_000) for method in METHODS}
    sets = {method: name_directions(found, generator, judge, samples=32) for method, found in sets.items()}
    parting = parting_directions(generator, classifier)
    refined = refine_directions(generator, parting, lambda images: attribute_scores(classifier, images))
    grows = growth(generator, classifier, refined)
    print("growth", *(f"{name} {change:.2f}" for name, change in zip(refined.names, grows, strict=True)))
    sets["attributes"] = refined[[i for i, change in enumerate(grows) if change >= GROWS]]
    for method, found in sets.items():
        found.save(args.out / f"directions-{method}.safetensors")
        print(method, *(f"{name} {sure:.2f}" for name, sure in zip(found.names, found.confidences, strict=False)))


if __name__ == "__main__":
    main()
