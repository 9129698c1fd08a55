"""The filter of the Avoid tab: it is learned, judged, shown and used."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.errors import FilterError
from spaceseed.filters.file import MIN_KEEP
from spaceseed.filters.filter import LatentFilter
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.faces import captioned
from spaceseed.ui.kit.files import served
from spaceseed.ui.kit.jobs import STOPPED, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import HintError, inform, warn
from spaceseed.ui.kit.numbers import is_number
from spaceseed.ui.state.avoiding import TASK, Avoiding, Learned, vectors
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.workspace import Workspace

# The first is the default: of a hundred marks or fewer none makes more (docs/results/avoidance.md).
METHODS = {
    "A plane between the averages (mean difference)": "mean",
    "A plane that parts the marks best (logistic)": "logistic",
    "A plane that allows for their spread (LDA)": "lda",
    "Round regions, by spread (covariance)": "covariance",
    "Round regions, by place and spread (quadratic)": "quadratic",
}
CURVED = ("covariance", "quadratic")
SUITED = "As suits the method"
SAMPLERS = {
    SUITED: None,
    "Change bad ones in one direction (truncate)": "truncate",
    "Draw bad ones again (reject)": "reject",
    "Move all a little (shift)": "shift",
}
MAX_REFUSED = 100 * (1 - MIN_KEEP)  # percent
FACES, FACES_SLOW = 12, 4
STEPS = 7
REACH = 3.0  # standard deviations to either side
METHOD, HOW = "Shape of what is bad (method)", "How bad ones are avoided (sampler)"
NEEDED = "Learn a filter first, or load one."


def learn(networks: Networks, visitor: Session, method: Any, how: Any, refused: Any) -> Iterator[list[Any]]:
    """Learns a filter from all marks; if that fails, the filter before stays.

    Yields:
        a line and its stop button.
    """
    name, sampler, keep = _settings(method, how, refused)
    workspace = visitor.workspace
    bad, good = workspace.avoiding.examples()
    generator = networks.generator(visitor.model)

    def work(progress: Progress) -> Learned:
        # In w ten marks do about what a thousand do in z (benchmarks/results/avoidance.md).
        space = workspace.view.space(generator, "w" if generator.has_mapping else "z")
        worse, better = vectors(space, bad), vectors(space, good)
        avoid = LatentFilter.fit(worse, better, name, how=sampler, keep=keep, space=space)
        progress(1.0)  # what was stopped meanwhile must not count
        return Learned(avoid, space, keep, bad, good)

    words = f"Learning from {len(bad)} bad and {len(good)} good ones..."
    try:
        for state in run(visitor.tasks, TASK, work, lambda _: words):
            if isinstance(state, str):
                yield busy(state)
                continue
            workspace.avoiding.take(state)
            workspace.apply_filter()
            yield idle("Learned; see what it is worth, and how it works below.")
    except StoppedError:
        yield idle(STOPPED)


def verdict(learned: Learned) -> str:
    """Returns what a filter is worth, in sentences."""
    avoid, held_out = learned.filter, learned.filter.held_out
    trust = f"Do not trust it yet. {avoid.reason}" if avoid.reason else "You can trust it: it tells bad from good."
    nature = f"Of a hundred images it replaces {_percent(1 - avoid.acceptance)}."
    if avoid.how == "shift":
        nature = "It replaces none, and moves all a little."
    passed = (
        f"It lets {_percent(avoid.coverage)} of a hundred good ones through, and {_percent(1 - held_out.bad_refused)}"
    )
    return f"{trust} {nature} {passed} of a hundred bad ones."


def numbers(learned: Learned) -> list[list[str]]:
    """Returns the numbers behind the verdict, as pairs of a term and a sentence."""
    avoid = learned.filter
    (bad, good), held_out = avoid.marks, avoid.held_out
    chance = "in less than 1 %" if held_out.chance < 0.01 else f"in up to {held_out.chance:.0%}"
    method = next(title for title, name in METHODS.items() if name == avoid.method)
    return [
        ["Learned from", f"{bad} bad and {good} good ones · {method} · in {avoid.space}"],
        ["Tells bad from good (AUC)", f"{avoid.auc:.2f} on marks held out; 0.50 is chance, 1.00 is perfect."],
        ["May be chance (p)", f"Marks without a meaning look so telling {chance} of cases, at some moment of marking."],
        ["Left as they are (acceptance)", f"{avoid.acceptance:.0%} of all images."],
        ["Good ones let through (coverage)", f"{avoid.coverage:.0%} of those held out."],
        ["Bad ones let through", f"{1 - held_out.bad_refused:.0%} of those held out."],
        ["Change of all (KL from the prior)", f"{avoid.kl:.2f} nats: {_distance(avoid.kl)}."],
    ]


def pictures(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Draws a strip from good to bad, and the images of the same seeds without and with the filter.

    Yields:
        the strip, both galleries, and a line about them, as more is drawn; nothing of it without a filter.
    """
    yield from visitor.tasks.newest(
        "avoid pictures", _pictures(networks.generator(visitor.model), visitor.workspace, visitor)
    )


def _pictures(generator: Generator, workspace: Workspace, visitor: Session) -> Iterator[list[Any]]:
    avoiding = workspace.avoiding
    if avoiding.learned is None:
        yield [[], [], [], ""]
        return
    avoid, count = avoiding.learned.filter, faces_compared(generator)
    space = workspace.view.space(generator, avoid.space)
    seeds = range(avoiding.first_seed, avoiding.first_seed + count)
    before = space.draw(list(seeds)).cpu()
    after = avoid.apply(before, keys=latents_from_seeds(seeds, generator.z_dim))
    changed = (before != after).any(dim=1).tolist()
    row, captions = along(avoid, before[0])
    words = [
        [f"seed {seed}" + (" · out" if new else "") for seed, new in zip(seeds, changed, strict=True)],
        [f"seed {seed}" + (" · new" if new else "") for seed, new in zip(seeds, changed, strict=True)],
    ]
    drawn = subject_of(generator.card).many
    told = f"{sum(changed)} of {count} {drawn} are replaced; the others are the same."
    shown, text = torch.cat([row, before, after]), [*captions, *words[0], *words[1]]
    finds = [visitor.thumbnails.show(space.recipe(vector)) for vector in shown]
    parts = slice(STEPS), slice(STEPS, STEPS + count), slice(STEPS + count, None)
    for paths in visitor.thumbnails.draw_all(space, shown, finds):
        yield [*(captioned(paths[part], text[part], finds[part]) for part in parts), told]


def along(avoid: LatentFilter, start: Tensor) -> tuple[Tensor, list[str]]:
    """Moves a latent [dims] along the direction in which the filter's score changes most.

    Returns:
        latents [7, dims] from good to bad, and words about each.
    """
    d = avoid.discriminant
    ends = torch.linspace(-REACH, REACH, 61, dtype=torch.float64)
    scores = ends[:, None] * d.linear + ends[:, None] ** 2 * d.quadratic
    k = int((scores.max(dim=0).values - scores.min(dim=0).values).argmax())
    steps = torch.linspace(float(ends[scores[:, k].argmin()]), float(ends[scores[:, k].argmax()]), STEPS)
    u = d.coordinates(start[None]).repeat(STEPS, 1)
    u[:, k] = steps.double()
    latents = d.move(start.repeat(STEPS, 1), u)
    words = ["" if allowed else "refused" for allowed in avoid.allows(latents).tolist()]
    return latents, ["good", *words[1:-1], "bad"]


def other_seeds(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Compares the next seeds."""
    avoiding = _with_filter(visitor)
    avoiding.first_seed += faces_compared(networks.generator(visitor.model))
    yield from pictures(networks, visitor)


def faces_compared(generator: Generator) -> int:
    """Returns how many images each of the two galleries shows."""
    return FACES_SLOW if is_slow(generator) else FACES


def use_in_breed(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the filter on or off for fresh images in Breed."""
    avoiding = _with_filter(visitor) if on else visitor.workspace.avoiding
    avoiding.in_breed = bool(on)
    visitor.workspace.apply_filter()
    _warn_of_chance(avoiding, on)


def use_in_search(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the filter on or off for searches."""
    avoiding = _with_filter(visitor) if on else visitor.workspace.avoiding
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


def breed_line(avoiding: Avoiding) -> str:
    """Returns what Breed says about the filter; "" if it does not use it."""
    if avoiding.breeds_with is None:
        return ""
    return f"Fresh ones keep away from what you avoid{_doubt(avoiding)}."


def search_line(avoiding: Avoiding) -> str:
    """Returns what Search says about the filter; "" if it does not use it."""
    if avoiding.learned is None or not avoiding.in_search:
        return ""
    return f"Searches keep away from what you avoid{_doubt(avoiding)}."


def _doubt(avoiding: Avoiding) -> str:
    bad, good = avoiding.learned.filter.marks if avoiding.learned else (0, 0)
    trusted = avoiding.learned is not None and avoiding.learned.filter.trustworthy
    return f", learned from {bad} bad and {good} good ones{'' if trusted else ', too few to be trusted'}"


def _with_filter(visitor: Session) -> Avoiding:
    if visitor.workspace.avoiding.learned is None:
        raise HintError(NEEDED)
    return visitor.workspace.avoiding


def _warn_of_chance(avoiding: Avoiding, on: bool) -> None:
    if on and avoiding.learned is not None and avoiding.learned.filter.reason:
        warn(f"It is in use. {avoiding.learned.filter.reason}")


def _settings(method: Any, how: Any, refused: Any) -> tuple[str, str | None, float]:
    if method not in METHODS:
        raise ValueError(f"{METHOD} must be one of {', '.join(METHODS)}.")
    if how not in SAMPLERS:
        raise ValueError(f"{HOW} must be one of {', '.join(SAMPLERS)}.")
    name, sampler = METHODS[method], SAMPLERS[how]
    if sampler == "truncate" and name in CURVED:
        raise ValueError("Only with a plane can bad ones be changed in one direction: draw them again, or move all.")
    if not is_number(refused) or not 1 <= refused <= MAX_REFUSED:
        raise ValueError(f"Strength must be from 1 to {MAX_REFUSED:.0f} %: above that nothing would be left to draw.")
    return name, sampler, 1 - refused / 100


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _distance(kl: float) -> str:
    if kl < 0.5:
        return "little, nearly all variety is left"
    return "some variety is lost" if kl < 1.5 else "much, and much variety is lost"
