"""Packs a trained generator as bundled weights: half-precision safetensors, a description and a model card."""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from spaceseed.models.stylegan2 import StyleGAN2
from spaceseed.training.gan import Config, channels_up_to

CARD = {
    "title": "Avatars",
    "family": "StyleGAN2",
    "licence": "Apache-2.0",
    "source": "bundled; trained by spaceseed.training",
    "truncation": 0.7,
}


def averaged_generator(checkpoint: Path, config: Config) -> StyleGAN2:
    """Reads the averaged generator out of a training checkpoint."""
    state = torch.load(checkpoint, weights_only=True)
    channels = channels_up_to(state["resolution"])
    generator = StyleGAN2(config.z_dim, config.w_dim, channels, mapping_layers=config.mapping_layers)
    generator.load_state_dict(state["average"])
    return generator


def export(generator: StyleGAN2, folder: Path) -> None:
    """Writes `generator.safetensors` and `generator.json`, which `spaceseed.models.zoo.load` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in generator.state_dict().items()}, folder / "generator.safetensors")
    synthesis = generator.synthesis
    network = {
        "z_dim": generator.z_dim,
        "w_dim": generator.w_dim,
        "channels": {str(b): len(synthesis.block(b).conv1.bias) for b in synthesis.resolutions},
        "mapping_layers": generator.mapping.num_layers,
    }
    card = CARD | {"resolution": generator.resolution}
    (folder / "generator.json").write_text(json.dumps({"card": card, "network": network}, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    export(averaged_generator(arguments.checkpoint, Config(stages=())), arguments.folder)
