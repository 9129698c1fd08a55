"""Dissects the bundled generators: what each unit of every layer draws.

    python -m spaceseed.training.bundled.units --out spaceseed/assets/units

Layers are judged on 1,000 images. Style channels are judged on 25, because each is tried alone; layers whose styles are
the same in all images are left out. This takes about ten minutes.
"""

import argparse
from pathlib import Path

import torch

from spaceseed.dissection.bundled import UNITS
from spaceseed.dissection.dissect import dissect
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.segmenter import load_segmenter
from spaceseed.models.zoo.loading import load

MODELS = ("avatars", "avatars-pggan")
IMAGES, OF_STYLES = 1_000, 25
VARIES = 1e-3  # standard deviation of a style over draws


def styles_that_vary(generator: Generator) -> list[str]:
    """Returns the names of the styles that differ between images."""
    with torch.no_grad():
        ws = generator.map(latents_from_seeds(range(100), generator.z_dim))
        spreads = {name: generator.activations(ws, name).std(dim=0).median() for name in generator.styles}
    return [name for name, spread in spreads.items() if spread > VARIES]


def main() -> None:
    """Writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=UNITS)
    args = parser.parse_args()
    segmenter = load_segmenter("avatars")
    for model in MODELS:
        generator = load(model, device="cpu")
        folder = args.out / model
        folder.mkdir(parents=True, exist_ok=True)
        for layer in (*generator.layers, *styles_that_vary(generator)):
            table = dissect(generator, segmenter, layer, IMAGES if layer in generator.layers else OF_STYLES)
            table.save(folder / f"{layer}.safetensors")
            print(model, layer, {name: count for name, count in table.counted().items() if count}, flush=True)


if __name__ == "__main__":
    main()
