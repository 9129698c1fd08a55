"""What a visitor searches for: checked, and ready to begin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from spaceseed.evolution.find import objective_for
from spaceseed.evolution.objectives import EmbeddingObjective
from spaceseed.evolution.wishes import WishObjective
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.state.avoiding import Learned
from spaceseed.ui.state.view import View

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge


@dataclass(frozen=True)
class Job:
    """A search that the visitor asked for.

    Attributes:
        model: id of the model.
        view: how its images are seen; the truncation is that of the settings.
        settings: as the visitor chose them.
        ticket: the right to search.
        liked: vectors [k, dims] of images to start from; None for seeds.
        liked_space: "z" or "w": the latent space that they are of.
        avoid: the filter to keep to, if any.
        picture: [1, 3, H, W] that images should be like, if any.
    """

    model: str
    view: View
    settings: SearchSettings
    ticket: Ticket
    liked: Tensor | None = None
    liked_space: str = "z"
    avoid: Learned | None = None
    picture: Tensor | None = None

    def space(self, generator: Generator) -> LatentSpace:
        """Returns the space to search.

        Raises:
            FilterError: the filter teaches nothing there.
        """
        has_truncation = generator.card is None or generator.card.truncation is not None
        truncation = self.settings.truncation if has_truncation else 1.0
        space = self.view.space(generator, self.settings.space, truncation)
        return space if self.avoid is None else space.restricted(self.avoid.within(space))

    def relatives(self, space: LatentSpace) -> Tensor:
        """Returns vectors [n, dims] of `space`, which is searched: those of liked images, and variations of them."""
        assert self.liked is not None
        home = self.view.space(space.generator, self.liked_space)
        latents = home.latents(self.settings.relatives(self.liked, home))
        return space.from_z(latents) if home.name == "z" else space.from_w(latents)

    def objective(
        self, judge: "Judge", natural: Callable[[], Tensor]
    ) -> tuple[EmbeddingObjective, WishObjective | None]:
        """Returns the objective, and the part of it that reads the words, if there are any.

        Args:
            judge: scores the images.
            natural: returns its embeddings [n, d] of random images.
        """
        settings = self.settings
        words = objective_for(judge, settings.words, natural) if settings.words else None
        picture = objective_for(judge, self.picture, natural) if self.picture is not None else None
        objective = words or picture
        if words and picture:
            objective = (1 - settings.balance) * words + settings.balance * picture
        assert isinstance(objective, EmbeddingObjective)  # the settings refuse a search for nothing
        return objective, words if isinstance(words, WishObjective) else None
