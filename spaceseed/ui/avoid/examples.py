"""The examples of the Avoid tab: shown, removed, and found without clicking."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.evolution.objectives import MAX_PROMPT, TextObjective
from spaceseed.filters.examples import Score, label_by, worst_of
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.classifier import Classifier, load_classifier
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.jobs import STOPPED, DownloadProgress, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import HintError, inform
from spaceseed.ui.kit.numbers import whole
from spaceseed.ui.kit.picker import Gallery, Picked, Tile
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import SEARCH, TASK, VISITOR, WORDS, Mark, vectors
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.networks import BUNDLED, FLAWED, JUDGE, Networks
from spaceseed.ui.state.prompts import about_unknown_words
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.workspace import Workspace

SHOWN, SHOWN_SLOW = 60, 8
DRAWN, DRAWN_SLOW = 300, 50  # images that words are tried on, unless the visitor wants more
MAX_DRAWN = 1_000
SHARE = 0.1
FIRST_SEEDS = 2**31
# Searches, generations, and images that each search begins with.
HUNT, HUNT_SLOW = (8, 10, 16), (3, 4, 8)
REAL, BROKEN = "a sharp, realistic picture", "a blurry, distorted, broken picture"
TITLES = {BAD: "Bad", LIKED: "Good"}
EMPTY = {BAD: "Bad: none yet.", LIKED: "Good: none yet."}


def shelves(networks: Networks, visitor: Session) -> Iterator[list[Gallery]]:
    """Draws the bad and the good examples.

    Yields:
        both, at once with the pictures that are there, and again as more are drawn.
    """
    yield from visitor.tasks.newest("avoid shelves", _shelves(networks, visitor))


def _shelves(networks: Networks, visitor: Session) -> Iterator[list[Gallery]]:
    generator, workspace = networks.generator(visitor.model), visitor.workspace
    most = SHOWN_SLOW if is_slow(generator) else SHOWN
    kinds = {kind: workspace.avoiding.of_kind(kind) for kind in (BAD, LIKED)}
    shown = {kind: dict(islice(marks.items(), most)) for kind, marks in kinds.items()}
    finds: dict[str, str] = {}
    paths: dict[str, str | None] = {}
    to_draw: list[tuple[LatentSpace, Tensor, list[str]]] = []
    for name in ("z", "w"):
        marks = {key: mark for part in shown.values() for key, mark in part.items() if mark.space == name}
        if marks:
            space = workspace.view.space(generator, name)
            points = vectors(space, list(marks.values()))
            finds |= zip(marks, [visitor.thumbnails.show(space.recipe(point)) for point in points], strict=True)
            to_draw.append((space, points, list(marks)))

    def both() -> list[Gallery]:
        return [_gallery(visitor, kind, len(kinds[kind]), part, paths, finds) for kind, part in shown.items()]

    if not to_draw:
        yield both()
    for space, points, names in to_draw:
        for drawn in visitor.thumbnails.draw_all(space, points, [finds[name] for name in names]):
            paths.update(zip(names, drawn, strict=True))
            yield both()


def remove(_: Networks, visitor: Session, picked: Picked) -> None:
    """Removes the examples that were clicked."""
    for name in picked.marks:
        visitor.workspace.avoiding.marks.pop(name, None)


def forget_all(_: Networks, visitor: Session) -> None:
    """Removes all examples; the filter learned from them stays."""
    count = len(visitor.workspace.avoiding.marks)
    visitor.workspace.avoiding.marks.clear()
    inform(f"{count} marks forgotten." if count else "There are no marks to forget.")


def find_by_words(networks: Networks, visitor: Session, text: str, count: Any) -> Iterator[list[Any]]:
    """Draws many images, and marks those that look most like a text as bad and all others as good.

    Yields:
        a line and its stop button.
    """
    wanted = " ".join(str(text or "").split())
    if not wanted:
        raise HintError("Type what bad images look like first.")
    if len(wanted) > MAX_PROMPT:
        raise ValueError(f"The text is too long: {MAX_PROMPT} characters are read at most.")
    count = whole(count, 20, MAX_DRAWN, "Images looked at")
    generator, workspace, download = networks.generator(visitor.model), visitor.workspace, DownloadProgress(JUDGE)
    first = secrets.randbelow(FIRST_SEEDS)

    def work(progress: Progress) -> tuple[Tensor, Tensor]:
        objective = TextObjective(networks.judge(visitor.model, download), wanted)
        look = partial(
            label_by,
            workspace.view.space(generator),
            partial(_unlike, generator, objective),
            range(first, first + count),
            SHARE,
        )
        return gpu.call(look, progress, gpu.seconds_to_draw(generator, count))

    bundled = networks.judge_name(visitor.model) == BUNDLED
    unknown = about_unknown_words(networks.judge(visitor.model), wanted) if bundled else ""
    yield from _found(visitor, workspace, work, download, WORDS, unknown)


def find_by_search(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Searches for images that look broken, and marks them as bad.

    Yields:
        a line and its stop button.
    """
    generator, workspace, download = networks.generator(visitor.model), visitor.workspace, DownloadProgress(JUDGE)
    runs, generations, population = HUNT_SLOW if is_slow(generator) else HUNT
    first = secrets.randbelow(FIRST_SEEDS)

    def work(progress: Progress) -> tuple[Tensor, Tensor]:
        look = partial(
            worst_of,
            workspace.view.space(generator),
            realism(networks, generator, visitor.model, download),
            range(first, first + runs * population),
            count=min(40, 5 * runs),
            runs=runs,
            generations=generations,
        )
        return gpu.call(look, progress, gpu.seconds_to_draw(generator, runs * generations * population))

    yield from _found(visitor, workspace, work, download, SEARCH)


def realism(networks: Networks, generator: Generator, model: str, download: DownloadProgress) -> Score:
    """Returns a score of how real images look.

    A classifier that knows the images rates them by how sure it is of what it sees; otherwise a judge compares words.
    """
    if networks.is_bundled(model):
        return partial(_sureness, generator, load_classifier(BUNDLED))
    judge = networks.judge(model, download)
    return partial(_difference, generator, TextObjective(judge, REAL), TextObjective(judge, BROKEN))


# Scores set the cores for the images that follow.


def _sureness(generator: Generator, classifier: Classifier, images: Tensor) -> Tensor:
    use_cores(generator)
    return torch.stack([values.max(dim=1).values for values in classifier.probabilities(images).values()]).mean(dim=0)


def _unlike(generator: Generator, objective: TextObjective, images: Tensor) -> Tensor:
    use_cores(generator)
    return -objective(images)


def _difference(generator: Generator, real: TextObjective, broken: TextObjective, images: Tensor) -> Tensor:
    use_cores(generator)
    return real(images) - broken(images)


def _found(
    visitor: Session,
    workspace: Workspace,
    work: Callable[[Progress], tuple[Tensor, Tensor]],
    download: DownloadProgress,
    by: str,
    unknown: str = "",
) -> Iterator[list[Any]]:
    def line(done: float) -> str:
        return f"Looking at images: {done:.0%}" if done else download.line

    try:
        for state in run(visitor.tasks, TASK, work, line):
            if isinstance(state, str):
                yield busy(state)
                continue
            bad, good = workspace.avoiding.add(*state, by)
            told = f"{bad} bad and {good} good ones were found; click those that are marked wrongly."
            yield idle(f"{told} {unknown}".strip())
    except StoppedError:
        yield idle(STOPPED)


def _gallery(
    visitor: Session,
    kind: int,
    count: int,
    marks: Mapping[str, Mark],
    paths: Mapping[str, str | None],
    finds: Mapping[str, str],
) -> Gallery:
    title = EMPTY[kind]
    if count:
        rest = f", {len(marks)} of them shown" if count > len(marks) else ""
        title = f"{TITLES[kind]}: {count}{rest}. Click one to forget it."
    tiles = [
        Tile(name, paths.get(name), "by you" if mark.by == VISITOR else f"by {mark.by}", find=finds[name])
        for name, mark in marks.items()
    ]
    return Gallery(title, tiles, key=f"{visitor.model} {kind}")


def placeholder(networks: Networks, model: str) -> str:
    """Returns an example of what can be typed."""
    return f"what you do not want to see, such as: {subject_of(networks.cards[model]).avoid}"


def suggests_flawed(networks: Networks, model: str) -> bool:
    """Returns whether visitors of a model are told of another that has more to avoid."""
    return model == BUNDLED and FLAWED in networks.cards


def suggestion(networks: Networks) -> str:
    """Returns what they are told; "" where there is no such model."""
    if FLAWED not in networks.cards:
        return ""
    return f"Hardly any of these is broken. The model “{networks.cards[FLAWED].title}” draws many broken ones."
