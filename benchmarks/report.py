"""Where results go, and how they are written."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
DATA = Path("runs/data")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What every study takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="so small that the figures mean nothing: does it run?")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    return parser


def save(folder: Path, name: str, figures: dict[str, Any], markdown: str) -> None:
    """Writes name.json and name.md, and prints the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    (folder / f"{name}.md").write_text(markdown)
    print(markdown)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard error of the mean, rounded; the error of one value is 0."""
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return round(float(np.mean(values)), 4), round(error, 4)
