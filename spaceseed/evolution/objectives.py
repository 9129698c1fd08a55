"""What a search climbs: images in, one score per image out, higher is better."""

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
    """Scores images, and says for recipes how; a search takes any function of images as well.

    Attributes:
        prompt: what is searched for in words, where there is one; goes into recipes.
        judge: name of the network that scores, where there is one; goes into recipes.
    """

    prompt: str | None = None
    judge: str | None = None

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """Scores images [N, 3, H, W] in [-1, 1]; returns [N]."""


class TextObjective(Objective):
    """How well images fit a text: the cosine between the judge's embeddings of both.

    Args:
        judge: a CLIP model.
        prompt: what the images should show, 1 to 300 characters.

    Raises:
        ArgumentError: the prompt is empty, too long or no text, or the judge is none.
    """

    def __init__(self, judge: "Judge", prompt: str) -> None:
        if not hasattr(judge, "embed_images"):
            raise ArgumentError("judge", type(judge).__name__, "a CLIP model, as load_judge gives one")
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
