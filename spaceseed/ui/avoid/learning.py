"""The filter of the Avoid tab: it is learned, loaded and put to use."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.errors import DownloadError, FilterError
from spaceseed.filters.file import MIN_KEEP
from spaceseed.filters.filter import MIN_DRAWS, NETWORK, LatentFilter
from spaceseed.filters.looking import DRAWS, survey
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.features import real_avatar_embeddings
from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.files import served
from spaceseed.ui.kit.jobs import STOPPED, DownloadProgress, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import HintError, inform, warn
from spaceseed.ui.kit.numbers import is_number
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import TASK, Avoiding, Learned, Mark, vectors
from spaceseed.ui.state.networks import BUNDLED, FLAWED, JUDGE, Networks
from spaceseed.ui.state.session import Session

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

FROM_IMAGES, FROM_LATENTS = "From what the images show (network)", "From latents (logistic)"
METHODS = {
    FROM_IMAGES: NETWORK,
    FROM_LATENTS: "logistic",
    "From latents, by their averages (mean difference)": "mean",
    "From latents, with their spread (LDA)": "lda",
    "Round regions, by spread (covariance)": "covariance",
    "Round regions, by place and spread (quadratic)": "quadratic",
}
CURVED = ("covariance", "quadratic")
SOFT = "Keep each with a probability (soft)"
SAMPLERS = {
    SOFT: "soft",
    "Change bad ones in one direction (truncate)": "truncate",
    "Draw bad ones again (reject)": "reject",
    "Move all a little (shift)": "shift",
}
MARKS, REAL, BOTH = "Your marks", "Real images", "Both"
SOURCES = (MARKS, REAL, BOTH)
REFUSED, MAX_REFUSED = 50, 100 * (1 - MIN_KEEP)  # percent
# Images to look at where no atlas knows them; of slow models fewer. With 1,000 real images teach half of what they
# teach with 4,000. There are real images of small models only.
DRAWN, DRAWN_REAL = 1_000, DRAWS
METHOD, HOW, FROM = "How to learn (method)", "How bad ones are avoided (sampler)", "Learn from"
OTHERS = "Other ways to learn, and filters from files"
NEEDED = "Learn a filter first, or load one."


def learn(
    networks: Networks, visitor: Session, source: Any, refused: Any, method: Any, how: Any
) -> Iterator[list[Any]]:
    """Learns a filter; if that fails, the filter before stays.

    Yields:
        a line and its stop button.
    """
    name, sampler, keep = _settings(method, how, refused)
    _check_source(networks, visitor.model, source, name)
    workspace, generator = visitor.workspace, networks.generator(visitor.model)
    bad, good = (None, None) if source == REAL else workspace.avoiding.examples()
    download = DownloadProgress(JUDGE)

    def work(progress: Progress) -> Learned:
        # In w real images teach more than in z (docs/results/avoidance.md).
        space = workspace.view.space(generator, "w" if generator.has_mapping else "z").repaired(None)
        if name == NETWORK:
            judge = _judge(networks, visitor.model, download)
            if source != MARKS and not _comparable(space):
                # Truncated images differ from real ones in their variety, which is not what is bad about them.
                space = workspace.view.space(generator, space.name, truncation=1.0).repaired(None)
            avoid = _reweighted(networks, space, judge, bad, good, source != MARKS, keep, progress)
        else:
            assert bad is not None
            assert good is not None
            worse, better = vectors(space, bad), vectors(space, good)
            avoid = LatentFilter.fit(worse, better, name, how=sampler, keep=keep, space=space)
        progress(1.0)  # what was stopped meanwhile must not count
        return Learned(avoid, space, keep, bad, good)

    def line(done: float) -> str:
        if name != NETWORK or done == 1:
            return "Learning..."
        return f"Looking at images: {done:.0%}" if done else download.line

    try:
        for state in run(visitor.tasks, TASK, work, line):
            if isinstance(state, str):
                yield busy(state)
                continue
            workspace.avoiding.take(state)
            workspace.apply_filter()
            yield idle("Learned: see below what it is worth.")
    except StoppedError:
        yield idle(STOPPED)


def method_for(generator: Generator) -> str:
    """Returns the method to begin with: that of images, where they are drawn quickly."""
    return FROM_LATENTS if is_slow(generator) else FROM_IMAGES


def source_for(networks: Networks, model: str) -> str:
    """Returns the source to begin with: real images help where images are broken, not where they are disliked."""
    return BOTH if model == FLAWED and has_real_images(networks, model) else MARKS


def has_real_images(networks: Networks, model: str) -> bool:
    """Returns whether there are real images of what a model draws, as its judge sees them."""
    return networks.is_bundled(model) and networks.judge_name(model) == BUNDLED


def _judge(networks: Networks, model: str, download: DownloadProgress) -> "Judge":
    try:
        return networks.judge(model, download)
    except DownloadError as error:
        told = "The network that looks at images cannot be downloaded now"
        raise DownloadError(f"{told}: choose “{FROM_LATENTS}” under “{OTHERS}”.") from error


def _known(networks: Networks, space: LatentSpace, judge: "Judge", real: bool) -> tuple[Tensor, Tensor] | None:
    """Returns vectors of random draws, and what the judge sees in their images; None if nobody has looked at any."""
    generator = space.generator
    if real and (generator.card, space.name) in networks.surveys:
        return networks.surveys[generator.card, space.name]
    atlas, _ = networks.atlases.atlas(generator, judge, space.labels)
    if atlas is None or len(atlas) < MIN_DRAWS or (real and not _comparable(space)):
        return None
    return space.draw(atlas.seeds[:DRAWS]).cpu(), atlas.embeddings(DRAWS)


def _comparable(space: LatentSpace) -> bool:
    """Returns whether images of a space, and of the atlas, are as varied as the model can draw them."""
    card = space.generator.card
    return card is not None and card.truncation is None


def _reweighted(
    networks: Networks,
    space: LatentSpace,
    judge: "Judge",
    bad: list[Mark] | None,
    good: list[Mark] | None,
    real: bool,
    keep: float,
    progress: Progress,
) -> LatentFilter:
    generator, look = space.generator, partial(embedded, space.generator, judge)
    known = _known(networks, space, judge, real)
    if real and known is None:
        known = survey(space, look, DRAWN_REAL, progress=progress)
        networks.surveys[generator.card, space.name] = known
        progress = partial(_nearly_done, progress)
    draws = MIN_DRAWS if is_slow(generator) else DRAWN
    work = partial(
        LatentFilter.reweight,
        space,
        look,
        bad=None if bad is None else vectors(space, bad),
        good=None if good is None else vectors(space, good),
        real=real_avatar_embeddings(generator.resolution) if real else None,
        keep=keep,
        known=known,
        draws=draws,
    )
    images = len(bad or ()) + len(good or ()) + (0 if known else draws)
    return gpu.call(work, progress, gpu.seconds_to_draw(generator, images))


def _nearly_done(progress: Progress, _: float) -> None:
    """Ends the work if it was stopped; a few marks need no progress of their own."""
    progress(1.0)


def embedded(generator: Generator, judge: "Judge", images: Tensor) -> Tensor:
    """Returns what a judge sees in images [n, 3, H, W] of a generator, [n, d]."""
    use_cores(generator)  # for the images that follow
    return judge.embed_images(images)


def use_in_breed(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the filter on or off for fresh images and children in Breed."""
    avoiding = with_filter(visitor) if on else visitor.workspace.avoiding
    avoiding.in_breed = bool(on)
    visitor.workspace.apply_filter()
    _warn_of_chance(avoiding, on)


def use_in_search(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the filter on or off for searches."""
    avoiding = with_filter(visitor) if on else visitor.workspace.avoiding
    avoiding.in_search = bool(on)
    _warn_of_chance(avoiding, on)


def filter_file(visitor: Session, learned: Learned) -> str:
    """Writes the filter where the browser may fetch it; returns the path."""
    return served(f"spaceseed-filter-{visitor.model}.safetensors", learned.filter.save)


def load_filter(networks: Networks, visitor: Session, path: str | None) -> None:
    """Loads the filter of a file; if that fails, the filter before stays."""
    if path is None:
        return
    try:
        avoid = LatentFilter.open(path)
        generator = networks.generator(visitor.model)
        avoid.check(generator)
    except OSError as error:
        raise FilterError("This file cannot be read.") from error
    visitor.workspace.avoiding.take(Learned(avoid, visitor.workspace.view.space(generator, avoid.space)))
    visitor.workspace.apply_filter()
    inform("The filter of this file is in the place of the one before.")


def with_filter(visitor: Session) -> Avoiding:
    """Returns the visitor's examples and filter; asks for a filter if there is none."""
    if visitor.workspace.avoiding.learned is None:
        raise HintError(NEEDED)
    return visitor.workspace.avoiding


def _warn_of_chance(avoiding: Avoiding, on: bool) -> None:
    if on and avoiding.learned is not None and avoiding.learned.filter.reason:
        warn(f"It is in use. {avoiding.learned.filter.reason}")


def _check_source(networks: Networks, model: str, source: Any, name: str) -> None:
    if source not in SOURCES:
        raise ValueError(f"{FROM} must be one of {', '.join(SOURCES)}.")
    if source != MARKS and not has_real_images(networks, model):
        raise ValueError("There are no real images of this model here: learn from your marks.")
    if source != MARKS and name != NETWORK:
        raise ValueError(f"Latents of real images are not known: choose “{FROM_IMAGES}”, or learn from your marks.")


def _settings(method: Any, how: Any, refused: Any) -> tuple[str, str, float]:
    if method not in METHODS:
        raise ValueError(f"{METHOD} must be one of {', '.join(METHODS)}.")
    if how not in SAMPLERS:
        raise ValueError(f"{HOW} must be one of {', '.join(SAMPLERS)}.")
    name, sampler = METHODS[method], SAMPLERS[how]
    if name == NETWORK and how != SOFT:
        raise ValueError(f"What a network learned is a probability: choose “{SOFT}”, or learn from latents.")
    if sampler == "truncate" and name in CURVED:
        raise ValueError("Round regions have no one direction in which bad ones could be changed: draw them again.")
    if not is_number(refused) or not 1 <= refused <= MAX_REFUSED:
        raise ValueError(f"Strength must be from 1 to {MAX_REFUSED:.0f} %: above that nothing would be left to draw.")
    return name, sampler, 1 - refused / 100
