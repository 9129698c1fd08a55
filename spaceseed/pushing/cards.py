"""The cards of what is pushed: README.md files with front matter that the Hub reads."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from huggingface_hub import DatasetCardData, ModelCardData

from spaceseed.models.generators.generator import ModelCard
from spaceseed.version import __version__

# A card with this line is written anew with each push; its owner removes the line to keep a text of their own.
MARK = "<!-- spaceseed writes this page anew with each push. Remove this line to keep your own text. -->"
# Licences that the Hub knows by these names; all others are "other".
LICENCES = {
    "apache-2.0", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "mit",
    "unknown",
}  # fmt: skip
SIZES = {"n<1K": 1_000, "1K<n<10K": 10_000, "10K<n<100K": 100_000}


@dataclass(frozen=True)
class Weights:
    """The weights that drew some of a dataset's images.

    Attributes:
        model: the model's id.
        sha256: of their file, hexadecimal.
        licence: an SPDX identifier if there is one.
        card: of the model, if it is known here.
    """

    model: str
    sha256: str
    licence: str
    card: ModelCard | None = None


def dataset_card(repo: str, count: int, weights: Sequence[Weights], example: str) -> str:
    """Returns the README.md of a dataset of finds.

    Args:
        repo: "owner/name".
        count: number of its images.
        weights: that drew them.
        example: path of one of its files, which the card shows how to draw again.
    """
    families = {each.card.family.lower() for each in weights if each.card}
    data = DatasetCardData(
        pretty_name=repo.partition("/")[2],
        **_licence([each.licence for each in weights]),
        tags=["spaceseed", "gan", "image", "synthetic", *sorted(families)],
        task_categories=["unconditional-image-generation"],
        size_categories=next((name for name, limit in SIZES.items() if count < limit), None),
        # Else the viewer would show the JSON files.
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": "images/*"}]}] if count else None,
    )
    rows = "\n".join(_row(each) for each in weights)
    return f"""---
{data.to_yaml()}
---

# {repo.partition("/")[2]}

{count} image{"" if count == 1 else "s"} from the latent space of {"a GAN" if len(weights) == 1 else "GANs"}, found with
spaceseed {__version__}. Each PNG has its recipe inside: everything that draws the image again. `recipes` has the same
as JSON, and `images/metadata.jsonl` says how each image was found.

## Models

What may be done with the images follows from the licence of the weights that drew them.

| model | weights | licence | terms |
| --- | --- | --- | --- |
{rows}

## Draw an image again

```python
import spaceseed as ss
from huggingface_hub import hf_hub_download
ss.Recipe.open(hf_hub_download("{repo}", "{example}", repo_type="dataset")).save("again.png")
```

The weights must have the sha256 above. On the same device the image is the same, bit for bit.

{MARK}
"""


def model_card(repo: str, file: str, card: ModelCard, samples: str) -> str:
    """Returns the README.md of a generator.

    Args:
        repo: "owner/name".
        file: path of the weights in it.
        card: of the generator.
        samples: path of a picture in it with images of seeds.
    """
    data = ModelCardData(
        **_licence([card.licence]),
        library_name="spaceseed",
        pipeline_tag="unconditional-image-generation",
        tags=["spaceseed", "gan", card.family.lower()],
    )
    psi = f", truncation={card.truncation:g}" if card.truncation is not None else ""
    call, classes = "z", ""
    if card.classes:
        classes = f"- {len(card.classes)} labels, such as {_plain(card.classes[0])}\n"
        call = f"z, ss.labels(G, {json.dumps(card.classes[0], ensure_ascii=False)}).expand(3, -1)"
    return f"""---
{data.to_yaml()}
---

# {_plain(card.title)}

A {card.family} that draws images of {card.resolution} x {card.resolution} pixels, trained with spaceseed {__version__}.

![Images of the first seeds]({samples})

- licence: {_plain(card.licence)}. {_plain(card.terms)}
- sha256 of `{file}`: `{card.sha256}`
{classes}
## Draw images

```python
import spaceseed as ss
G = ss.load("hub:{repo}/{file}@main")
z = ss.latents_from_seeds([0, 1, 2], G.z_dim)
images = G.synthesize(G.map({call}{psi}))
```

{MARK}
"""


def _row(weights: Weights) -> str:
    card = weights.card
    source = card.source if card and card.source.startswith("https://") else ""
    name = f"[{_plain(card.title)}]({source})" if card and source else _plain(card.title if card else weights.model)
    cells = (f"{name}, {_code(weights.model)}", _code(weights.sha256), _plain(weights.licence))
    return f"| {' | '.join(cells)} | {_plain(card.terms) if card else 'Not known: ask whoever made the weights.'} |"


def _licence(licences: Collection[str]) -> dict[str, Any]:
    """Returns what front matter says of licences."""
    names = sorted({licence.lower() for licence in licences})
    if all(name in LICENCES for name in names):
        return {"license": names[0] if len(names) == 1 else names}
    slug = "-".join(re.sub("[^a-z0-9.]+", "-", name).strip("-") for name in names)
    return {"license": "other", "license_name": slug[:60].strip("-.")}


def _plain(text: str) -> str:
    """Returns text that Markdown shows as it is, also in a table."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(text, quote=False))


def _code(text: str) -> str:
    """Returns text as code, also in a table."""
    return f"`{text.translate({ord('`'): None, ord('|'): None})}`"
