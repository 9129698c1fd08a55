"""Metrics of an avatar generator: its samples against held-out renders, in features of the bundled classifier.

python -m spaceseed.training.bundled.figures --data runs/data
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from spaceseed.images import from_uint8
from spaceseed.metrics.distances import frechet_distance, precision_recall
from spaceseed.metrics.features import AVATAR_EMBEDDINGS, AVATAR_FEATURES, ClassifierFeatures, collect
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.classifier import Classifier, load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled.avatars import halved, renders
from spaceseed.training.bundled.redrawn import broken

BATCH = 100
# Seeds that were not used for tuning.
FIRST_SEED = 3_000_000
# Number of renders with bundled features, so that the app can measure without renders.
REFERENCE = 1_000
# Number of other renders with bundled embeddings, so that a filter can learn from what nothing is measured with.
EMBEDDED = 2_000
LOOKED_AT = 1_000  # number of images for the shares of broken faces and of attributes


@torch.no_grad()
def samples(generator: Generator, count: int, truncation: float) -> Tensor:
    """Returns fresh samples, [count, 3, H, W]."""
    z = latents_from_seeds(range(FIRST_SEED, FIRST_SEED + count), generator.z_dim)
    return torch.cat([generator.synthesize(generator.map(part, truncation=truncation)) for part in z.split(BATCH)])


@torch.no_grad()
def render_features(split: str, folder: Path, classifier: Classifier, count: int | None = None) -> Tensor:
    """Returns features [n, d] of the first `count` renders of a split; all if None."""
    images = from_uint8(renders(split, folder).images[:count])
    return collect(images.split(BATCH), ClassifierFeatures(classifier)).values


def compare(real: Tensor, generated: Tensor) -> dict[str, float]:
    """Measures the Frechet distance, precision and recall of generated features [m, d] against real ones [n, d]."""
    precision, recall = precision_recall(real, generated)
    distance = frechet_distance(real, generated)
    return {"frechet_distance": distance, "precision": precision, "recall": recall}


@torch.no_grad()
def shown(classifier: Classifier, images: Tensor) -> dict[str, dict[str, float]]:
    """Returns, for each attribute, the share of images [n, 3, H, W] that show each of its values; they add up to 1."""
    likeliest = [words for batch in images.split(BATCH) for words in classifier.words(batch)]
    counts = {name: Counter(words[name] for words in likeliest) for name in classifier.attributes}
    return {
        name: {value: counts[name][value] / len(images) for value in values}
        for name, values in classifier.attributes.items()
    }


@torch.no_grad()
def confidence(classifier: Classifier, images: Tensor) -> float:
    """Returns the mean probability of a classifier's own predictions for images [n, 3, H, W]."""
    sure = [p.max(dim=1).values for batch in images.split(BATCH) for p in classifier.probabilities(batch).values()]
    return float(torch.cat(sure).mean())


def balance(generator: Generator, folder: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Returns the shares of each attribute's values, in renders and in samples at truncation 1, in this order."""
    classifier = load_classifier("avatars")
    renders_show = shown(classifier, from_uint8(renders("held_out", folder).images[:LOOKED_AT]))
    samples_show = shown(classifier, samples(generator, LOOKED_AT, 1.0))
    return {
        name: {value: (share, samples_show[name][value]) for value, share in shares.items()}
        for name, shares in renders_show.items()
    }


@torch.no_grad()
def figures(generator: Generator, folder: Path) -> dict[str, dict[str, float]]:
    """Returns the table of the model card: renders against renders, then samples at several truncations."""
    classifier = load_classifier("avatars")
    real = render_features("held_out", folder, classifier)

    def row(images: Tensor) -> dict[str, float]:
        features = collect(images.split(BATCH), ClassifierFeatures(classifier)).values
        looked_at = images[:LOOKED_AT]
        seen = {"confidence": confidence(classifier, looked_at), "broken": broken(looked_at, classifier)}
        return compare(real, features) | seen

    rows = {"renders (floor)": row(from_uint8(renders("held_out_2", folder).images))}
    for truncation in (1.0, 0.85, 0.7, 0.5):
        rows[f"samples, truncation {truncation}"] = row(samples(generator, len(real), truncation))
    return rows


@torch.no_grad()
def write_reference(folder: Path) -> None:
    """Writes the classifier's features of held-out renders, and the judge's embeddings of others, by side in pixels."""
    classifier, judge = load_classifier("avatars"), load_judge("avatars", device="cpu")
    features, embeddings = {}, {}
    for images in (drawn := renders("held_out", folder).images[: REFERENCE + EMBEDDED], halved(drawn)):
        parts, others = from_uint8(images[:REFERENCE]).split(BATCH), from_uint8(images[REFERENCE:]).split(BATCH)
        side = str(images.shape[1])
        features[side] = collect(parts, ClassifierFeatures(classifier)).values.half().contiguous()
        embeddings[side] = torch.cat([judge.embed_images(part) for part in others]).half().contiguous()
    save_file(features, AVATAR_FEATURES)
    save_file(embeddings, AVATAR_EMBEDDINGS)


def main() -> None:
    """Writes the bundled features of renders. Prints the bundled generator's metrics and its shares of attributes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    args = parser.parse_args()
    write_reference(args.data)
    generator = load("avatars")
    print(json.dumps(figures(generator, args.data), indent=2))
    for name, shares in balance(generator, args.data).items():
        print(f"{name}:", ", ".join(f"{value} {of:.0%} > {to:.0%}" for value, (of, to) in shares.items()))


if __name__ == "__main__":
    main()
