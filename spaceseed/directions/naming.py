"""Names directions that were found without labels. CLIP compares what they change with phrases.

Example::

    named = name_directions(directions, G, judge, PHRASES)
    named.names[0], named.confidences[0]                  # "round glasses", 0.94
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_type
from spaceseed.batches import Progress, batch_size
from spaceseed.directions.sets import DirectionSet
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator, latents_from_seeds

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

# Phrases that describe a face.
PHRASES = (
    "bald", "short hair", "long straight hair", "wavy hair", "curly hair", "afro", "bun", "black hair", "brown hair",
    "blonde hair", "red hair", "gray hair", "pink hair", "pale skin", "tan skin", "dark skin", "round glasses",
    "sunglasses", "beard", "stubble", "moustache", "smiling", "serious", "sad", "open mouth", "eyes closed", "winking",
    "angry", "surprised", "hoodie", "blazer", "t-shirt", "blue background", "green background", "yellow background",
    "pink background", "purple background", "white background",
)  # fmt: skip


@torch.no_grad()
def name_directions(
    directions: DirectionSet,
    generator: Generator,
    judge: "Judge",
    phrases: Sequence[str] = PHRASES,
    *,
    samples: int = 16,
    amount: float = 2.5,
    truncation: float = 0.7,
    labels: Tensor | None = None,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Names each direction after the phrase that it changes most, and turns it towards more of that phrase.

    A change is measured in standard deviations of the phrase's cosine over random images. The mean change over all
    phrases is subtracted, because any change of an image affects all of them.

    Args:
        directions: the directions to name.
        generator: the generator that they belong to.
        judge: compares images with phrases.
        phrases: the vocabulary, two phrases or more.
        samples: number of test images, of the seeds from 0.
        amount: length of a step in each direction, in standard deviations.
        truncation: psi of the samples.
        labels: [num_classes], for conditional models.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        The directions with `names`, and with `confidences`: the share of the samples in which the phrase increases.

    Raises:
        ArgumentError: there are too few phrases or samples, or an argument has another type or is out of range.
        DirectionError: the directions belong to another generator.
    """
    check_type("directions", directions, DirectionSet, "a DirectionSet")
    directions.check(check_type("generator", generator, Generator, "a Generator, such as load returns"))
    if isinstance(phrases, str) or len(phrases) < 2:
        raise ArgumentError("phrases", len(phrases), "two texts or more")
    check_integer("samples", samples, 2)
    check_number("amount", amount, above=True, low=0)
    texts = judge.embed_text(list(phrases))
    z = latents_from_seeds(range(samples), generator.z_dim).to(generator.device)
    classes = None if labels is None else labels.to(generator.device).expand(samples, -1)
    ws = generator.map(z, classes, truncation)

    def cosines(styles: Tensor) -> Tensor:
        parts = styles.split(batch_size(generator))
        return (torch.cat([judge.embed_images(generator.synthesize(part)) for part in parts]) @ texts.T).cpu()

    spread = cosines(ws).std(dim=0).clamp(min=1e-6)
    vectors, names, confidences = directions.vectors.clone(), [], []
    for index in range(len(directions)):
        ends = [cosines(directions.apply(ws, index, side * amount)) for side in (1, -1)]
        change = (ends[0] - ends[1]) / spread
        change = change - change.mean(dim=1, keepdim=True)
        typical = change.median(dim=0).values
        best = int(typical.abs().argmax())
        if typical[best] < 0:
            vectors[index] *= -1
            change = -change
        names.append(phrases[best])
        confidences.append(float((change[:, best] > 0).float().mean()))
        progress((index + 1) / len(directions))
    return replace(directions, vectors=vectors, names=tuple(names), confidences=tuple(confidences))
