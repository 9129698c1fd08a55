"""How strongly and how cleanly do directions change the bundled faces, at equal image change?

    python -m benchmarks.steering

Every direction is moved both ways until the pixels have changed by the same mean amount. The classifier says which
attributes have changed. It does the same for style mixing, group by group. The classifier taught some directions, and
the judge named others; each confirms those of the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.report import arguments, save
from spaceseed.directions.cache import directions_of
from spaceseed.directions.sets import DirectionSet
from spaceseed.mixing.styles import style_groups
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.classifier import Classifier, load_classifier
from spaceseed.models.judges.clip import Judge, load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.ops.styles import crossed
from spaceseed.training.bundled.directions import ATTRIBUTES, SAMPLES, attribute_scores, parting_directions

TRUNCATION = 0.7
FIRST_SEED = 4_000_000  # nothing was fitted or tuned on these
STRONGEST = 10
PAIRS = 8  # of faces that are mixed, for each face that is moved
# Mean absolute change of a pixel, of the 2 from black to white, when a face is moved from one end to the other.
CHANGE = 0.25
BISECTIONS, FURTHEST = 9, 12.0
METHODS = ("attributes", "sefa", "ganspace")  # as they are bundled
TAUGHT = ("SVM", "attributes")  # by the classifier

# What the classifier must see more of for a phrase to be confirmed; phrases that it has no word for are left out.
PHRASES = {
    "bald": ("hair", ("bald",)),
    "short hair": ("hair", ("short", "side-parted", "quiff", "pixie")),
    "long straight hair": ("hair", ("straight",)),
    "wavy hair": ("hair", ("wavy",)),
    "curly hair": ("hair", ("curly", "afro")),
    "afro": ("hair", ("afro",)),
    "bun": ("hair", ("bun",)),
    **{f"{colour} hair": ("hair_color", (colour,)) for colour in ("black", "brown", "blonde", "red", "gray", "pink")},
    "pale skin": ("skin", ("pale", "light")),
    "tan skin": ("skin", ("tan",)),
    "dark skin": ("skin", ("brown", "dark")),
    "round glasses": ("glasses", ("round",)),
    "sunglasses": ("glasses", ("sunglasses",)),
    "beard": ("beard", ("full",)),
    "stubble": ("beard", ("stubble",)),
    "moustache": ("beard", ("moustache",)),
    "smiling": ("mouth", ("smile",)),
    "serious": ("mouth", ("serious",)),
    "sad": ("mouth", ("sad",)),
    "open mouth": ("mouth", ("open",)),
    "eyes closed": ("eyes", ("closed",)),
    "winking": ("eyes", ("wink",)),
    "angry": ("brows", ("angry",)),
    "surprised": ("eyes", ("wide",)),
    "hoodie": ("clothes", ("hoodie",)),
    "blazer": ("clothes", ("blazer",)),
    "t-shirt": ("clothes", ("t-shirt",)),
    **{f"{c} background": ("background", (c,)) for c in ("blue", "green", "yellow", "pink", "purple", "white")},
}

# How the judge says `ATTRIBUTES`, where it has other words.
SAID = {"smile": "smiling", "angry brows": "angry"}


@dataclass(frozen=True)
class Faces:
    """The faces that are moved, with generator, classifier and judge."""

    generator: Generator
    classifier: Classifier
    judge: Judge
    ws: Tensor

    def moved(self, directions: DirectionSet, index: int, amount: float, keep: Sequence[int]) -> Tensor:
        """Draws all faces after a step along a direction."""
        return self.draw(directions.apply(self.ws, index, amount, keep=keep))

    def draw(self, ws: Tensor) -> Tensor:
        """Draws images of ws."""
        return torch.cat([self.generator.synthesize(part) for part in ws.split(16)]).clamp(-1, 1)

    def amount(self, directions: DirectionSet, index: int, keep: Sequence[int]) -> float:
        """Returns how far to move both ways so that the pixels change by `CHANGE`; at most `FURTHEST`."""
        low, high = 0.0, FURTHEST
        few = replace(self, ws=self.ws[:16])
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            change = few.moved(directions, index, middle, keep) - few.moved(directions, index, -middle, keep)
            low, high = (low, middle) if float(change.abs().mean()) > CHANGE else (middle, high)
        return high


def examine(faces: Faces, directions: DirectionSet, index: int, keep: Sequence[int] = ()) -> dict[str, Any]:
    """Returns what the classifier says of one direction, while the directions in `keep` stay as they are."""
    amount = faces.amount(directions, index, keep)
    more, less = (faces.moved(directions, index, side * amount, keep) for side in (1, -1))
    scores = [attribute_scores(faces.classifier, images) for images in (more, less)]
    change = {name: float((scores[0][name] - scores[1][name]).mean()) for name in ATTRIBUTES}
    name = directions.names[index]
    target = name if name in ATTRIBUTES else max(change, key=lambda k: abs(change[k]))
    total = sum(map(abs, change.values()))
    row: dict[str, Any] = {
        "name": name,
        "amount": round(amount, 2),
        "attribute": target,
        "change": round(change[target], 3),
        "share": round(abs(change[target]) / total, 3) if total else 0.0,
    }
    if directions.confidences:
        row["sure"] = round(directions.confidences[index], 2)
    witness = _witness(faces, name, named_by_judge=bool(directions.confidences))
    if witness:
        difference = witness(more) - witness(less)
        row["confirmed"] = bool(difference.mean() > 2 * difference.std() / len(difference) ** 0.5)
    return row


def _witness(faces: Faces, name: str, *, named_by_judge: bool) -> Callable[[Tensor], Tensor] | None:
    """Returns a function that scores images [N] for a name, by the network that did not give the name."""
    if not named_by_judge:
        return (lambda images: faces.judge.score(images, SAID.get(name, name))) if name in ATTRIBUTES else None
    if name not in PHRASES:
        return None
    attribute, values = PHRASES[name]
    columns = [faces.classifier.attributes[attribute].index(value) for value in values]
    return lambda images: faces.classifier.probabilities(images)[attribute][:, columns].sum(dim=1)


def examine_mixing(faces: Faces, others: Tensor) -> dict[str, dict[str, float]]:
    """Measures how often faces that take a group of styles from others also take their attributes.

    Args:
        faces: whose other styles stay.
        others: ws of as many other faces.

    Returns:
        for each group and attribute, the share of those faces that take it over, of those that had another.
    """

    def shown(ws: Tensor) -> dict[str, Tensor]:
        return {name: p.argmax(dim=1) for name, p in faces.classifier.probabilities(faces.draw(ws)).items()}

    own, theirs = shown(faces.ws), shown(others)
    taken: dict[str, dict[str, float]] = {}
    for group, layers in style_groups(faces.generator).items():
        child = shown(crossed(faces.ws, others, layers))
        differ = {name: own[name] != theirs[name] for name in own}
        taken[group] = {
            name: round(float((child[name] == theirs[name])[differ[name]].float().mean()), 3) for name in own
        }
    return taken


def random_directions(generator: Generator, count: int) -> DirectionSet:
    """Returns random directions, for comparison."""
    vectors = torch.randn(count, generator.w_dim, generator=torch.Generator().manual_seed(0))
    vectors = torch.nn.functional.normalize(vectors, dim=1)
    w = generator.map(latents_from_seeds(range(1000), generator.z_dim))[:, 0]
    return DirectionSet.of(generator, "random", vectors, tuple(f"random {i + 1}" for i in range(count)), w)


@torch.no_grad()
def main() -> None:
    """Measures and writes the results."""
    args = arguments(__doc__).parse_args()
    count, strongest, samples = (4, 2, 100) if args.quick else (64, STRONGEST, SAMPLES)
    generator = load("avatars", device="cpu")
    pairs = PAIRS * count
    z = latents_from_seeds(range(FIRST_SEED, FIRST_SEED + 2 * pairs), generator.z_dim)
    ws = generator.map(z, truncation=TRUNCATION)
    faces = Faces(generator, load_classifier("avatars"), load_judge("avatars"), ws[:count])
    bundled = {method: directions_of(generator, method) for method in METHODS}
    parting = parting_directions(generator, faces.classifier, samples)
    parting = parting[bundled["attributes"].names]
    sets = {"SVM": parting} | bundled
    sets["random"] = random_directions(generator, strongest)
    rows = {}
    for method, directions in sets.items():
        shown = range(len(directions) if method in TAUGHT and not args.quick else strongest)
        rows[method] = [examine(faces, directions, index) for index in shown]
        if method in TAUGHT:
            others = {index: [i for i in range(len(directions)) if i != index] for index in shown}
            rows[f"{method}, others kept"] = [examine(faces, directions, index, others[index]) for index in shown]
    mixing = examine_mixing(replace(faces, ws=ws[:pairs]), ws[pairs:])
    settings = {"truncation": TRUNCATION, "pixel_change": CHANGE, "attributes": len(ATTRIBUTES)}
    save(args, "steering", settings | {"faces": count, "methods": rows, "pairs": pairs, "mixing": mixing})


if __name__ == "__main__":
    main()
