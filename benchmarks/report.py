"""Where results go, and how they are written.

A study measures and hands its figures to `save`. This keeps them as `benchmarks/results/NAME.json` and writes the page
`docs/results/NAME.md`. The page is made of the figures alone, by `benchmarks/pages/NAME.py`:

    TITLE                    the heading
    headline(figures)        the one figure that the README quotes
    text(figures)            paragraphs, whose numbers are taken from the figures
    tables(figures)          every figure, with a legend
"""

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
DATA = Path("runs/data")
FIGURES = ROOT / "benchmarks" / "results"
PAGES = ROOT / "docs" / "results"
QUICK = Path("runs/quick")

Figures = dict[str, Any]


def arguments(description: str | None, quick: bool = True) -> argparse.ArgumentParser:
    """Returns a parser with the options of every study; `quick` says whether there is a quick run."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(quick=False)
    if quick:
        parser.add_argument("--quick", action="store_true", help="so small that the figures mean nothing: does it run?")
    parser.add_argument(
        "--out",
        type=Path,
        help=f"folder for figures, page and plot; without it benchmarks/results and docs/results, or {QUICK} if quick",
    )
    return parser


def folder(args: argparse.Namespace, usual: Path) -> Path:
    """Returns the folder, made if need be, that a study writes to: `usual`, unless it is quick or told another."""
    chosen: Path = args.out or (QUICK if args.quick else usual)
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def save(args: argparse.Namespace, name: str, figures: Figures) -> None:
    """Writes a study's figures and its page, and prints the tables."""
    (folder(args, FIGURES) / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    # A quick run's figures mean nothing, so no text is written about them.
    (folder(args, PAGES) / f"{name}.md").write_text(tables(name, figures) if args.quick else page(name, figures))
    print(tables(name, figures))


def figures_of(name: str) -> Figures:
    """Reads the committed figures of a study."""
    figures: Figures = json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8"))
    return figures


def tables(name: str, figures: Figures) -> str:
    """Returns the tables of a study's page."""
    return str(_writer(name).tables(figures)).strip() + "\n"


def page(name: str, figures: Figures) -> str:
    """Returns the whole page of a study."""
    writer = _writer(name)
    command = f"Command: `python -m benchmarks {name}`. [All results](../index.md#results)."
    parts = (f"# {writer.TITLE}", command, writer.text(figures).strip())
    return "\n\n".join((*parts, tables(name, figures)))


def summary(name: str, figures: Figures) -> str:
    """Returns the row of a study in the README's table of results."""
    writer = _writer(name)
    return f"| [{writer.TITLE}](docs/results/{name}.md) | {writer.headline(figures)} |"


def faults(name: str) -> list[str]:
    """Compares a study's page and its row in the README with the committed figures.

    Returns:
        a sentence for each difference.
    """
    figures, found = figures_of(name), []
    expected, path = page(name, figures).splitlines(), PAGES / f"{name}.md"
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if written != expected:
        pairs = zip(written, expected, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(written), len(expected)))
        found.append(
            f"docs/results/{name}.md differs from benchmarks/results/{name}.json at line {same + 1}: "
            f"`python -m benchmarks --rewrite {name}` writes the page again."
        )
    row = summary(name, figures)
    if row not in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        found.append(f"README.md lacks this row in its table of results: {row}")
    return found


def _writer(name: str) -> Any:
    return import_module(f"benchmarks.pages.{name}")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_error(value: Sequence[float], form: str = ".2f") -> str:
    """Returns a mean and its standard error, both in this format."""
    return f"{value[0]:{form}} ± {value[1]:{form}}"


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Returns mean and standard error of the mean, rounded; the error of one value is 0."""
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return round(float(np.mean(values)), 4), round(error, 4)
