"""Objectives of a search. They take images and return one score for each; higher is better."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.arguments import check_type
from spaceseed.errors import ArgumentError

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

MAX_PROMPT = 300


class Objective(ABC):
    """A function that scores images, with a description for recipes. A search also accepts any function of images.

    Attributes:
        prompt: the text that is searched for, if any. Recipes store it.
        judge: name of the network that scores, if any. Recipes store it.
    """

    prompt: str | None = None
    judge: str | None = None

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """Returns the scores [N] of images [N, 3, H, W] in [-1, 1]."""


class TextObjective(Objective):
    """The similarity of images to a text: the cosine of their CLIP embeddings.

    Args:
        judge: a CLIP model.
        prompt: what the images should show, 1 to 300 characters.

    Raises:
        ArgumentError: the prompt is empty, too long or not a text, or `judge` is not a CLIP model.
    """

    def __init__(self, judge: "Judge", prompt: str) -> None:
        if not hasattr(judge, "embed_images"):
            raise ArgumentError("judge", type(judge).__name__, "a CLIP model, such as load_judge returns")
        prompt = " ".join(check_type("prompt", prompt, str, "a text").split())
        if not 1 <= len(prompt) <= MAX_PROMPT:
            shown = prompt if len(prompt) <= 40 else prompt[:40] + "..."
            raise ArgumentError("prompt", shown, f"1 to {MAX_PROMPT} characters long")
        self.prompt, self.judge = prompt, judge.name
        self._judge = judge
        with torch.no_grad():
            self._wanted = judge.embed_text(prompt)

    def __call__(self, images: Tensor) -> Tensor:
        return self._judge.embed_images(images) @ self._wanted.flatten()
