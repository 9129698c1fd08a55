"""What do single units draw, what changes without them, and do repairs help? `python -m benchmarks.dissection`.

- *Layers*: how many units each class has in each layer of `avatars`, and its best overlap; from the bundled tables.
- *Units off and on*: the first 20 units of a class are switched off, and set to their mean where the class is. The
  segmenter, which also ranked the units, says how many pixels are left. The bundled classifier, which had no part in
  it, says in how many images the thing is. Random units, and units found by optimisation, are compared.
- *Repairs* of `avatars-pggan`, which draws many broken faces, from marks of a simulated *visitor*, a tenth of them
  wrong. Repairs see images through the bundled judge. What is broken in the end is said by another network
  (`benchmarks.damage`), and distances are in the features of a *witness* and of the classifier; none of them took part.
- *Cost*: time of a dissection, as a multiple of the time to draw its images.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.damage import load_detector
from benchmarks.dissection_plot import plot
from benchmarks.report import DATA, PAGES, arguments, folder, mean_and_error, save
from benchmarks.witness import load_witness
from spaceseed.batches import batch_size
from spaceseed.dissection.bundled import bundled_layers, unit_table
from spaceseed.dissection.causal import causal_effect, class_shares, optimized_units
from spaceseed.dissection.dissect import dissect
from spaceseed.dissection.repair import Repair
from spaceseed.dissection.units import UnitTable
from spaceseed.errors import DissectionError
from spaceseed.images import from_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.metrics.distances import frechet_distance
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.classifier import Classifier, load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.judges.segmenter import Segmenter, load_segmenter
from spaceseed.models.zoo.loading import load
from spaceseed.recipes.edits import UnitEdit, activation_edits
from spaceseed.training.bundled.avatars import halved, renders

FIRST_SEED = 7_000_000  # no unit was judged on these
UNITS = 20
# Classes that are switched off, and what the classifier must then see less of: an attribute, and its values without it.
CLASSES = {"glasses": ("glasses", ("none",)), "beard": ("beard", ("none",)), "hair": ("hair", ("bald",))}
WRONG = 0.1
OFFERED, TESTED = 8_000_000, 9_000_000  # first seeds of the images that are marked, and of those that are compared

Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How many images and marks count."""

    images: int = 300
    steps: int = 100
    random: int = 3
    marks: tuple[int, ...] = (30, 100, 300, 1_000)
    trials: int = 3
    compared: int = 2_000
    real: int = 5_000
    dissected: int = 200


def layers(generator: Generator) -> list[Row]:
    """Returns for each layer how many units each class has, and its best overlap."""
    rows = []
    for layer in bundled_layers(generator):
        table = unit_table(generator, layer)
        best = dict(zip(table.classes, table.iou.amax(dim=0).tolist(), strict=True))
        rows.append({"layer": layer, "units": len(table), "counted": table.counted(), "best": best})
    return rows


def best_layer(generator: Generator, name: str) -> UnitTable:
    """Returns the table of the layer whose first 20 units overlap a class most on average."""
    tables = [unit_table(generator, layer) for layer in bundled_layers(generator) if layer in generator.layers]
    return max(tables, key=lambda table: float(table.iou[list(table.top(name, UNITS)), table.place(name)].mean()))


@torch.no_grad()
def has_it(generator: Generator, classifier: Classifier, name: str, edits: Sequence[UnitEdit], count: int) -> float:
    """Returns the share of images in which the classifier sees a thing."""
    space, (attribute, without) = LatentSpace(generator, "z", 1.0), CLASSES[name]
    columns = [classifier.attributes[attribute].index(value) for value in without]
    seen = 0.0
    for vectors in space.draw(range(FIRST_SEED, FIRST_SEED + count)).split(batch_size(generator)):
        images = space.synthesize(space.ws(vectors), activation_edits(generator, edits))
        seen += float((classifier.probabilities(images)[attribute][:, columns].sum(dim=1) < 0.5).sum())
    return seen / count


def interventions(generator: Generator, segmenter: Segmenter, size: Size) -> list[Row]:
    """Returns what happens to each class without its units, and with them everywhere."""
    classifier, rows = load_classifier("avatars"), []
    for name in CLASSES:
        table = best_layer(generator, name)
        found = optimized_units(generator, segmenter, table, name, size.steps, seed=FIRST_SEED // 2)
        rng = torch.Generator().manual_seed(0)
        chosen: dict[str, list[Sequence[int]]] = {
            "overlap": [table.top(name, UNITS)],
            "optimised": [found.units[:UNITS]],
            "random": [torch.randperm(len(table), generator=rng)[:UNITS].tolist() for _ in range(size.random)],
        }
        for how, sets in chosen.items():
            results = [_without(generator, segmenter, classifier, table, name, units, size.images) for units in sets]
            means = {key: sum(result[key] for result in results) / len(results) for key in results[0]}
            rows.append({"class": name, "layer": table.layer, "how": how} | means)
            print(rows[-1], flush=True)
    return rows


def _without(
    generator: Generator,
    segmenter: Segmenter,
    classifier: Classifier,
    table: UnitTable,
    name: str,
    units: Sequence[int],
    count: int,
) -> Row:
    edits = [table.edit(units)]
    shares = class_shares(generator, segmenter, edits, count, seed=FIRST_SEED, truncation=table.truncation)
    others = [change for other, change in shares.change.items() if other != name]
    return {
        "change": shares.change[name],
        "others": sum(abs(change) for change in others) / len(others),
        "seen before": has_it(generator, classifier, name, (), count),
        "seen after": has_it(generator, classifier, name, edits, count),
        "effect": causal_effect(generator, segmenter, table, name, units, count, seed=FIRST_SEED),
    }


class Repairs:
    """Repairs of one generator, and what they are measured with."""

    def __init__(self, size: Size, args: Any) -> None:
        self.size, self.generator = size, load("avatars-pggan", device="cpu")
        self.space = LatentSpace(self.generator, "z", 1.0)
        self._judge, self._features = load_judge("avatars"), {
            "witness": load_witness().features, "classifier": load_classifier("avatars").features
        }  # fmt: skip
        self._visitor, self._breaks = load_detector("visitor"), load_detector("judge")
        drawings = halved(renders("held_out", args.data).images[: size.real])
        self._real = {name: self._look(from_uint8(drawings), see) for name, see in self._features.items()}
        count = max(size.marks) * 4
        self._offered = self.space.draw(range(OFFERED, OFFERED + count * size.trials))
        self._seems = self._look(self._images(self.space, self._offered), self._visitor) > 0.5

    def _images(self, space: LatentSpace, vectors: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([space.images(part) for part in vectors.split(batch_size(self.generator))])

    @torch.no_grad()
    def _look(self, images: Tensor, see: Any) -> Tensor:
        return torch.cat([see(part) for part in images.split(50)])

    def measured(self, repair: Repair | None) -> Row:
        """Returns what is broken, and the distances to renders."""
        images = self._images(self.space.repaired(repair), self.space.draw(range(TESTED, TESTED + self.size.compared)))
        row: Row = {"broken": float((self._look(images, self._breaks) > 0.5).double().mean())}
        for name, see in self._features.items():
            row[name] = frechet_distance(self._look(images, see), self._real[name])
        return row

    def repaired(self, marks: int, trial: int) -> tuple[Row, Repair | None]:
        """Learns from half as many bad and good marks each, of which a tenth is wrong, and measures."""
        rows = slice(trial * max(self.size.marks) * 4, (trial + 1) * max(self.size.marks) * 4)
        vectors, seems = self._offered[rows], self._seems[rows]
        rng = torch.Generator().manual_seed(trial)
        bad, good = (vectors[seems == value][: marks // 2] for value in (True, False))
        wrong = round(WRONG * marks / 2)
        swap = [torch.randperm(len(part), generator=rng)[:wrong] for part in (bad, good)]
        bad[swap[0]], good[swap[1]] = good[swap[1]].clone(), bad[swap[0]].clone()
        began = time.perf_counter()
        try:
            repair = Repair.fit(self.space, self._judge.embed_images, bad, good, seed=trial)
        except DissectionError:
            return {"found": 0.0} | self.measured(None), None
        seconds = time.perf_counter() - began
        return {"found": 1.0, "seconds": seconds, "units": repair.count} | self.measured(repair), repair


def repairs(size: Size, args: Any) -> tuple[Row, dict[str, Tensor]]:
    """Returns what repairs change, by number of marks, and images before and after one."""
    study = Repairs(size, args)
    figures: Row = {"before": study.measured(None), "after": {}}
    last = None
    for marks in size.marks:
        rows = []
        for trial in range(size.trials):
            row, repair = study.repaired(marks, trial)
            print(marks, row, flush=True)
            rows.append(row)
            last = repair or last
        figures["after"][str(marks)] = {
            name: mean_and_error([row[name] for row in rows if name in row])
            for name in ("found", "seconds", "units", "broken", "witness", "classifier")
            if any(name in row for row in rows)
        }
    if last is None:
        return figures, {}
    vectors = study.space.draw(range(TESTED, TESTED + 24))
    strips = {"as drawn": study.space.images(vectors), "repaired": study.space.repaired(last).images(vectors)}
    return figures, strips


def cost(generator: Generator, segmenter: Segmenter, size: Size) -> Row:
    """Returns how long a dissection takes, as a multiple of drawing its images."""
    space, layer = LatentSpace(generator, "z", 1.0), "b16.conv1"
    seeds = range(size.dissected + size.dissected // 4)
    with torch.no_grad():
        began = time.perf_counter()
        for part in space.draw(seeds).split(batch_size(generator)):
            space.images(part)
        drawn = time.perf_counter() - began
    began = time.perf_counter()
    table = dissect(generator, segmenter, layer, size.dissected)
    dissected = time.perf_counter() - began
    return {"layer": layer, "units": len(table), "drawn": drawn / len(seeds), "dissected": dissected / len(seeds)}


def ablated(generator: Generator, count: int) -> dict[str, Tensor]:
    """Returns images as they are, and without the units of each class."""
    space = LatentSpace(generator, "z", 0.7)
    ws = space.ws(space.draw(range(FIRST_SEED, FIRST_SEED + count)))
    strips = {"as drawn": space.synthesize(ws)}
    for name in CLASSES:
        strips[f"without {name}"] = space.synthesize(
            ws, activation_edits(generator, [best_layer(generator, name).edit(name)])
        )
    return strips


def main() -> None:
    """Measures, and writes figures, page and picture."""
    parser = arguments(__doc__)
    parser.add_argument("--data", default=DATA, type=type(DATA), help="folder of the rendered faces")
    args = parser.parse_args()
    size = Size(8, 2, 1, (20, 40), 1, 50, 100, 8) if args.quick else Size()
    generator, segmenter = load("avatars", device="cpu"), load_segmenter("avatars")
    figures: Row = {
        "units": UNITS,
        "images": size.images,
        "compared": size.compared,
        "real": size.real,
        "trials": size.trials,
        "quoted": str(size.marks[1]),
        "layers": layers(generator),
        "interventions": interventions(generator, segmenter, size),
        "cost": cost(generator, segmenter, size),
    }
    figures["repairs"], strips = repairs(size, args)
    with torch.no_grad():
        plot(ablated(generator, 24), strips, folder(args, PAGES) / "dissection.png")
    save(args, "dissection", figures)


if __name__ == "__main__":
    main()
