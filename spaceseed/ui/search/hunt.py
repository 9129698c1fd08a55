"""The work of a search: it draws and judges, and tells what the page shows of it.

It knows neither the visitor nor the page, so it can be sent to a GPU that is lent (`state/gpu`).
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from spaceseed.batches import batch_size, batches
from spaceseed.evolution.find import natural_embeddings
from spaceseed.evolution.finds import Find
from spaceseed.evolution.objectives import EmbeddingObjective, WeightedSum
from spaceseed.evolution.pareto import Compromise, Front, pareto
from spaceseed.evolution.search import Generation, search
from spaceseed.evolution.wishes import WishObjective
from spaceseed.latent_space import LatentSpace
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.termination import Termination
from spaceseed.ui.kit.pictures import Jpeg, jpegs
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.shown import Round, finds_of, shown_ranks
from spaceseed.ui.search.wall import PLACES, WALL_SIDE

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge


@dataclass(frozen=True)
class Asked:
    """What is searched for.

    Attributes:
        objective: scores the images.
        phrases: the part of it that reads the words, if there are any.
    """

    objective: EmbeddingObjective
    phrases: WishObjective | None


@dataclass(frozen=True)
class Drawn:
    """Some of the first images.

    Attributes:
        count: how many were drawn.
        pictures: those of them that the wall shows, by their places in the first generation.
    """

    count: int
    pictures: dict[int, Jpeg]


@dataclass(frozen=True)
class Known:
    """All first images are drawn, and what is searched for is known.

    Attributes:
        asked: what is searched for.
        scores: of the first images, [n], by which the wall is to be sorted; None if it is sorted.
        pictures: those that the wall shows then and were not told of yet.
    """

    asked: Asked
    scores: Tensor | None
    pictures: dict[int, Jpeg]


@dataclass(frozen=True)
class Step:
    """A round.

    Attributes:
        round: the round. Pictures are those that the page shows now and did not show in the round before.
        scores: what the optimizer was told, [n] or [n, k].
        belongs_to: what the optimizer says that it searches.
    """

    round: Round
    scores: Tensor
    belongs_to: str | None


@dataclass(frozen=True)
class Hunt:
    """What to search, and from where.

    Attributes:
        space: the space to search.
        judge: scores the images.
        job: what the visitor asked for.
        optimizer: proposes vectors.
        asked: what is searched for; None if it is measured by the first images.
        others: seeds by whose images the phrases of what is asked are measured; none if the first images do that.
        rows: places in the first generation of the seeds on the wall, in its order.
        sorts: whether the wall is to be sorted by the scores.
        latest: the round come to last; None to begin.
        termination: when to end.
    """

    space: LatentSpace
    judge: "Judge"
    job: Job
    optimizer: Optimizer
    asked: Asked | None
    others: tuple[int, ...]
    rows: tuple[int, ...]
    sorts: bool
    latest: Round | None
    termination: Termination


@torch.no_grad()
def hunt(it: Hunt, cancelled: Callable[[], bool]) -> Iterator[Drawn | Known | Step]:
    """Runs a search: draws its first generation if there is none yet, and then the rounds.

    Args:
        it: what to search.
        cancelled: called before each batch of images. If it returns True, the search ends at once.

    Yields:
        what has come about.
    """
    space, asked, first = it.space, it.asked, list[Tensor]()
    if it.latest is None:
        for part in _first(it, first, cancelled):
            asked = part.asked if isinstance(part, Known) else asked
            yield part
    if asked is None:
        return
    ready = copy.copy(space)
    ready.images = lambda vectors: first.pop(0) if first else space.images(vectors)  # type: ignore[method-assign]
    scores: list[Tensor] = []
    options = {
        "space": ready,
        "termination": it.termination,
        "cancelled": cancelled,
        "evaluated": lambda _vectors, found: scores.append(found),
        "keep": jpegs,
    }
    pictured = _pictures(it.latest) if it.latest else {}
    for step in _rounds(it, asked.objective, options):
        shown = _pictures(step)
        new = {key: shown[key] for key in shown.keys() - pictured.keys()}
        yield Step(_with(step, new), torch.cat(scores), it.optimizer.belongs_to)
        pictured = shown
        scores.clear()


def _first(it: Hunt, drawn: list[Tensor], cancelled: Callable[[], bool]) -> Iterator[Drawn | Known]:
    """Draws the first generation into `drawn`. With no atlas its images also give the phrases their scale."""
    asked, at, told, rows = it.asked, 0, set[int](), set(it.rows[:PLACES])
    if it.others:
        asked = Asked(*it.job.objective(it.judge, lambda: natural_embeddings(it.space, it.judge, None, it.others)))
    for vectors in batches(it.optimizer.ask(), batch_size(it.space.generator)):
        if cancelled():
            return
        drawn.append(it.space.images(vectors))
        new = [row for row in range(at, at + len(vectors)) if row in rows]
        told |= set(new)
        yield Drawn(at := at + len(vectors), _jpegs(drawn, new))
    scores, missing = None, list[int]()
    if it.sorts:
        embeddings = torch.cat([it.judge.embed_images(images) for images in drawn])
        asked = asked or Asked(*it.job.objective(it.judge, lambda: embeddings))
        scores = asked.objective.of_embeddings(embeddings).cpu()
        best = sorted(it.rows, key=lambda row: -float(scores[row]))[:PLACES]
        missing = [row for row in best if row not in told]
    assert asked is not None
    yield Known(asked, scores, _jpegs(drawn, missing))


def _jpegs(drawn: Sequence[Tensor], rows: Sequence[int]) -> dict[int, Jpeg]:
    images = [image for batch in drawn for image in batch]
    return {row: picture for row in rows for picture in jpegs(images[row][None], WALL_SIDE)}


def _rounds(it: Hunt, objective: EmbeddingObjective, options: dict[str, Any]) -> Iterator[Round]:
    """Runs a search from where it is. With an optimizer of several scores the parts of the objective count alone."""
    generator, optimizer = it.space.generator, it.optimizer
    if optimizer.several_scores:
        assert isinstance(objective, WeightedSum)
        front = it.latest.finds if isinstance(it.latest, Front) else ()
        known = [find for find in front if find.image is not None]
        return pareto(generator, objective.parts, optimizer, known=known, **options)
    top = it.latest.top if isinstance(it.latest, Generation) else ()
    return search(generator, objective, optimizer, known=top, **options)


def filled(step: Round, before: Round | None) -> Round:
    """Returns a round that `hunt` yielded with the pictures that the round before it showed, too."""
    pictures = (_pictures(before) if before else {}) | _pictures(step)
    return _with(step, pictures)


def _pictures(step: Round) -> dict[bytes, Jpeg]:
    """Returns the pictures that the page shows of a round, by their vectors."""
    finds = [finds_of(step)[rank] for rank in shown_ranks(step)]
    return {_key(find): find.image for find in finds if find.image is not None}


def _with(step: Round, pictures: Mapping[bytes, Jpeg]) -> Round:
    """Returns the round with these pictures alone."""
    if isinstance(step, Generation):
        return replace(step, top=tuple(replace(find, image=pictures.get(_key(find))) for find in step.top))
    return replace(step, finds=tuple(replace(find, image=pictures.get(_key(find))) for find in step.finds))


def _key(find: Find | Compromise) -> bytes:
    return find.vector.numpy().tobytes()
