"""What the app says about a filter: what it is worth, in sentences and in numbers, and where it is in use."""

from spaceseed.filters.filter import LatentFilter
from spaceseed.ui.avoid.learning import METHODS
from spaceseed.ui.state.avoiding import Avoiding, Learned
from spaceseed.ui.state.repairing import Repairing

REPAIRED = "Images are repaired: Avoid switches this off."


def verdict(learned: Learned) -> str:
    """Returns what a filter is worth, in sentences."""
    avoid, (bad, good) = learned.filter, learned.filter.marks
    apart = "tells generated images from real ones" if avoid.references else "tells bad from good"
    if avoid.references and (bad or good):
        apart = "has learned more than chance"
    trust = f"Do not trust it yet. {avoid.reason}" if avoid.reason else f"You can trust it: it {apart}."
    if avoid.how == "shift":
        nature = "It replaces none, and moves all a little"
    elif avoid.how == "soft":
        nature = (
            "It keeps each image with a probability, which is lower for worse ones: "
            f"of a hundred it replaces {_percent(1 - avoid.acceptance)}"
        )
    else:
        nature = f"Of a hundred images it replaces {_percent(1 - avoid.acceptance)}"
    told = f"{trust} {nature}; {_distance(avoid.kl)}."
    if bad or good:
        through = f"{_percent(avoid.coverage)} of a hundred good ones through, and {_percent(_bad_passed(avoid))}"
        told += f" It lets {through} of a hundred bad ones."
    return told


def numbers(learned: Learned) -> list[list[str]]:
    """Returns the numbers behind the verdict, as pairs of a term and a sentence."""
    avoid, chance = learned.filter, learned.filter.held_out.chance
    method = next(title for title, name in METHODS.items() if name == avoid.method)
    marked = any(avoid.marks)
    upper, lower, examples = ("bad", "good", "marks") if marked else ("generated", "real", "images")
    seldom = "in less than 1 %" if chance < 0.01 else f"in up to {chance:.0%}"
    chosen = "at some moment of marking" if marked else "by luck alone"
    kept = f"{avoid.acceptance:.0%} of all images."
    if avoid.how == "soft":
        kept = f"{avoid.acceptance:.0%} of all images; each with a probability of its own."
    rows = [
        ["Learned from", f"{examples_of(avoid)} · {method} · in {avoid.space}"],
        [f"Tells {upper} from {lower} (AUC)", f"{avoid.auc:.2f} on {examples} held out; 0.50 is chance, 1.00 perfect."],
        ["May be chance (p)", f"Without a difference {examples} look so telling {seldom} of cases, {chosen}."],
        ["Left as they are (acceptance)", kept],
        ["Change of all (KL from the prior)", f"{avoid.kl:.2f} nats: {_distance(avoid.kl)}."],
    ]
    if not marked:
        return [
            *rows,
            ["Good ones let through (coverage)", f"{avoid.coverage:.0%} of draws that look like real images."],
        ]
    return [
        *rows,
        ["Good ones let through (coverage)", f"{avoid.coverage:.0%} of those held out."],
        ["Bad ones let through", f"{_bad_passed(avoid):.0%} of those held out."],
    ]


def breed_line(avoiding: Avoiding, repairing: Repairing) -> str:
    """Returns what Breed says about the filter and the repair that it uses; "" if it uses none."""
    said = []
    if avoiding.breeds_with is not None:
        said.append(f"Fresh ones and children keep away from what you avoid{_origin(avoiding.breeds_with.filter)}.")
    if repairing.repair is not None and repairing.in_breed:
        said.append(REPAIRED)
    return " ".join(said)


def search_line(avoiding: Avoiding, repairing: Repairing) -> str:
    """Returns what Search says about the filter and the repair that it uses; "" if it uses none."""
    said = []
    if avoiding.learned is not None and avoiding.in_search:
        said.append(f"Searches keep away from what you avoid{_origin(avoiding.learned.filter)}.")
    if repairing.repair is not None and repairing.in_search:
        said.append(REPAIRED)
    return " ".join(said)


def examples_of(avoid: LatentFilter) -> str:
    """Returns what a filter learned from, in words."""
    (bad, good), marks = avoid.marks, []
    if bad or good:
        marks = [f"{bad} bad and {good} good ones"]
    if avoid.references:
        marks.append(f"{avoid.references:,} real images")
    return " and ".join(marks)


def _origin(avoid: LatentFilter) -> str:
    doubt = "" if avoid.trustworthy else ", too few to be trusted" if any(avoid.marks) else ", and not to be trusted"
    return f", learned from {examples_of(avoid)}{doubt}"


def _bad_passed(avoid: LatentFilter) -> float:
    return 1 - avoid.held_out.bad_refused


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _distance(kl: float) -> str:
    if kl < 0.5:
        return "nearly all variety is left"
    return "some variety is lost" if kl < 1.5 else "much variety is lost"
