"""A trained generator as a model repository."""

import io
import itertools
from pathlib import Path

import torch

from spaceseed.errors import ArgumentError
from spaceseed.images import to_grid, to_uint8
from spaceseed.models.checkpoints import own
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.generators.labels import groups_of, labels
from spaceseed.models.zoo import loading
from spaceseed.pushing.cards import MARK, model_card
from spaceseed.pushing.repository import Content, Pushed, Repository, check_repo_id, push

FILE, SAMPLES, README = "generator.safetensors", "samples.png", "README.md"
COLUMNS, ROWS = 8, 4


def push_model(path: str | Path, repo_id: str, *, token: str | None = None, private: bool = True) -> Pushed:
    """Pushes a generator that training wrote to a model repository on the Hub, with one commit.

    The repository gets `generator.safetensors`, images of seeds 0 to 31 as `samples.png`, and a README.md with its
    licence and how to load it. Other files stay as they are, and so does a README.md that somebody else has written.
    `ss.load(f"hub:{pushed.repo}/generator.safetensors@{pushed.revision}")` loads what was pushed.

    Args:
        path: a `generator.safetensors` of `spaceseed.training`. It is loaded first, so what is damaged is not pushed.
        repo_id: "name", which belongs to the token's owner, or "owner/name". It is created if it does not exist.
        token: of whoever pushes. It is used for this call and not kept. If None, the one that `hf auth login` or
            HF_TOKEN has left on this machine.
        private: a new repository is seen by its owner alone. One that exists must not be public then.

    Returns:
        Where it is.

    Raises:
        ArgumentError: the Hub does not allow this name, or training did not write this file.
        CheckpointError: the file is damaged.
        UploadError: the Hub cannot be reached or refuses. Nothing is changed then.
    """
    check_repo_id(repo_id)
    file = Path(path) if isinstance(path, str | Path) else None
    if file is None or not file.is_file() or own.read_header(file) is None:
        raise ArgumentError("path", str(path), "a generator.safetensors that training wrote")
    generator = loading.load(file)
    card = generator.card
    assert card is not None  # it came from the zoo
    files: dict[str, Content] = {FILE: file, SAMPLES: _samples(generator, card.truncation)}

    def contents(repository: Repository) -> dict[str, Content]:
        if README in repository.sizes and MARK not in repository.read(README):
            return files
        return files | {README: model_card(repository.name, FILE, card, SAMPLES).encode()}

    return push("model", repo_id, contents, f"Add {card.title}", token=token, private=private)


def _samples(generator: Generator, truncation: float | None) -> bytes:
    """Returns a PNG of a grid of images."""
    z = latents_from_seeds(range(ROWS * COLUMNS), generator.z_dim).to(generator.device)
    rows = None
    if generator.num_classes:
        rows = torch.stack([labels(generator, *_classes(generator, number)) for number in range(len(z))])
    with torch.no_grad():
        ws = generator.map(z, rows, 1.0 if truncation is None else truncation)
        images = torch.cat([generator.synthesize(row) for row in ws.split(1)])
    file = io.BytesIO()
    to_grid(to_uint8(images), COLUMNS).save(file, format="PNG")
    return file.getvalue()


def _classes(generator: Generator, number: int) -> list[int]:
    """Returns a class of each group, another one for the next image."""
    groups = groups_of(generator)  # training writes the groups of all classes
    starts = itertools.accumulate(groups, initial=0)
    return [start + number % size for start, size in zip(starts, groups, strict=False)]
