"""The examples: what can be asked of the models, and finds that visitors may look at first."""

import io
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict

from spaceseed.models.generators.generator import ModelCard
from spaceseed.ui.kit.files import served
from spaceseed.ui.kit.picker import STRIP, Empty

_PACKAGE = Path(__file__).parents[2]
# An installed package has the examples inside, a checkout beside it.
EXAMPLES = next((folder for folder in (_PACKAGE / "examples", _PACKAGE.parent / "examples") if folder.is_dir()), None)

SIDE = 64  # pixels of a picture that waits
KEEP_ONE = "Keep one from Breed"


class Subject(BaseModel):
    """What models draw.

    Attributes:
        words: those in a model's id or title that tell it.
        one, many: what an image shows, and several do: "face" and "faces".
        prompts: what can be asked of these models.
        avoid: what can be avoided.
        frame: how a picture must be framed for these models: "photograph" for a face as FFHQ frames it, "drawing" for
            a head as avatars have it, "" for the middle square.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    words: list[str] = []
    one: str = "image"
    many: str = "images"
    prompts: list[str] = []
    avoid: str = "a blurry broken image"
    frame: Literal["", "photograph", "drawing"] = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    subject: list[Subject]


@cache
def subjects() -> tuple[Subject, ...]:
    """Returns all subjects of subjects.toml; () where there are no examples."""
    if EXAMPLES is None:
        return ()
    with (EXAMPLES / "subjects.toml").open("rb") as file:
        return tuple(_File.model_validate(tomllib.load(file)).subject)


def subject_of(card: ModelCard | None) -> Subject:
    """Returns what a model draws: "images" where nothing more is known."""
    text = f"{card.id} {card.title}".lower() if card else ""
    return next((it for it in subjects() if any(word in text for word in it.words)), Subject())


def example_finds() -> list[Path]:
    """Returns the PNGs of finds, in the order of their names; [] where there are no examples."""
    return sorted(EXAMPLES.glob("*.png")) if EXAMPLES else []


def waiting(button: str = "", count: int = STRIP) -> Empty | None:
    """Returns what stands where finds will be: pale examples, and a button that leads to what must be done first.

    Args:
        button: what the button says; "" for no button.
        count: how many pictures.

    Returns:
        None where there are no examples.
    """
    if not example_finds():
        return None
    return Empty(served("waiting.jpg", lambda path: path.write_bytes(_strip())), count, button)


@cache
def _strip() -> bytes:
    """Returns the first examples side by side as a JPEG: one small file needs one request."""
    strip, file = Image.new("RGB", (SIDE * STRIP, SIDE)), io.BytesIO()
    for i, find in enumerate(example_finds()[:STRIP]):
        with Image.open(find) as picture:
            strip.paste(picture.convert("RGB").resize((SIDE, SIDE)), (SIDE * i, 0))
    strip.save(file, format="JPEG", quality=80)
    return file.getvalue()
